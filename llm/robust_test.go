package llm

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

var questions = []string{
	"Does jdoe@staff0.com work at Staff0?",
	"Is John Doe (jdoe@staff0.com) employed at Staff0?",
	"Please confirm the employment of Mr John Doe, jdoe@staff0.com.",
	"Could you let us know whether the holder of jdoe@staff0.com is currently an employee " +
		"of yours?",
}

// wantAnswered checks that a text about John Doe is answered, about him.
func wantAnswered(t *testing.T, text string) {
	t.Helper()
	q := newReader().Read(t.Context(), []string{text})
	if q.Outcome != Answerable || q.Person != "jdoe@staff0.com" ||
		q.Name != "" && !sameName(q.Name, "John Doe") {
		t.Errorf("%q: %+v", text, q)
	}
}

// What ends a letter is no second person, no other topic and no order.
func TestSignatures(t *testing.T) {
	closings := []string{"Regards,", "Kind regards", "Best,", "Mit freundlichen Grüßen",
		"Cordialement,",
		"Thank you,", "-- ", "Un saludo,", "Cordiali saluti", "Atenciosamente,"}
	people := []string{"Ann Moore", "Dr. Jane Roe, Branch Manager", "J. Smith | Senior Underwriter",
		"Roy Abbott\nAuto Finance Desk"}
	firms := []string{"Union Savings Bank", "First Bank plc", "Penny Lane Lettings",
		"Income & Trust Savings Bank", "Holiday Homes Ltd"}
	numbers := []string{"Tel. 555-010-4477", "Fax: 555.010.9912", "Mobile 0171 2345678",
		"Tél. 01-23-45-67-89", "+1 (555) 010-4477 ext. 12", "ann@lender.example",
		"www.lender.example", "12 Mare Street, London E8 4RP"}
	disclaimers := []string{"",
		"\n\nThis message is confidential. If you are not the person it is for, please delete it.",
		"\n\nPlease consider the environment before printing this e-mail.",
		"\n\nSent from my phone"}
	for i, question := range questions {
		for j, closing := range closings {
			for k, person := range people {
				firm, number := firms[(i+j+k)%len(firms)], numbers[(i*3+j+k)%len(numbers)]
				wantAnswered(t, fmt.Sprintf("Hello,\n\n%s\n\n%s\n%s\n%s\n%s%s", question, closing,
					person, firm, number, disclaimers[(j+k)%len(disclaimers)]))
			}
		}
	}
	for _, question := range questions {
		for _, number := range numbers {
			wantAnswered(t, question+"\n\nRegards\nAnn Moore\n"+number)
			wantAnswered(t, question+"\n\n"+number) // no closing formula
		}
	}
}

// Who asks stands before the question.
func TestTheAskersFirmBeforeTheQuestion(t *testing.T) {
	for _, question := range questions {
		for _, firm := range []string{"We are Union Savings Bank. ", "This is First Bank. ",
			"I am Ann Moore of Penny Lane Lettings.\n\n", "Ann Moore of First Bank asks: ",
			"Hi, Roy Abbott here from Auto Finance. ",
			"My name is Jane Roe and I work in lending. ",
			"On behalf of our client, Brick & Beam Ltd: ", "Dear HR team,\n\n",
			"Dear Sir or Madam,\nwe write about a rental application.\n"} {
			wantAnswered(t, firm+question)
		}
	}
}

// Ordinary sentences around a question change nothing.
func TestOrdinarySentences(t *testing.T) {
	for _, question := range questions {
		for _, more := range []string{"We need this today.", "No salary information needed.",
			"He signed a home loan contract with us.", "Great, thank you.",
			"The rent is due on Friday.", "We have known him for years.", "Our file is 2024-118.",
			"This will not affect his credit score.", "It is for a mortgage of 200,000.",
			"You do not have to tell us why.", "His birthday is next week.",
			"Your answer goes into the file at once."} {
			wantAnswered(t, question+" "+more)
			wantAnswered(t, more+" "+question)
			wantAnswered(t, "Good morning.\n\n"+more+"\n\n"+question+"\n\nThanks!")
		}
	}
}

