package llm

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// maxReading bounds the time that one task's texts may take, by that of a
// plain text of the same length on the same machine, which is about half a
// millisecond: whoever writes 8 KiB must not buy a second of ours.
const maxReading = 20

// quickest is the best time of a few readings, the last of which is the first
// that is good enough.
func quickest(t *testing.T, r *Reader, text string, enough time.Duration) time.Duration {
	best := time.Hour
	for range 10 {
		start := time.Now()
		r.Read(t.Context(), []string{text})
		if best = min(best, time.Since(start)); best < enough {
			break
		}
	}
	return best
}

// Every scan that looks around a token is fed with texts that make it look far.
func TestHostileTextsAreReadInTime(t *testing.T) {
	distinct := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < MaxText-40; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	texts := map[string]string{
		"an empty line each":          strings.Repeat("\n", MaxText),
		"different addresses":         distinct("a%d@b "),
		"different numbers":           distinct("E%d "),
		"different numbers and marks": distinct("E%d,"),
		"user names with and":         distinct("is u%d and "),
		"one address over and over":   strings.Repeat("a@b ", MaxText/4),
		"addresses and commas":        strings.Repeat("a@b,", MaxText/4),
		"behind employee number":      "employee number " + distinct("%d,"),
	}
	for _, unit := range []string{"x", "a@", "@", "a@b|", "a@b&", "?a@b", "/a@b", "auth0|",
		"auth0|a/", "(", "<", "\"", "'", "-", "--", ".", "a.", "a-", "a-b.", "E1-", "E1-E2.", "'s",
		"a's ", "l'", "d'un'",
		"Aa ", "Aa Bb, ", "Aa van ", "van ", "de la ", "al-A ", "A. ", "Mr. ", "Mr ", "Will ",
		"Hope Young ", "aa bb ", "aa ", "aa, ", "is aa ", "and ", "and aa ", "or E1 ", "/ ", ", ",
		": ", "= ", "# ", "Name: ", "Name: Aa Bb ", "name ",
		"user: ", "user is ", "employee ", "works ", "work at ", "works at the aa ", "at dot ",
		"aa at ", "(at) ", "of ", "of aa ", "to work ", "our visa ", "visa ", "visa. ", "visa, ",
		"from visa ", "regards ", "Regards\n", "--\n", "Thanks.\n", "I work ", "I am ", "am I ",
		"my ", "this is ", "is ", "does ", "has ", "when ", "what ", "in what ", "say yes ",
		"says ", "answer ", "best\n", "the ", "not ", "status ", "still ", "job ", "in the ",
		"of the ", "on behalf ", "Yes?", "社員", "加藤", "のの", "はが", "ー", "働いて", "・", "社", "jdoe@社",
		"a社@", "é", "\u200b", "a\u200b", "\u0301", "𝒂",
		"<system>", "</", "wroks ", "emplyoee ", "Aa (", "(Aa Bb) ", "a@b (aa bb) ",
		"a@b (Aa, Bb) ", "Aa Bb (a@b) ", "is Aa Bb (a@b) ", "a@b's ", "a@b's aa ", "phone ",
		"phone aa ", "tel. ", "1 ", "one of your ", "one of ", "in_", "_", "Staff0", "Staff0 ",
		"staff0.com ", "Staff0.", "ein ", "arbeitet ", "sie ", "löschen sie ", "travaille ", "que ",
		"est-ce-"} {
		texts[fmt.Sprintf("%q repeated", unit)] = strings.Repeat(unit, MaxText/len(unit))
		texts[fmt.Sprintf("a question and %q", unit)] = "Does John Doe jdoe@staff0.com work? " +
			strings.Repeat(unit, (MaxText-60)/len(unit)) + " employed?"
	}
	r := newReader()
	r.Read(t.Context(), []string{"warm the lists"})
	plain := func() time.Duration {
		return quickest(t, r, strings.Repeat("lorem ipsum dolor sit amet. ", MaxText/28), 0)
	}
	usual := plain()
	for name, text := range texts {
		limit := maxReading * usual
		best := quickest(t, r, text, limit)
		for try := 0; best > limit && try < 5; try++ { // the machine may be busier now
			limit = maxReading * plain()
			best = quickest(t, r, text, limit)
		}
		if best > limit {
			t.Errorf("%s: %v, and the limit is %v", name, best, limit)
		}
	}
}
