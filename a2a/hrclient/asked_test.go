package hrclient

import (
	"slices"
	"testing"
)

// TestIdentifiers is what a question is taken to name. What is overlooked only makes fewer
// answers count.
func TestIdentifiers(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"Does jdoe work here?", nil},
		{"Does John Doe with email jdoe@staff0.com work at Staff0?", []string{"jdoe@staff0.com"}},
		{"Is E1001 an active employee? And is e1001?", []string{"E1001"}},
		{"E12 is too short, E10x no number", nil},
		{"auth0|123, please", []string{"auth0|123"}},
		{"samlp|corp|a@staff0.com", []string{"samlp|corp|a@staff0.com"}},
		{"Do jdoe@staff0.com and asmith@staff0.com work here?",
			[]string{"jdoe@staff0.com", "asmith@staff0.com"}},
		{"JDoe@staff0.com, that is jdoe@Staff0.com", []string{"JDoe@staff0.com"}},
		{"jdoe@staff0.com|asmith@staff0.com", []string{"jdoe@staff0.com", "asmith@staff0.com"}},
		{"jdoe@staff0.com/asmith@staff0.com", []string{"jdoe@staff0.com", "asmith@staff0.com"}},
		{"jdoe@staff0.com's manager", []string{"jdoe@staff0.com"}},
		{"(jdoe@staff0.com). <asmith@staff0.com>, \"bwong@staff0.com\"!",
			[]string{"jdoe@staff0.com", "asmith@staff0.com", "bwong@staff0.com"}},
		{"email=jdoe@staff0.com", []string{"jdoe@staff0.com"}},
		{"mailto:jdoe@staff0.com?subject=x", []string{"jdoe@staff0.com"}},
		{"**jdoe@staff0.com** _asmith@staff0.com_",
			[]string{"jdoe@staff0.com", "asmith@staff0.com"}},
		{"siobhan.o'sullivan@staff0.com", []string{"siobhan.o'sullivan@staff0.com"}},
		{"加藤太郎さん(tkato@staff0.com)は", []string{"tkato@staff0.com"}},
		{"メールはjdoe@staff0.comです", []string{"jdoe@staff0.com"}},
		{"r&d@staff0.com", []string{"r&d@staff0.com"}},
		{"jd\u200boe@staff0.com", []string{"jd\u200boe@staff0.com"}},
		{"jdoе@staff0.com with a Cyrillic letter", []string{"jdoе@staff0.com"}},
		{"E1001 (jdoe@staff0.com)", []string{"E1001", "jdoe@staff0.com"}},
		{"@jdoe", nil},
		{"", nil},
	} {
		if got := Identifiers(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestAskedAbout(t *testing.T) {
	for _, tt := range []struct {
		why      string
		messages []string
		about    string
		answer   string
		want     bool
	}{
		{"the identifier", []string{"Does jdoe@staff0.com work here?"}, "",
			"jdoe@staff0.com", true},
		{"in other letters of ASCII", []string{"Does jdoe@staff0.com work here?"}, "",
			"JDOE@Staff0.com", true},
		{"in a letter that is another in Unicode", []string{"Does k@staff0.com work here?"}, "",
			"\u212a@staff0.com", false},
		{"a part of it", []string{"Does jdoe@staff0.com work here?"}, "", "doe@staff0.com", false},
		{"a word beside it", []string{"Does jdoe@staff0.com work here?"}, "", "here", false},
		{"a word, where there is no identifier", []string{"Does jdoe work here?"}, "",
			"jdoe", true},
		{"a part of a word", []string{"Does jdoe work here?"}, "", "e", false},
		{"the word of a genitive", []string{"What is jdoe's status?"}, "", "jdoe", true},
		{"a word that Japanese is glued to", []string{"jdoeさんは社員ですか"}, "", "jdoe", true},
		{"two words", []string{"Does jdoe work here?"}, "", "jdoe work", false},
		{"nobody", []string{"Does jdoe work here?"}, "", "", false},
		{"the latest message decides", []string{"Does asmith@staff0.com work here?",
			"jdoe@staff0.com"}, "", "asmith@staff0.com", false},
		{"the latest that names one", []string{"Does jdoe@staff0.com work here?", "Yes, that one."},
			"", "jdoe@staff0.com", true},
		{"a word of an older message", []string{"Does asmith work here?", "jdoe"}, "",
			"asmith", false},
		{"several", []string{"jdoe@staff0.com or asmith@staff0.com"}, "", "jdoe@staff0.com", false},
		{"several, and one is said", []string{"jdoe@staff0.com or asmith@staff0.com"},
			"jdoe@staff0.com", "jdoe@staff0.com", true},
		{"several, and the other is said", []string{"jdoe@staff0.com or asmith@staff0.com"},
			"asmith@staff0.com", "jdoe@staff0.com", false},
		{"nothing was said", nil, "", "jdoe", false},
	} {
		if got := readAsked(tt.messages, tt.about).matches(tt.answer); got != tt.want {
			t.Errorf("%s: %v", tt.why, got)
		}
	}
}