// A noun is no user name: "whether a lodger of ours is employed".
func TestNounsAreNoUserNames(t *testing.T) {
	for _, noun := range []string{"client", "customer", "tenant", "lodger", "guarantor", "payee",
		"friend", "borrower", "applicant", "member", "neighbour", "candidate", "policyholder",
		"subtenant", "cousin", "nephew", "roommate", "contractor", "freelancer", "trainee",
		"carer", "pensioner", "co-signer", "shareholder", "licensee"} {
		for _, form := range []string{"We would like to know whether a %s of ours is employed at " +
			"Staff0.",
			"Is the %s employed at Staff0?", "Does our %s work at Staff0?",
			"Does a %s of mine work here?",
			"whether %s is employed", "Is my %s still working for you?",
			"I ask for a %s: is she employed by you?"} {
			text := fmt.Sprintf(form, noun)
			if q := newReader().Read(t.Context(), []string{text}); q.Outcome == Answerable ||
				q.Outcome == OtherTopic {
				t.Errorf("%q: %+v", text, q)
			}
		}
	}
}

// What the agent has said may be quoted back.
func TestTheAgentsOwnSentences(t *testing.T) {
	for _, said := range []string{"Please give the person's work e-mail or employee number.",
		"I only answer whether one named person works at Staff0.",
		"I only answer whether one named person works at Staff0. Please give the person's work " +
			"e-mail or employee number.",
		"Waiting for the person's approval. Code 7K3F-9QXM. Nothing has to be sent; keep " +
			"watching this task.",
		"Not confirmed: no approval was given in time."} {
		for _, question := range questions {
			wantAnswered(t, "> "+said+"\n\n"+question)
			wantAnswered(t, question+"\n\n> "+said)
			wantAnswered(t, "You wrote: \""+said+"\" "+question)
		}
	}
}

// HTML, Markdown, and the thread below.
func TestRemnants(t *testing.T) {
	for _, question := range questions {
		for _, form := range []string{"<p>%s</p>", "<div><span style=\"color:red\">%s</span></div>",
			"**%s**", "> \n%s", "# Question\n\n%s", "- %s", "1. %s", "```\n%s\n```", "“%s”",
			"%s\n\n---\n", "%s<br><br>Regards<br>Ann", "&lt;%s&gt;", "%s &amp; thanks",
			"%s\n\nOn Tuesday, HR <hr@staff0.com> wrote:\n> Who is it about? asmith@staff0.com?",
			"%s\n\n-----Original Message-----\nFrom: hr@staff0.com\nTo: " +
				"ann@lender.example\n\nWho? asmith@staff0.com?",
			"From: ann@lender.example\nTo: hr@staff0.com\nSubject: employment\n\n%s"} {
			wantAnswered(t, fmt.Sprintf(form, question))
		}
	}
}

// spoken is how one language asks, for products over all seven.
type spoken struct {
	asked, stated    string   // a question and a request, %s is the person
	labels, contacts []string // before an address
	closings         []string
	nouns            []string
	ofNoun           string // %s is a noun: nobody is named
}

