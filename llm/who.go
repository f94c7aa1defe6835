package llm

// byRules is who and what without a model.
func (v *view) byRules() understood {
	u := understood{topic: v.topic()}
	// The latest message that names exactly one person decides.
	for k := len(v.texts) - 1; k >= 0; k-- {
		m, several := v.who(k)
		if m != nil {
			u.mention, u.several = m, nil
			break
		}
		if len(several) > 1 && u.several == nil {
			u.several = several
		}
	}
	if u.mention != nil {
		u.name = v.name(u.mention)
	}
	return u
}

// who is the person that a message names, or several who may be meant.
func (v *view) who(message int) (*mention, []*mention) {
	if m := v.reply(message); m != nil {
		return m, nil
	}
	asked, named := false, false
	var inQuestion []*mention
	var user *mention
	for i := range v.sentences {
		s := &v.sentences[i]
		if s.message != message || s.contact || !s.topics[employment] {
			continue
		}
		asked = true
		named = named || v.hasName(s)
		inQuestion = append(inQuestion,
			v.those(func(m *mention) bool { return m.sentence == i })...)
		if user == nil && !s.hasIdentifier() {
			user = v.framed(i)
		}
	}
	inQuestion = v.persons(inQuestion)
	switch {
	case len(inQuestion) == 1:
		return inQuestion[0], nil
	case len(inQuestion) > 1:
		return nil, inQuestion
	case user != nil:
		return user, nil
	case asked && named:
		return nil, nil
	}
	// The only one of ours that is no contact.
	rest := v.persons(v.those(func(m *mention) bool {
		return m.message == message && !m.contact && m.ours
	}))
	if len(rest) == 1 {
		return rest[0], nil
	}
	return nil, rest
}

// those are the identifiers that fit; a user name counts only if there is nothing else.
func (v *view) those(fit func(*mention) bool) (list []*mention) {
	var users []*mention
	for _, m := range v.mentions {
		switch {
		case !fit(m):
		case m.userName:
			users = append(users, m)
		default:
			list = append(list, m)
		}
	}
	if len(list) == 0 {
		return users
	}
	return list
}

// persons keeps one mention of each person. An employee number and an address of ours that belong
// together are one.
func (v *view) persons(list []*mention) (distinct []*mention) {
	seen := map[string]bool{}
	for _, m := range list {
		if !seen[m.person] {
			distinct = append(distinct, m)
		}
		seen[m.person] = true
	}
	if len(distinct) == 2 && v.partner(distinct[0]) != nil &&
		v.partner(distinct[0]).person == distinct[1].person {
		if distinct[0].kind == Email {
			return distinct[:1]
		}
		return distinct[1:]
	}
	return distinct
}

// partner is the employee number beside an address of ours, or the reverse: one of each in one
// sentence or form, with no word for "and" or "or" between them.
func (v *view) partner(m *mention) *mention {
	if m.kind == Subject || !m.ours || m.userName {
		return nil
	}
	var found *mention
	for i := range v.mentions {
		o := v.mentions[i]
		switch {
		case o.message != m.message || o.contact || !o.ours || o.userName || o.person == m.person:
		case o.kind == m.kind || o.kind == Subject:
			if o.sentence == m.sentence {
				return nil // one of several
			}
		case !v.together(m, o):
		case found != nil && found.person != o.person:
			return nil
		default:
			found = o
		}
	}
	return found
}

// together reports whether two mentions stand in one sentence, or in fields of one form, with
// nothing between them that parts them.
func (v *view) together(a, b *mention) bool {
	if a.start > b.start {
		a, b = b, a
	}
	if a.sentence != b.sentence {
		for i := a.sentence; i <= b.sentence; i++ {
			if !v.sentences[i].field {
				return false
			}
		}
		return true
	}
	for _, t := range v.sentences[a.sentence].tokens {
		if t.start > a.end && t.end < b.start && t.class == and {
			return false
		}
	}
	return true
}

// reply is the person in a message that is the whole reply to a question back.
func (v *view) reply(message int) *mention {
	if message == 0 {
		return nil
	}
	var only *token
	in := 0
	for i := range v.sentences {
		s := &v.sentences[i]
		if s.message != message || s.contact {
			continue
		}
		for j := range s.tokens {
			switch t := &s.tokens[j]; {
			case t.kind == mark || t.class == link || t.class == label || t.class == numberLabel ||
				t.class == closing || t.class == userLabel || t.class == yes:
			case only != nil:
				return nil
			default:
				only, in = t, i
			}
		}
	}
	switch {
	case only == nil:
		return nil
	case only.kind == identifier:
		return v.mentions[only.mention]
	case only.kind == digits:
		return v.refer(in, message, only, EmployeeNumber)
	case v.userName(only):
		return v.refer(in, message, only, Email)
	}
	return nil
}

// framed is the user name in the place of the person: does jdoe work, is jdoe employed.
func (v *view) framed(sentence int) *mention {
	s := &v.sentences[sentence]
	for i := range s.tokens {
		at := v.lists.frames.place(s.tokens, i, v.userName)
		if at >= 0 {
			t := &s.tokens[at]
			if at+1 < len(s.tokens) && s.tokens[at+1].kind != mark &&
				(!s.tokens[at+1].space || s.tokens[at+1].class == none) {
				continue // a part of a longer word, or of a name
			}
			return v.refer(sentence, s.message, t, Email)
		}
	}
	return nil
}
