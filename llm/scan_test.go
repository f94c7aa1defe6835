package llm

import (
	"regexp"
	"strings"
	"testing"
)

func newReader() *Reader {
	return &Reader{Company: "Staff0", Domains: []string{"staff0.com"}}
}

// The form of an identifier decides alone; each row is one text and what of it
// is the person.
func TestIdentifierIsTheWholeRun(t *testing.T) {
	for _, c := range []struct{ name, written, identifier, person string }{
		{"a trailing full stop is the sentence's", "jdoe@staff0.com.", "jdoe@staff0.com",
			"jdoe@staff0.com"},
		{"brackets and a comma", "(jdoe@staff0.com),", "jdoe@staff0.com", "jdoe@staff0.com"},
		{"full-width brackets", "（jdoe@staff0.com）", "jdoe@staff0.com", "jdoe@staff0.com"},
		{"a possessive", "jdoe@staff0.com's", "jdoe@staff0.com", "jdoe@staff0.com"},
		{"a mailto link with a query", "mailto:jdoe@staff0.com?subject=Hi", "jdoe@staff0.com",
			"jdoe@staff0.com"},
		{"upper case is kept as written", "JDoe@Staff0.COM", "JDoe@Staff0.COM", "jdoe@staff0.com"},
		{"a plus address is another mailbox", "jdoe+x@staff0.com", "jdoe+x@staff0.com",
			"jdoe+x@staff0.com"},
		{"a leading underscore belongs to the mailbox", "_jdoe@staff0.com", "_jdoe@staff0.com",
			"_jdoe@staff0.com"},
		{"underscores on both sides are markdown", "_jdoe@staff0.com_", "jdoe@staff0.com",
			"jdoe@staff0.com"},
		{"an apostrophe inside", "o'sullivan@staff0.com", "o'sullivan@staff0.com",
			"o'sullivan@staff0.com"},
		{"a curly apostrophe inside is not folded", "o’sullivan@staff0.com",
			"o’sullivan@staff0.com", "o’sullivan@staff0.com"},
		{"a longer domain", "jdoe@staff0.com.evil.example", "jdoe@staff0.com.evil.example",
			"jdoe@staff0.com.evil.example"},
		{"a letter glued to the domain", "jdoe@staff0.comé", "jdoe@staff0.comé",
			"jdoe@staff0.comé"},
		{"the Kelvin sign is no k", "t\u212aato@staff0.com", "t\u212aato@staff0.com",
			"t\u212aato@staff0.com"},
		{"the dotted capital I is no i", "\u0130jdoe@staff0.com", "\u0130jdoe@staff0.com",
			"\u0130jdoe@staff0.com"},
		{"a full-width dot joins", "x．jdoe@staff0.com", "x．jdoe@staff0.com", "x．jdoe@staff0.com"},
		{"an invisible character inside", "jd\u200boe@staff0.com", "jd\u200boe@staff0.com",
			"jd\u200boe@staff0.com"},
		{"invisible characters around", "\u2068jdoe@staff0.com\u2069", "jdoe@staff0.com",
			"jdoe@staff0.com"},
		{"two at signs", "jdoe@staff0.com@evil.example", "jdoe@staff0.com@evil.example",
			"jdoe@staff0.com@evil.example"},
		{"an employee number in lower case", "e1001", "e1001", "e1001"},
		{"an employee number in quotes", "\"E1001\"", "E1001", "e1001"},
		{"a subject", "auth0|JDoe", "auth0|JDoe", "auth0|jdoe"},
		{"a bare user name", "jdoe", "jdoe", "jdoe@staff0.com"},
		{"a handle", "@jdoe", "jdoe", "jdoe@staff0.com"},
		{"bare digits behind employee number", "employee number 1001", "1001", "1001"},
	} {
		q := newReader().Read(t.Context(), []string{"Is " + c.written + " employed at Staff0?"})
		if q.Outcome != Answerable || q.Identifier != c.identifier || q.Person != c.person {
			t.Errorf("%s: %q: %v %q %q", c.name, c.written, q.Outcome, q.Identifier, q.Person)
		}
	}
}

// What only looks like an identifier is never folded into one, and a single capitalised word is a
// name that lacks its other half.
func TestLookAlikesAskBack(t *testing.T) {
	for _, written := range []string{"Ｅ１００１", "jdoe at staff0 dot com", "jdoe[at]staff0[dot]com",
		"jdoe@", "@staff0.com", "E-1001", "1001", "Jdoe", "E10", "jdoe."} {
		q := newReader().Read(t.Context(), []string{"Is " + written + " employed at Staff0?"})
		if q.Outcome == Answerable && written != "jdoe." {
			t.Errorf("%q: %+v", written, q)
		}
	}
}

