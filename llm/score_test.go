package llm

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// line is a question with what must come of it, by the contract of design §5.
type line struct {
	Question string   `json:"question"`
	Texts    []string `json:"texts"`
	Outcome  string   `json:"outcome"`
	Reason   string   `json:"reason"`
	Person   string   `json:"person"`
	Rules    []string `json:"rules"` // accepted without a model; nil is Outcome alone
	Or       []string `json:"or"`    // as good with a model
	Topic    string   `json:"topic"`
	Kind     string   `json:"kind"`
	Lang     string   `json:"lang"`
	// Debatable says why the line is not scored.
	Debatable any `json:"debatable"`
}

func (l *line) texts() []string {
	if l.Texts != nil {
		return l.Texts
	}
	return []string{l.Question}
}

// good reports whether the asker deserves an answer.
func (l *line) good() bool { return l.Outcome != "ask" && l.Outcome != "reject" }

// accepts are the outcomes that are right.
func (l *line) accepts(model bool) []string {
	switch {
	case model:
		return append([]string{l.Outcome}, l.Or...)
	case l.Rules != nil:
		return l.Rules
	}
	return []string{l.Outcome}
}

func readLines(t testing.TB, file string) (lines []line) {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var l line
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// sample are the sample people: their names, and whether they work at Staff0.
var sample = map[string]struct {
	name   string
	active bool
}{
	"jdoe@staff0.com": {"John Doe", true}, "e1001": {"John Doe", true},
	"auth0|jdoe":        {"John Doe", true},
	"asmith@staff0.com": {"Alice Smith", true}, "e1002": {"Alice Smith", true},
	"auth0|asmith":     {"Alice Smith", true},
	"bwong@staff0.com": {"Ben Wong", false}, "e1003": {"Ben Wong", false},
	"auth0|bwong":        {"Ben Wong", false},
	"mgarcia@staff0.com": {"María García", true}, "e1004": {"María García", true},
	"auth0|mgarcia":                 {"María García", true},
	"siobhan.o'sullivan@staff0.com": {"Siobhán O'Sullivan", true},
	"e1006":                         {"Siobhán O'Sullivan", true},
	"tkato@staff0.com":              {"加藤 太郎", true}, "e1005": {"加藤 太郎", true},
	"auth0|tkato":      {"加藤 太郎", true},
	"casey@staff0.com": {"Casey Contractor", false},
}

// becomes is what the agent makes of what was read, when everybody approves.
func becomes(q Question) string {
	switch q.Outcome {
	case Answerable:
		who, ok := sample[q.Person]
		switch {
		case !ok:
			return "not_confirmed"
		case !who.active:
			return "no"
		case q.Name != "" && !sameName(q.Name, who.name):
			return "name_mismatch"
		}
		return "yes"
	case OtherTopic, TooLong:
		return "reject"
	}
	return "ask"
}

// sameName is a rough form of the comparison of package hragent.
func sameName(a, b string) bool {
	if cjk(firstRune(a)) != cjk(firstRune(b)) {
		return true
	}
	in := func(x, y string) bool {
		have := strings.FieldsFunc(fold(y), nameMark)
		for _, w := range strings.FieldsFunc(fold(x), nameMark) {
			if len(w) > 1 && !slices.Contains(have, w) {
				return false
			}
		}
		return true
	}
	return in(a, b) || in(b, a)
}

func nameMark(r rune) bool { return strings.ContainsRune(" .,'’-", r) }

// score counts what became of lines.
type score struct {
	lines, right, good, bad      int
	askedBack, refused, prompted int
	person                       int
}

func (s *score) String() string {
	return fmt.Sprintf(
		"%3d lines, %3d right (%.1f %%); of %d good ones: %d asked back, %d refused; of %d "+
			"others: "+
			"%d prompted; wrong person: %d", s.lines, s.right,
		100*float64(s.right)/float64(max(s.lines, 1)),
		s.good, s.askedBack, s.refused, s.bad, s.prompted, s.person)
}

func scored(t *testing.T, file string, model func(*line, *Reader)) *score {
	t.Helper()
	total, by := &score{}, map[string]*score{}
	for _, l := range readLines(t, file) {
		if l.Debatable != nil {
			continue
		}
		r := &Reader{Company: "Staff0", Domains: []string{"staff0.com"}}
		if model != nil {
			model(&l, r)
		}
		q := r.Read(context.Background(), l.texts())
		got := becomes(q)
		accepted := l.accepts(model != nil)
		ok := slices.Contains(accepted, got)
		wrong := q.Outcome == Answerable && l.Person != "" && q.Person != l.Person ||
			q.Outcome == Answerable && l.Person == "" && l.Outcome == "ask"
		if wrong || !ok {
			t.Logf("%s %s %s: got %s %s %q, want %v %s\n\t%.200q", file, l.Kind, l.Lang, got,
				q.Person,
				q.Name, accepted, l.Person, l.texts())
		}
		for _, s := range []*score{total, of(by, "kind "+l.Kind), of(by, "lang "+l.Lang)} {
			s.count(&l, q, got, ok && !wrong, wrong, accepted)
		}
	}
	t.Logf("%s: %v", file, total)
	for _, k := range slices.Sorted(maps.Keys(by)) {
		t.Logf("  %-16s %v", k, by[k])
	}
	return total
}

func of(by map[string]*score, key string) *score {
	if by[key] == nil {
		by[key] = &score{}
	}
	return by[key]
}

func (s *score) count(l *line, q Question, got string, right, wrong bool, accepted []string) {
	s.lines++
	if right {
		s.right++
	}
	if wrong && q.Outcome == Answerable {
		s.person++
	}
	if l.good() {
		s.good++
		switch {
		case got == "ask" && !slices.Contains(accepted, "ask"):
			s.askedBack++
		case got == "reject":
			s.refused++
		}
		return
	}
	s.bad++
	if q.Outcome == Answerable && !right {
		s.prompted++
	}
}

// The rules alone. No line that deserves an answer is refused, and nobody is asked about who is not
// meant. Asked back are few of those whose lines do not allow it, and prompted few that ask for
// something else.
func TestExamplesByRules(t *testing.T) {
	for _, file := range []string{"examples.jsonl", "contract.jsonl", "asked.jsonl"} {
		s := scored(t, file, nil)
		if s.person > 0 || s.refused > 0 || s.askedBack*10 > s.good || s.prompted*33 > s.bad {
			t.Errorf("%s: %v", file, s)
		}
	}
}

// What banks, landlords, visa offices and recruiters write is mostly answered by the rules alone,
// though asking back would be no fault.
func TestMostAskersAreAnsweredByRules(t *testing.T) {
	answered, good := 0, 0
	for _, l := range readLines(t, "asked.jsonl") {
		if l.good() {
			good++
			if newReader().Read(t.Context(), l.texts()).Outcome == Answerable {
				answered++
			}
		}
	}
	t.Logf("%d of %d answered", answered, good)
	if answered*100 < good*95 {
		t.Errorf("%d of %d", answered, good)
	}
}

// Questions that were labelled before anything had read them, for which nothing was written. The
// second file is by somebody who has seen nothing but the contract.
func TestFreshQuestions(t *testing.T) {
	for _, file := range []string{"fresh.jsonl", "fresh2.jsonl"} {
		answered := 0
		for _, l := range readLines(t, file) {
			if l.good() && newReader().Read(t.Context(), l.texts()).Outcome == Answerable {
				answered++
			}
		}
		s := scored(t, file, nil)
		t.Logf("%d of %d good ones answered", answered, s.good)
		if s.person > 0 || s.refused*50 > s.good || s.prompted*20 > s.bad ||
			answered*100 < s.good*80 {
			t.Errorf("%s by the rules: %v, %d answered", file, s, answered)
		}
		n := 0
		s = scored(t, file, func(l *line, r *Reader) {
			n++
			r.Model = &knowing{t: t, line: l, n: n}
		})
		if s.person > 0 || s.right*100 < s.lines*95 {
			t.Errorf("%s with a model: %v", file, s)
		}
	}
}
