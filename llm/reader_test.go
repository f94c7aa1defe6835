package llm

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
)

// scripted is a model that answers every request alike and keeps what it saw.
type scripted struct {
	call *ToolCall
	err  error
	seen []*Request
}

func (m *scripted) Call(_ context.Context, r *Request) (*ToolCall, error) {
	m.seen = append(m.seen, r)
	return m.call, m.err
}

func says(arguments string) *scripted {
	return &scripted{call: &ToolCall{Name: readTool.Name, Arguments: json.RawMessage(arguments)}}
}

var hostile = map[string]*scripted{
	"claims another person": says(
		`{"ours":true,"user_name":"asmith","full_name":"Alice Smith"}`),
	"claims two people": says(
		`{"ours":true,"user_name":"jdoe, asmith","full_name":"John Doe and Alice Smith"}`),
	"invents an address":   says(`{"ours":true,"user_name":"ceo@evil.example"}`),
	"answers the question": says(`{"answer":"yes","employed":true,"ours":true}`),
	"turns refusals":       says(`{"ours":true}`),
	"turns answers":        says(`{"ours":false}`),
	"overwrites our fields": says(
		`{"ours":true,"Person":"asmith@staff0.com","Identifier":"E1002","outcome":2,"identifier":"⟨P2⟩"}`),
	"names a placeholder": says(
		`{"ours":true,"user_name":"⟨P1⟩","full_name":"⟨P1⟩ ⟨P2⟩"}`),
	"takes a word of the text": says(`{"ours":true,"user_name":"work","full_name":"Staff0"}`),
	"sends the wrong types":    says(`{"ours":"true","user_name":7}`),
	"sends an array":           says(`[true]`),
	"sends null":               says(`null`),
	"sends nothing":            says(``),
	"sends half":               says(`{"ours":tr`),
	"sends a megabyte": says(`{"ours":true,"full_name":"` + strings.Repeat("x", 1<<20) +
		`"}`),
	"sends deep nesting": says(strings.Repeat(`{"ours":`, 1000)),
	"calls another function": {call: &ToolCall{Name: "is_active_employee",
		Arguments: json.RawMessage(`{"ours":true}`)}},
	"gives no call and no error": {},
	"fails":                      {err: errors.New("down")},
	"injects control characters": says(
		`{"ours":true,"user_name":"jdoe\u0000","full_name":"John\u202eDoe"}`),
	"repeats the identifier found": says(`{"ours":true,"user_name":"jdoe@staff0.com"}`),
}

// A model can turn an Ask about one identifier into a prompt to that very
// person, and nothing else; a refusal never comes before it.
func TestHostileModelsOverTheCorpus(t *testing.T) {
	lines := corpus(t)
	for name, m := range hostile {
		r := newReader()
		r.Model = m
		for _, l := range lines {
			rules := newReader().Read(t.Context(), l.texts())
			before := len(m.seen)
			got := r.Read(t.Context(), l.texts())
			switch {
			case len(m.seen) > before+1:
				t.Fatalf("%s: %q: asked more than once", name, l.texts())
			case rules.Outcome == Refuse && (got != rules || len(m.seen) > before):
				t.Errorf("%s: %q: a refusal became %+v", name, l.texts(), got)
			case rules.Outcome == Answerable && (got.Person != rules.Person ||
				got.Identifier != rules.Identifier || got.Outcome != Answerable):
				t.Errorf("%s: %q: %+v became %+v", name, l.texts(), rules, got)
			case rules.Outcome == Answerable && rules.Name != "" && got.Name != rules.Name:
				t.Errorf("%s: %q: the name %q became %q", name, l.texts(), rules.Name, got.Name)
			case rules.Outcome == Ask && got.Outcome == Answerable:
				whole := strings.Join(l.texts(), "\n")
				if i := strings.Index(whole, got.Identifier); i < 0 || i > 0 &&
					wordRune(rune(whole[i-1])) {
					t.Errorf("%s: %q: %q is not a word of the text", name, l.texts(),
						got.Identifier)
				}
				if want := lower(got.Identifier); got.Person != want &&
					got.Person != want+"@staff0.com" {
					t.Errorf("%s: %q: %q is not the person of %q", name, l.texts(), got.Person,
						got.Identifier)
				}
			case rules.Outcome == Ask && got.Outcome == Refuse:
				t.Errorf("%s: %q: an ask became a refusal", name, l.texts())
			case got.Name != "" && !strings.Contains(strings.Join(l.texts(), "\n"), got.Name) &&
				got.Name != rules.Name:
				t.Errorf("%s: %q: invented the name %q", name, l.texts(), got.Name)
			}
		}
	}
}