var languages = map[string]spoken{
	"en": {"Does %s work at Staff0?", "Please confirm that %s is employed by Staff0.",
		[]string{"email", "e-mail", "mail", "work email"}, []string{"contact", "Email"},
		[]string{"Best regards,", "Yours faithfully,"}, []string{"tenant", "guarantor", "spouse"},
		"We would like to know whether the %s is employed at Staff0."},
	"de": {"Arbeitet %s bei Staff0?", "Bitte bestätigen Sie, dass %s bei Staff0 angestellt ist.",
		[]string{"E-Mail", "email", "Mail", "E-Mail-Adresse"}, []string{"Kontakt", "E-Mail"},
		[]string{"Mit freundlichen Grüßen", "Viele Grüße"}, []string{"Mieter", "Bürge", "kunde"},
		"Wir möchten wissen, ob der %s bei Staff0 beschäftigt ist."},
	"fr": {"Est-ce que %s travaille chez Staff0 ?",
		"Merci de confirmer que %s est employé chez Staff0.",
		[]string{"e-mail", "email", "courriel", "adresse e-mail"}, []string{"contact", "E-mail"},
		[]string{"Cordialement,", "Bien à vous,"}, []string{"locataire", "garant", "client"},
		"Nous voudrions savoir si le %s est employé chez Staff0."},
	"es": {"¿Trabaja %s en Staff0?", "Confirmen por favor que %s es empleado de Staff0.",
		[]string{"correo", "email", "e-mail", "correo electrónico"}, []string{"contacto", "Correo"},
		[]string{"Un saludo,", "Atentamente,"}, []string{"inquilino", "fiador", "cliente"},
		"Queremos saber si el %s está empleado en Staff0."},
	"it": {"%s lavora presso Staff0?", "Vi preghiamo di confermare che %s è dipendente di Staff0.",
		[]string{"e-mail", "email", "mail", "indirizzo e-mail"}, []string{"contatto", "E-mail"},
		[]string{"Cordiali saluti,", "Distinti saluti"},
		[]string{"inquilino", "garante", "cliente"},
		"Vorremmo sapere se il %s è impiegato presso Staff0."},
	"pt": {"%s trabalha na Staff0?", "Por favor confirmem que %s é funcionário da Staff0.",
		[]string{"e-mail", "email", "mail", "endereço de e-mail"}, []string{"contato", "E-mail"},
		[]string{"Atenciosamente,", "Com os melhores cumprimentos,"},
		[]string{"inquilino", "fiador", "cliente"},
		"Gostaríamos de saber se o %s está empregado na Staff0."},
	"ja": {"%sはStaff0で働いていますか?", "%sがStaff0の社員であることを確認してください。",
		[]string{"メール", "メールアドレス", "email", "Eメール"}, []string{"連絡先", "メール"},
		[]string{"よろしくお願いします。", "敬具"}, []string{"借主", "保証人", "顧客"},
		"%sがStaff0に雇用されているか教えてください。"},
}

// An address behind its label, in every language: with a comma, in brackets, with a colon.
func TestLabelledAddresses(t *testing.T) {
	for _, l := range languages {
		for _, form := range []string{l.asked, l.stated} {
			for _, label := range l.labels {
				for _, person := range []string{"John Doe, %s jdoe@staff0.com,",
					"John Doe (%s jdoe@staff0.com)", "John Doe (%s: jdoe@staff0.com)"} {
					wantAnswered(t, fmt.Sprintf(form, fmt.Sprintf(person, label)))
				}
			}
			for _, label := range l.contacts {
				wantAnswered(t, fmt.Sprintf(form, "John Doe ("+label+": jdoe@staff0.com)"))
				wantAnswered(t, fmt.Sprintf(form, "John Doe, "+label+": jdoe@staff0.com,"))
			}
		}
	}
}

// A letter's frame in every language: who is greeted, who signs, and how to reach them.
func TestLettersInEveryLanguage(t *testing.T) {
	for _, l := range languages {
		for _, form := range []string{l.asked, l.stated} {
			for _, person := range []string{"jdoe@staff0.com", "John Doe (jdoe@staff0.com)"} {
				question := fmt.Sprintf(form, person)
				for _, closing := range l.closings {
					for _, end := range []string{"Ann Moore",
						"Ann Moore\nUnion Savings Bank\nTel. 555-010-4477",
						"Ann Moore\nann@lender.example\n+41 44 555.01.02\nwww.lender.example",
						"Dr. Jane Roe, Income & Trust plc\nFax 01-23-45-67-89"} {
						wantAnswered(t, question+"\n\n"+closing+"\n"+end)
						wantAnswered(t, "> "+question+"\n\n"+question+"\n\n"+closing+"\n"+end)
					}
				}
				wantAnswered(t, "<p>"+question+"</p>")
				wantAnswered(t, "**"+question+"**")
			}
		}
		// Who signs may be one of ours, too.
		for _, closing := range l.closings {
			wantAnswered(t, "jdoe@staff0.com\n\n"+fmt.Sprintf(l.ofNoun, l.nouns[0])+"\n\n"+closing+
				"\nAnn Moore\nasmith@staff0.com")
		}
	}
}

// Whoever is only called by what he is, is asked after.
func TestNounsInEveryLanguage(t *testing.T) {
	for _, l := range languages {
		for _, noun := range l.nouns {
			for _, text := range []string{fmt.Sprintf(l.ofNoun, noun), fmt.Sprintf(l.asked, noun)} {
				if q := newReader().Read(t.Context(), []string{text}); q.Outcome != AskWho &&
					q.Outcome != AskAnything {
					t.Errorf("%q: %+v", text, q)
				}
			}
		}
	}
}

