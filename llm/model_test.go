package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// knowing is a model that knows what is asked, and sees of the text no more than Google would.
type knowing struct {
	t    *testing.T
	line *line
	// number of the line, and what it gets wrong.
	n                int
	wrongs, nonsense bool
}

var placeholder = regexp.MustCompile(`⟨P[0-9]+⟩`)

func (k *knowing) Call(_ context.Context, req *Request) (*ToolCall, error) {
	topic := k.line.Topic
	switch {
	case topic != "":
	case k.line.Outcome == "reject":
		topic = "other"
	case k.line.Outcome == "ask" && k.line.Person == "":
		topic = "unclear"
		if len(k.line.texts()[0]) > 0 &&
			strings.Contains(strings.ToLower(strings.Join(k.line.texts(), " ")), "employ") {
			topic = "employment"
		}
	default:
		topic = "employment"
	}
	if k.wrongs && k.n%20 == 7 {
		topic = map[string]string{"employment": "unclear", "employment_and_more": "employment",
			"other": "unclear", "unclear": "employment"}[topic]
	}
	args := map[string]string{"topic": topic}
	if k.nonsense && k.n%50 == 3 {
		args["topic"] = "yes, he works here"
	}
	persons := k.shown(req.Text)
	want := k.line.Person
	for n, person := range persons {
		if want != "" && strings.EqualFold(person, want) {
			args["person"] = n
		}
	}
	if name, _, _ := strings.Cut(want, "@"); args["person"] == "" && want != "" {
		if !slices.Contains(k.line.accepts(true), "ask") &&
			!regexp.MustCompile(`(^|\P{L})`+regexp.QuoteMeta(name)+`($|\P{L})`).MatchString(
				req.Text) {
			k.t.Errorf("%q is neither among the placeholders %v nor a word of %q", want, persons,
				req.Text)
		}
		args["user_name"] = name
	}
	if k.line.Outcome == "name_mismatch" {
		// the name that a reader of the text would give, if it is among the words shown
		name := newReader().Read(context.Background(), k.line.texts()).Name
		if strings.Contains(req.Text, name) {
			args["full_name"] = name
		}
	}
	b, err := json.Marshal(args)
	return &ToolCall{Name: "read_question", Arguments: b}, err
}

// shown are the identifiers behind the placeholders, which this model alone can know. What else it
// is shown must be nothing that a person could be found by.
func (k *knowing) shown(text string) map[string]string {
	var pattern strings.Builder
	pattern.WriteString(`(?s)^`)
	var names []string
	for rest := text; rest != ""; {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			pattern.WriteString(hidden(rest))
			break
		}
		pattern.WriteString(hidden(rest[:at[0]]) + `(.+?)`)
		names = append(names, strings.Trim(rest[at[0]:at[1]], "⟨⟩"))
		rest = rest[at[1]:]
	}
	pattern.WriteString(`$`)
	m := regexp.MustCompile(pattern.String()).FindStringSubmatch(k.plainly())
	persons := map[string]string{}
	if m == nil {
		k.t.Errorf("what is shown is not the text: %q", text)
		return persons
	}
	for i, name := range names {
		persons[name] = m[i+1]
	}
	if strings.Contains(text, "@") ||
		regexp.MustCompile(`(?i)auth0\||\bE[0-9]{3}|(^|\W)[0-9]{2,}`).MatchString(text) {
		k.t.Errorf("the model is shown %q", text)
	}
	return persons
}

func (k *knowing) plainly() string {
	var texts []string
	for _, text := range k.line.texts() {
		texts = append(texts, plain(text))
	}
	return strings.NewReplacer("⟨", "<", "⟩", ">").Replace(strings.Join(texts, "\n\n"))
}

func hidden(text string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(text), "…", `.+?`)
}

// With a model that knows the topic; with one that is wrong in one line of twenty and talks
// nonsense in one of fifty.
func TestExamplesByModel(t *testing.T) {
	for name, want := range map[string]struct {
		wrong bool
		share float64
	}{"knows": {false, 0.98}, "is wrong at times": {true, 0.92}} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []string{"examples.jsonl", "contract.jsonl"} {
				n := 0
				s := scored(t, file, func(l *line, r *Reader) {
					n++
					r.Model = &knowing{t: t, line: l, n: n, wrongs: want.wrong,
						nonsense: want.wrong}
				})
				if s.person > 0 || float64(s.right) < want.share*float64(s.lines) {
					t.Errorf("%s: %v", file, s)
				}
			}
		})
	}
}

// says is a model that says the same of everything, and keeps what it was asked.
type says struct {
	arguments string
	err       error
	asked     []*Request
}

func (s *says) Call(_ context.Context, req *Request) (*ToolCall, error) {
	s.asked = append(s.asked, req)
	if s.err != nil {
		return nil, s.err
	}
	return &ToolCall{Name: "read_question", Arguments: json.RawMessage(s.arguments)}, nil
}

