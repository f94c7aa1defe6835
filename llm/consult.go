package llm

import (
	"context"
	_ "embed" // what the model is told
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxArguments bounds a tool call's arguments, in bytes; four short strings need no more.
	maxArguments = 4 << 10
	// modelTimeout bounds the one attempt.
	modelTimeout = 8 * time.Second
)

// instruction tells the model its task. Nothing relies on its obeying.
//
//go:embed model/instruction.txt
var instruction string

//go:embed model/parameters.json
var parameters []byte

// readTool is the one function that a model is forced to call.
var readTool = Tool{Name: "read_question", Parameters: parameters,
	Description: "Reports what the messages ask, and about whom."}

// proposal is what a model may say. Everything else in its arguments is ignored.
type proposal struct {
	Topic    string `json:"topic"`
	Person   string `json:"person"`
	UserName string `json:"user_name"`
	FullName string `json:"full_name"`
}

var topics = map[string]Topic{"employment": Employment, "employment_and_more": EmploymentAndMore,
	"other": Other, "unclear": Unclear}

// errNonsense is an answer that breaks the contract; the rules decide.
var errNonsense = errors.New("the model's answer is none: ")

// consult asks the model. What it picks must be there.
func (r *Reader) consult(ctx context.Context, v *view) (understood, bool) {
	text, shown := v.masked()
	ctx, cancel := context.WithTimeout(ctx, modelTimeout)
	defer cancel()
	call, err := r.Model.Call(ctx, &Request{
		System: fmt.Sprintf(instruction, r.Company, ours(shown)), Text: text, Tool: readTool})
	var u understood
	if err == nil {
		u, err = v.judge(call, shown)
	}
	if r.Log != nil {
		switch {
		case errors.Is(err, ErrModelPaused):
		case err != nil:
			r.Log.LogAttrs(ctx, slog.LevelWarn, "model not used, the rules decide",
				slog.Any("error", err))
		default:
			r.Log.LogAttrs(ctx, slog.LevelDebug, "the model has read the question")
		}
	}
	return u, err == nil
}

// ours tells the model which placeholders are the company's own people.
func ours(shown []*mention) string {
	var list []string
	for i, m := range shown {
		if m.ours {
			list = append(list, "P"+strconv.Itoa(i+1))
		}
	}
	if list == nil {
		return "none of them belongs to the company."
	}
	return "those of the company's own people are " + strings.Join(list, ", ") + "."
}

// judge checks what a model says.
func (v *view) judge(call *ToolCall, shown []*mention) (u understood, err error) {
	var p proposal
	switch {
	case call == nil || call.Name != readTool.Name:
		return u, fmt.Errorf("%wanother function", errNonsense)
	case len(call.Arguments) > maxArguments:
		return u, fmt.Errorf("%wtoo many arguments", errNonsense)
	case json.Unmarshal(call.Arguments, &p) != nil:
		return u, fmt.Errorf("%warguments of the wrong types", errNonsense)
	}
	topic, ok := topics[p.Topic]
	if !ok {
		return u, fmt.Errorf("%wno such topic", errNonsense)
	}
	u.topic = topic
	person := strings.Trim(p.Person, "⟨⟩<>[]() ")
	switch {
	case person != "" && !null(person):
		n, err := strconv.Atoi(strings.TrimLeft(person, "Pp"))
		if err != nil || n < 1 || n > len(shown) {
			return u, fmt.Errorf("%wa person who is not there", errNonsense)
		}
		u.mention = shown[n-1]
	case p.UserName != "" && !null(p.UserName):
		if u.mention = v.word(p.UserName); u.mention == nil {
			return u, fmt.Errorf("%wa user name that is not there", errNonsense)
		}
	default:
		u.several = v.persons(v.those(func(m *mention) bool { return m.ours && !m.contact }))
		if len(u.several) == 1 {
			u.several = nil // the model has seen it, and does not mean it
		}
	}
	if u.mention != nil {
		u.name = v.spelled(p.FullName)
	}
	return u, nil
}

// null reports whether a model has written nothing as a word.
func null(text string) bool {
	return strings.EqualFold(text, "null") || strings.EqualFold(text, "none")
}

// word makes a mention of the one word that a model takes for a user name.
func (v *view) word(name string) *mention {
	if len(v.Domains) == 0 {
		return nil
	}
	for i := range v.sentences {
		s := &v.sentences[i]
		for j := range s.tokens {
			t := &s.tokens[j]
			if t.kind == identifier {
				if m := v.mentions[t.mention]; m.userName && m.text == name {
					return m
				}
				continue
			}
			if t.kind == word && v.texts[s.message][t.start:t.end] == name && !t.capital &&
				len(name) > 1 {
				return v.refer(i, s.message, t, Email)
			}
		}
	}
	return nil
}

// spelled is a name as it stands in the text, if all of its words stand there one behind the other.
func (v *view) spelled(name string) string {
	words := strings.Fields(regexp.QuoteMeta(name))
	if len(words) < 2 {
		return ""
	}
	pattern, err := regexp.Compile(strings.Join(words, `[\s\x{a0}\x{3000}]*`))
	if err != nil {
		return ""
	}
	for _, text := range v.texts {
		if found := pattern.FindString(text); found != "" {
			return found
		}
	}
	return ""
}

// masked is the text with a placeholder for each person, and nothing else that a person could be
// found by: no address, employee number or subject, not even a broken one, and no other number.
// Digits in words stay, for they belong to user names. A placeholder that the caller has written is
// no placeholder any more. shown are the persons, in the order of their placeholders.
func (v *view) masked() (text string, shown []*mention) {
	var b strings.Builder
	places := map[string]int{} // of persons in shown
	list := slices.Clone(v.mentions)
	slices.SortFunc(list, func(a, b *mention) int {
		if a.message != b.message {
			return a.message - b.message
		}
		return a.start - b.start
	})
	for k, text := range v.texts {
		if k > 0 {
			b.WriteString("\n\n")
		}
		last := 0
		for _, m := range list {
			if m.message != k || m.userName || m.start < last {
				continue
			}
			n, ok := places[m.person]
			if !ok {
				n = len(shown)
				places[m.person], shown = n, append(shown, m)
			}
			fmt.Fprintf(&b, "%s⟨P%d⟩", blank(text[last:m.start]), n+1)
			last = m.end
		}
		b.WriteString(blank(text[last:]))
	}
	return b.String(), shown
}

// shownPart is what blank looks at: numbers, other words, at signs, marks of placeholders.
var shownPart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[\pL\pM\pN_]+|[@\x{ff20}\x{fe6b}⟨⟩]`)
})

// blank is a text without numbers, at signs and marks of placeholders.
func blank(text string) string {
	return shownPart().ReplaceAllStringFunc(text, func(part string) string {
		switch {
		case part == "⟨":
			return "<"
		case part == "⟩":
			return ">"
		case isAt(firstRune(part)), strings.Trim(part, "0123456789０１２３４５６７８９") == "":
			return "…"
		}
		return part
	})
}
