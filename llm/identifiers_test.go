package llm

import "testing"

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

// What only looks like an identifier is never folded into one.
func TestLookAlikesAskBack(t *testing.T) {
	for _, written := range []string{"jdoe＠staff0.com", "Ｅ１００１", "jdoe at staff0 dot com",
		"jdoe[at]staff0[dot]com", "jdoe@", "E-1001", "1001", "Jdoe"} {
		q := newReader().Read(t.Context(), []string{"Is " + written + " employed at Staff0?"})
		if q.Outcome != Ask {
			t.Errorf("%q: %+v", written, q)
		}
	}
}

// A look-alike beside a real identifier is still a second person.
func TestDifferentSpellingsAreTwoPersons(t *testing.T) {
	for _, text := range []string{"Is jdoe＠staff0.com, jdoe@staff0.com, employed?",
		"Is jdoe@staff0.com (JDOE@STAFF0.COM, j.doe@staff0.com) employed?",
		"Is E1001 (auth0|jdoe) employed?"} {
		if q := newReader().Read(t.Context(), []string{text}); q.Outcome != Refuse {
			t.Errorf("%q: %+v", text, q)
		}
	}
}