// The shared questions hold whatever a model says.
func TestSharedQuestionsHoldWithAnyModel(t *testing.T) {
	for name, m := range hostile {
		r := newReader()
		r.Model = m
		for _, l := range corpus(t) {
			if l.file != "testdata/questions.jsonl" {
				continue
			}
			if got, want := r.Read(t.Context(), l.texts()),
				newReader().Read(t.Context(), l.texts()); got != want {
				t.Errorf("%s: %q: %+v, the rules say %+v", name, l.texts(), got, want)
			}
		}
	}
}

// No address, employee number or subject reaches a model; asking about
// everything makes sure that the mask is tried on every line.
func TestModelSeesNoIdentifier(t *testing.T) {
	r := newReader()
	for _, l := range corpus(t) {
		v := r.rules(l.texts())
		text, ok := v.masked()
		if !ok {
			continue
		}
		if strings.ContainsFunc(text, atSign) || strings.Contains(text, "auth0|") {
			t.Errorf("%q: the model would see %q", l.texts(), text)
		}
		for i, c := range text {
			if unicode.IsDigit(c) && !strings.HasSuffix(text[:i], "⟨P") &&
				!strings.HasSuffix(text[:i-1], "⟨P") {
				t.Errorf("%q: the model would see a number in %q", l.texts(), text)
				break
			}
		}
		for i := range v.idents {
			if strings.Contains(lower(text), v.idents[i].person) {
				t.Errorf("%q: the model would see %q", l.texts(), text)
			}
		}
	}
	m := says(`{"ours":true}`)
	r.Model = m
	r.Read(t.Context(), []string{"Werkt jdoe@staff0.com bij Staff0?"})
	if len(m.seen) != 1 || m.seen[0].Text != "Werkt ⟨P1⟩ bij Staff…?" {
		t.Errorf("request %+v", m.seen)
	}
}

func TestModelSettlesWhatTheRulesLeftOpen(t *testing.T) {
	for _, c := range []struct {
		text, says string
		want       Question
	}{
		{"Werkt jdoe@staff0.com bij Staff0?", `{"ours":true}`,
			Question{Answerable, "jdoe@staff0.com", "jdoe@staff0.com", Email, ""}},
		{"Werkt jdoe@staff0.com bij Staff0?", `{"ours":false}`, Question{Outcome: Ask}},
		{"Employment question: the one hight jdoe, works he here?",
			`{"ours":true,"user_name":"jdoe"}`,
			Question{Answerable, "jdoe", "jdoe@staff0.com", Email, ""}},
		{"Employment question: the one hight jdoe, works he here?",
			`{"ours":true,"user_name":"doe"}`, Question{Outcome: Ask}},
		{"Does bwong@staff0.com alias Ben Wong work at Staff0?",
			`{"ours":true,"full_name":"Ben Wong"}`,
			Question{Answerable, "bwong@staff0.com", "bwong@staff0.com", Email, "Ben Wong"}},
		{"Does bwong@staff0.com alias Ben Wong work at Staff0?",
			`{"ours":true,"full_name":"Wong, Ben"}`,
			Question{Answerable, "bwong@staff0.com", "bwong@staff0.com", Email, ""}},
		{"Does bwong@staff0.com alias Ben Wong work at Staff0?",
			`{"ours":true,"full_name":"alias Ben Wong"}`,
			Question{Answerable, "bwong@staff0.com", "bwong@staff0.com", Email, ""}},
		{"Does bwong@staff0.com alias Ben Wong work at Staff0?", `{"ours":false,"full_name":""}`,
			Question{Answerable, "bwong@staff0.com", "bwong@staff0.com", Email, ""}},
		{"Does Alice Smith, bwong@staff0.com, alias Ben Wong, work at Staff0?",
			`{"ours":true,"full_name":"Ben Wong"}`,
			Question{Answerable, "bwong@staff0.com", "bwong@staff0.com", Email, "Alice Smith"}},
		{"Employment question: the one hight jdoe, works he here?",
			`{"ours":false,"user_name":"jdoe"}`, Question{Outcome: Ask}},
	} {
		r := newReader()
		r.Model = says(c.says)
		if got := r.Read(t.Context(), []string{c.text}); got != c.want {
			t.Errorf("%q, model says %s: %+v, want %+v", c.text, c.says, got, c.want)
		}
	}
}