// The lists can be read by whoever has to change them: each says what it is for, nothing stands in
// two of them, and no word of theirs is in the code.
func TestLists(t *testing.T) {
	l := lists() // panics if something stands twice
	for _, prefixes := range l.prefixes {
		for _, p := range prefixes {
			for _, q := range prefixes {
				if p != q && strings.HasPrefix(p.text, q.text) && p.class != q.class {
					t.Errorf("%s* and %s* are in two lists", p.text, q.text)
				}
			}
			if n := l.phrases.next[p.text]; n != nil && n.class != none && n.class != p.class {
				t.Errorf("%s and %s* are in two lists", p.text, p.text)
			}
		}
	}
	files, err := wordFiles.ReadDir("words")
	if err != nil || len(files) != 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		text, err := wordFiles.ReadFile("words/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "[") && !strings.Contains(line, "# ") {
				t.Errorf("%s: %s says not what it is for", f.Name(), strings.TrimSpace(line))
			}
		}
	}
	for _, file := range []string{"scan.go", "view.go", "who.go", "what.go", "names.go"} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(code)) {
			line, _, _ = strings.Cut(line, "//")
			for i, part := range strings.Split(line, `"`) {
				if i%2 == 1 && len(part) > 3 && part != companyWord && l.phrases.next[part] != nil {
					t.Errorf("%s holds the word %q", file, part)
				}
			}
		}
	}
}

// FuzzRead: whatever is written, the person is one that stands there, and nothing panics.
func FuzzRead(f *testing.F) {
	for _, q := range questions {
		f.Add(q, "jdoe@staff0.com")
	}
	f.Add("Is 1002 <b>&amp;</b> employed=E1001?", "auth0|x")
	f.Fuzz(func(t *testing.T, first, second string) {
		texts := []string{first, second}
		q := newReader().Read(t.Context(), texts)
		if q.Outcome == Answerable {
			all := plain(first) + "\n" + plain(second)
			if !strings.Contains(all, q.Identifier) || q.Identifier == "" {
				t.Errorf("%q names %q", texts, q.Identifier)
			}
			if q.Name != "" && !strings.Contains(all, q.Name) {
				t.Errorf("%q names %q", texts, q.Name)
			}
		}
		for _, w := range q.Which {
			if !strings.Contains(plain(first)+"\n"+plain(second), w) {
				t.Errorf("%q names %q", texts, w)
			}
		}
		v := newReader().view(texts)
		text, shown := v.masked()
		for _, m := range shown {
			if m.kind != EmployeeNumber && strings.Contains(text, m.text) {
				t.Errorf("the model is shown %q in %q", m.text, text)
			}
		}
	})
}

// FuzzScan: whatever is written, mentions are cut from the text where they stand, none over
// another, and tokens follow each other.
func FuzzScan(f *testing.F) {
	for _, text := range []string{"a@b.c|auth0|x", "メールはjdoe@staff0.comです", "id=E1001/E1002",
		"_a@b_ <mailto:a@b?x=c@d>", "x.@.y@@z'’s", "a\u200b@\uff20b", "employee number 7, 8"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := newReader().view([]string{text})
		for i, m := range v.mentions {
			if m.start >= m.end || m.end > len(v.texts[0]) || v.texts[0][m.start:m.end] != m.text {
				t.Fatalf("%q: %+v", text, m)
			}
			for _, o := range v.mentions[:i] {
				if m.start < o.end && o.start < m.end {
					t.Fatalf("%q: %q and %q", text, o.text, m.text)
				}
			}
		}
		last := 0
		for i := range v.sentences {
			for _, tok := range v.sentences[i].tokens {
				if tok.start < last || tok.end <= tok.start {
					t.Fatalf("%q: a token at %d to %d behind %d", text, tok.start, tok.end, last)
				}
				last = tok.end
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for name, text := range map[string]string{
		"usual":  "Does John Doe with email jdoe@staff0.com work at Staff0?",
		"letter": strings.Repeat("We are asking about jdoe@staff0.com, who works here. ", 20),
		"8 KiB":  strings.Repeat("Regards to E1001, a@b.example and Mr. Aa van Bb! ", MaxText/50),
	} {
		b.Run(name, func(b *testing.B) {
			r := newReader()
			b.ReportAllocs()
			for b.Loop() {
				r.Read(b.Context(), []string{text})
			}
		})
	}
}