// What a model picks must be there, or the rules decide.
func TestWhatAModelPicksMustBeThere(t *testing.T) {
	const asked = "Does jdoe@staff0.com or asmith work here? Ask for Jane Roe, please."
	for _, row := range []struct{ arguments, outcome, person, name string }{
		{`{"topic":"employment","person":"P1"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","person":"⟨P1⟩"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","user_name":"asmith"}`, "yes", "asmith@staff0.com", ""},
		{`{"topic":"employment","person":"P1","full_name":"Jane Roe"}`, "name_mismatch",
			"jdoe@staff0.com", "Jane Roe"},
		{`{"topic":"employment","person":"P1","full_name":"Jane Doe"}`, "yes",
			"jdoe@staff0.com", ""},
		{`{"topic":"employment","person":"P1","full_name":"Roe"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","person":"P1","full_name":null}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","person":"null","user_name":"null"}`, "ask", "", ""},
		{`{"topic":"employment"}`, "ask", "", ""},
		{`{"topic":"other","person":"P1"}`, "reject", "", ""},
		{`{"topic":"unclear","person":"P1"}`, "ask", "", ""},
		{`{"topic":"employment_and_more","person":"P1"}`, "yes", "jdoe@staff0.com", ""},
		// nonsense: the rules find the one identifier in the question
		{`{"topic":"employment","person":"P2"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","person":"P0"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","person":"jdoe@staff0.com"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","user_name":"mgarcia"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","user_name":"jdoe"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"EMPLOYMENT","person":"P1"}`, "yes", "jdoe@staff0.com", ""},
		{`{"topic":true}`, "yes", "jdoe@staff0.com", ""},
		{`{}`, "yes", "jdoe@staff0.com", ""}, {`[]`, "yes", "jdoe@staff0.com", ""},
		{``, "yes", "jdoe@staff0.com", ""},
		{`{"topic":"employment","x":"` + strings.Repeat("y", maxArguments) + `"}`, "yes",
			"jdoe@staff0.com", ""},
	} {
		r := newReader()
		r.Model = &says{arguments: row.arguments}
		q := r.Read(t.Context(), []string{asked})
		if becomes(q) != row.outcome || q.Person != row.person || q.Name != row.name {
			t.Errorf("%.80s: %+v", row.arguments, q)
		}
		if q.More != strings.Contains(row.arguments, "and_more") {
			t.Errorf("%.80s: more is %v", row.arguments, q.More)
		}
	}
}

// A placeholder that the caller has written is text, to the model and to us.
func TestPlaceholdersOfTheCaller(t *testing.T) {
	r := newReader()
	m := &says{arguments: `{"topic":"employment","person":"P2"}`}
	r.Model = m
	q := r.Read(t.Context(), []string{"Does ⟨P2⟩ work here? I mean jdoe@staff0.com, not ⟨P1⟩."})
	if q.Person != "jdoe@staff0.com" {
		t.Errorf("%+v", q)
	}
	if text := m.asked[0].Text; text != "Does <P2> work here? I mean ⟨P1⟩, not <P1>." {
		t.Errorf("shown %q", text)
	}
}

// Whatever fails, the rules decide, and nothing of the question is in the log.
func TestWithoutAnAnswerTheRulesDecide(t *testing.T) {
	for _, err := range []error{ErrModelUnavailable, ErrModelConfiguration, ErrModelAnswer,
		ErrModelPaused, errors.New("boom")} {
		r := newReader()
		r.Model = &says{err: err}
		if q := r.Read(t.Context(),
			[]string{"Does jdoe work here?"}); q.Person != "jdoe@staff0.com" {
			t.Errorf("%v: %+v", err, q)
		}
	}
}

// Three failings within a minute, and the model is left out for half a minute. What a text causes
// does not count.
func TestTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b breaker
		gone := fmt.Errorf("no answer in time: %w", ErrModelUnavailable)
		for range 10 {
			b.note(ErrModelAnswer)
			b.note(ErrModelConfiguration)
			b.note(nil)
		}
		b.note(gone)
		b.note(gone)
		time.Sleep(breakerWindow + time.Second)
		b.note(gone)
		if b.note(gone); !b.closed() {
			t.Error("two failings in a minute have opened it")
		}
		if !b.note(gone) || b.closed() {
			t.Error("three have not")
		}
		time.Sleep(breakerPause)
		if !b.closed() {
			t.Error("half a minute has not closed it")
		}
	})
}

// The request is what Google takes: one tool of four arguments with the four topics.
func TestTheTool(t *testing.T) {
	var schema struct {
		Properties map[string]struct {
			Enum []string `json:"enum"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(readTool.Parameters, &schema); err != nil {
		t.Fatal(err)
	}
	if len(schema.Properties) != 4 || len(schema.Properties["topic"].Enum) != len(topics) {
		t.Errorf("%+v", schema)
	}
	for topic := range topics {
		if !slices.Contains(schema.Properties["topic"].Enum, topic) {
			t.Errorf("the tool lacks %s", topic)
		}
	}
}