// Another at sign makes another address, which nobody has.
func TestLookAlikesAreThemselves(t *testing.T) {
	q := newReader().Read(t.Context(), []string{"Is jdoe＠staff0.com employed at Staff0?"})
	if q.Person != "jdoe＠staff0.com" && q.Outcome == Answerable {
		t.Errorf("%+v", q)
	}
}

// Different spellings are different people, and the question back names them as they are written.
func TestDifferentSpellingsAreTwoPersons(t *testing.T) {
	for text, which := range map[string]string{
		"Is jdoe＠staff0.com, jdoe@staff0.com, employed?": "jdoe＠staff0.com jdoe@staff0.com",
		"Is jdoe@staff0.com (JDOE@STAFF0.COM, j.doe@staff0.com) employed?": "jdoe@staff0.com " +
			"j.doe@staff0.com",
		"Is E1001 (auth0|jdoe) employed?":                      "E1001 auth0|jdoe",
		"Are a@staff0.com|b@staff0.com employed?":              "a@staff0.com b@staff0.com",
		"Are a@staff0.com&b@staff0.com employed?":              "a@staff0.com b@staff0.com",
		"Are E1001-E1003 employed?":                            "E1001 E1003",
		"Does E1001 or jdoe@staff0.com work for you?":          "E1001 jdoe@staff0.com",
		"Employed? E1001, E1002, jdoe@staff0.com":              "E1001 E1002 jdoe@staff0.com",
		"Does jdoe@staff0.com or jdoe@other.example work here": "jdoe@staff0.com jdoe@other.example",
	} {
		q := newReader().Read(t.Context(), []string{text})
		if q.Outcome != AskWhich || strings.Join(q.Which, " ") != which {
			t.Errorf("%q: %+v", text, q)
		}
	}
}

// Text around an identifier that nothing separates from it: labels, tags, entities, Japanese.
func TestWhatTouchesAnIdentifier(t *testing.T) {
	for _, text := range []string{
		"employment_check mail=jdoe@staff0.com", "employed? email:jdoe@staff0.com;",
		"<p>Is <b>jdoe@staff0.com</b> employed?</p>",
		`<check><type>employment</type><employee email="jdoe@staff0.com"/></check>`,
		`<a href='mailto:jdoe@staff0.com?subject=x'>John</a> employed?`,
		"Is&nbsp;jdoe@staff0.com&nbsp;employed?",
		"Is **jdoe@staff0.com** employed?", "Is `jdoe@staff0.com` employed?",
		"Is [jdoe@staff0.com](mailto:jdoe@staff0.com) employed?",
		"| employed? | jdoe@staff0.com |", "メールはjdoe@staff0.comです。社員ですか。",
		"Is \u201cjdoe@staff0.com\u201d employed?", "Is «jdoe@staff0.com» employed?",
		"Is <jdoe@staff0.com> employed?", "employed=jdoe@staff0.com",
		"employed(\"jdoe@staff0.com\")",
	} {
		q := newReader().Read(t.Context(), []string{text})
		if q.Outcome != Answerable || q.Person != "jdoe@staff0.com" {
			t.Errorf("%q: %+v", text, q)
		}
	}
}

// What an employee number looks like is the operator's to say; digits alone take a label.
func TestEmployeeNumbers(t *testing.T) {
	six := regexp.MustCompile(`(?i)^(?:[0-9]{6}|EMP-[0-9]+)$`)
	for text, want := range map[string]string{
		"Is employee number 123456 employed?":           "123456",
		"Is the person with employee id 1002 employed?": "1002", // behind a label, whatever it is
		"Is emp-77 employed at Staff0?":                 "emp-77",
		"Is 123456 employed at Staff0?":                 "",
		"Is E1001 employed at Staff0?":                  "",
	} {
		r := newReader()
		r.Number = six
		if q := r.Read(t.Context(), []string{text}); q.Person != want {
			t.Errorf("%q: %+v", text, q)
		}
	}
}

// Ours are the domains that are listed, and no others below them.
func TestDomains(t *testing.T) {
	r := newReader()
	r.Domains = []string{"staff0.com", "Staff0.Example"}
	for text, want := range map[string]string{
		"Employment check.\n\njdoe@staff0.example":     "jdoe@staff0.example",
		"Employment check.\n\njdoe@mail.staff0.com":    "",
		"Employment check.\n\njdoe@staff0.example.org": "",
		"Does jdoe work here?":                         "jdoe@staff0.com",
	} {
		if q := r.Read(t.Context(), []string{text}); q.Person != want {
			t.Errorf("%q: %+v", text, q)
		}
	}
}
