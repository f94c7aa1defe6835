package llm

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// line is one line of the corpora in testdata. questions.jsonl is the shared
// list of outcomes seen from the asker; more.jsonl holds the same kinds in all
// languages, askers.jsonl what banks, landlords, visa offices, recruiters and
// journalists write, with the messages of one task in "texts" and the full name read
// for the person in "name".
type line struct {
	Question string   `json:"question"`
	Texts    []string `json:"texts"`
	Outcome  string   `json:"outcome"`
	Person   string   `json:"person"`
	Name     *string  `json:"name"`
	file     string
}

func (l *line) texts() []string {
	if l.Texts != nil {
		return l.Texts
	}
	return []string{l.Question}
}

// outcome is what reading alone can tell: whether the person works here is
// found out later.
func (l *line) outcome() Outcome {
	switch l.Outcome {
	case "ask":
		return Ask
	case "reject", "refuse":
		return Refuse
	}
	return Answerable
}

// number2address maps what a directory will find, for the lines that name the
// person by another identifier than the one written.
var number2address = map[string]string{"e1001": "jdoe@staff0.com", "e1002": "asmith@staff0.com",
	"e1003": "bwong@staff0.com"}

func corpus(t testing.TB) []line {
	var lines []line
	for _, file := range []string{"testdata/questions.jsonl", "testdata/more.jsonl",
		"testdata/askers.jsonl"} {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		sc := bufio.NewScanner(f)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			if strings.TrimSpace(sc.Text()) == "" {
				continue
			}
			l := line{file: file}
			if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
				t.Fatalf("%s: %v: %s", file, err, sc.Text())
			}
			lines = append(lines, l)
		}
		f.Close()
	}
	return lines
}

func newReader() *Reader { return &Reader{Company: "Staff0", Domain: "staff0.com"} }

func TestRulesReadTheCorpus(t *testing.T) {
	r := newReader()
	for _, l := range corpus(t) {
		q := r.Read(t.Context(), l.texts())
		if q.Outcome != l.outcome() {
			t.Errorf("%q: %v (%s), want %s", l.texts(), q.Outcome, q.Person, l.Outcome)
			continue
		}
		if q.Outcome != Answerable {
			if q != (Question{Outcome: q.Outcome}) {
				t.Errorf("%q: %+v names somebody although it is not answerable", l.texts(), q)
			}
			continue
		}
		want := l.Person
		if l.file == "testdata/questions.jsonl" && number2address[q.Person] == want {
			want = q.Person
		}
		if want != "" && q.Person != want {
			t.Errorf("%q: person %q, want %q", l.texts(), q.Person, want)
		}
		if l.Name != nil && q.Name != *l.Name {
			t.Errorf("%q: name %q, want %q", l.texts(), q.Name, *l.Name)
		}
		if !strings.Contains(strings.Join(l.texts(), "\n"), q.Identifier) {
			t.Errorf("%q: identifier %q is not written there", l.texts(), q.Identifier)
		}
	}
}
