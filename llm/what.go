package llm

import "slices"

// topic is what is asked, by the two lists. An employment word makes it employment, with a word of
// another topic beside it more than that; a word of another topic alone is something else. Contacts
// ask nothing.
func (v *view) topic() Topic {
	ours, others := false, false
	for i := range v.sentences {
		s := &v.sentences[i]
		if s.contact {
			continue
		}
		ours = ours || s.topics[employment]
		others = others || s.topics[other]
	}
	switch last := len(v.texts) - 1; {
	case ours && others:
		return EmploymentAndMore
	case ours:
		return Employment
	case others:
		return Other
	case last > 0 && (v.reply(last) != nil || v.agrees(last)):
		return Employment // in reply to a question back
	}
	return Unclear
}

// agrees reports whether a message says yes.
func (v *view) agrees(message int) bool {
	return slices.ContainsFunc(v.sentences, func(s sentence) bool {
		return s.message == message && !s.contact && s.leads() == yes
	})
}