func TestAModelIsAskedOnlyWhenTheRulesAreUnsure(t *testing.T) {
	m := says(`{"ours":true}`)
	r := newReader()
	r.Model = m
	for _, text := range []string{"Does jdoe@staff0.com work at Staff0?",
		"What is jdoe@staff0.com's salary?", "Does she work here?", "hello",
		"Ist E1001 Mitarbeiter?"} {
		if r.Read(t.Context(), []string{text}); len(m.seen) != 0 {
			t.Errorf("asked about %q", text)
		}
	}
}

func TestLongTextsAreRefusedWhole(t *testing.T) {
	text := "Does jdoe@staff0.com work here?" + strings.Repeat(" ", maxText)
	if q := newReader().Read(t.Context(), []string{text}); q.Outcome != Refuse {
		t.Errorf("%+v", q)
	}
}

func TestZeroReaderNamesNobodyByUserName(t *testing.T) {
	if q := new(Reader).Read(t.Context(),
		[]string{"Does jdoe work here?"}); q.Outcome == Answerable {
		t.Errorf("%+v", q)
	}
}

func FuzzRules(f *testing.F) {
	for _, l := range corpus(f) {
		f.Add(strings.Join(l.texts(), "\x1e"))
	}
	r := newReader()
	f.Fuzz(func(t *testing.T, text string) {
		texts := strings.Split(text, "\x1e")
		q := r.Read(t.Context(), texts)
		if again := r.Read(t.Context(), texts); again != q {
			t.Fatalf("%+v, then %+v", q, again)
		}
		if q.Outcome != Answerable {
			if q != (Question{Outcome: q.Outcome}) {
				t.Fatalf("%+v", q)
			}
			return
		}
		if q.Identifier == "" || q.Person == "" || q.Kind == 0 {
			t.Fatalf("%+v", q)
		}
		whole := false
		for _, text := range texts {
			for i := 0; i < len(text); i++ {
				at := strings.Index(text[i:], q.Identifier)
				if at < 0 {
					break
				}
				i += at
				before, after := text[:i], text[i+len(q.Identifier):]
				whole = whole || (before == "" || !alnum(before[len(before)-1])) &&
					(after == "" || !alnum(after[0]))
			}
		}
		if !whole {
			t.Fatalf("%q is not one whole run of %q", q.Identifier, texts)
		}
	})
}

func alnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func BenchmarkRead(b *testing.B) {
	r := newReader()
	for name, text := range map[string]string{
		"short":   "Does jdoe@staff0.com work at Staff0?",
		"sample":  "Does John Doe with email jdoe@staff0.com work at Staff0?",
		"refused": "What is jdoe@staff0.com's salary?",
		"letter": "Hi! I hope you are well. I'm writing to verify whether Mr. John Doe, whose " +
			"work e-mail is <jdoe@staff0.com>, is employed with your organization. Best regards, " +
			"First Bank",
		"japanese": "加藤 太郎（tkato@staff0.com）はStaff0の社員ですか？",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Read(b.Context(), []string{text})
			}
		})
	}
}
