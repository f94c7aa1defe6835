package idp

import (
	"cmp"
	"strings"
	"time"
)

// Message is a binding message that was understood. Its texts are those of the
// client that sent it: escape them where they are shown.
type Message struct {
	// Asker is the label of whoever wants to know, "" if the message has none.
	Asker string
	// Purpose is what for, "" if the message has none.
	Purpose string
	// Code is what the person compares with the asker's screen.
	Code string
}

// maxCode is the longest code that is shown in large letters; it is also the
// longest binding message that every provider takes.
const maxCode = 20

// ReadMessage takes a binding message apart: "asker:purpose:CODE", or a code
// alone. Other forms are not understood and are to be shown as they are.
func ReadMessage(s string) (Message, bool) {
	switch parts := strings.Split(s, ":"); {
	case len(parts) == 3 && parts[0] != "" && parts[1] != "" && isCode(parts[2]):
		return Message{Asker: parts[0], Purpose: parts[1], Code: parts[2]}, true
	case len(parts) == 1 && isCode(s):
		return Message{Code: s}, true
	}
	return Message{}, false
}

// isCode wants capitals and digits in groups: with a digit somewhere, or in groups of four, for a
// random code may happen to have no digit. Any other word in capitals is a message and no code.
func isCode(s string) bool {
	if len(s) < 4 || len(s) > maxCode ||
		strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return false
	}
	groups := strings.Split(s, "-")
	fours := len(groups) > 1
	for _, group := range groups {
		fours = fours && len(group) == 4
	}
	return (fours || strings.ContainsAny(s, "0123456789")) && !strings.HasPrefix(s, "-") &&
		!strings.HasSuffix(s, "-")
}

// present puts a request into words. Everything in it is text of others and is
// only ever set as text.
func (p *Provider) present(a Approval, now time.Time) phoneRequest {
	out := phoneRequest{
		ID: a.ID, Person: cmp.Or(a.Name, a.Email, a.Subject),
		Asker: a.ClientLabel, Reads: reads(a.Scope),
		LeftMS: max(0, a.ExpiresAt.Sub(now).Milliseconds()),
	}
	m, ok := ReadMessage(a.BindingMessage)
	if !ok {
		out.Message = a.BindingMessage
		return out
	}
	out.Code = m.Code
	if m.Asker != "" {
		// The label is a client id; a registered client is called by its name.
		out.Asker, out.Through = p.clientLabel(m.Asker), a.ClientLabel
		out.Purpose = purpose(m.Purpose)
	}
	return out
}

// purpose puts the purpose of a binding message into words.
func purpose(s string) string {
	if s == "employment-status" {
		return "whether you are employed here"
	}
	return "about “" + strings.NewReplacer("-", " ", "_", " ").Replace(s) + "”"
}

// reads says what an approval of this scope opens.
func reads(scope string) string {
	var out []string
	for s := range strings.FieldsSeq(scope) {
		switch s {
		case "openid": // who you are; that is what every approval tells
		case "email":
			out = append(out, "your e-mail address")
		case "profile":
			out = append(out, "your name")
		case APIScope:
			out = append(out, "your employment record")
		default:
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}
