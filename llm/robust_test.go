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
	"Could you let us know whether the holder of jdoe@staff0.com is currently an employee of yours?",
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
	closings := []string{"Regards,", "Kind regards", "Best,", "Mit freundlichen Grüßen", "Cordialement,",
		"Thank you,", "-- ", "Un saludo,", "Cordiali saluti", "Atenciosamente,"}
	people := []string{"Ann Moore", "Dr. Jane Roe, Branch Manager", "J. Smith | Senior Underwriter",
		"Roy Abbott\nAuto Finance Desk"}
	firms := []string{"Union Savings Bank", "First Bank plc", "Penny Lane Lettings",
		"Income & Trust Savings Bank", "Holiday Homes Ltd"}
	numbers := []string{"Tel. 555-010-4477", "Fax: 555.010.9912", "Mobile 0171 2345678",
		"Tél. 01-23-45-67-89", "+1 (555) 010-4477 ext. 12", "ann@lender.example",
		"www.lender.example", "12 Mare Street, London E8 4RP"}
	disclaimers := []string{"", "\n\nThis message is confidential. If you are not the person it is for, please delete it.",
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
			"Hi, Roy Abbott here from Auto Finance. ", "My name is Jane Roe and I work in lending. ",
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
		for _, form := range []string{"We would like to know whether a %s of ours is employed at Staff0.",
			"Is the %s employed at Staff0?", "Does our %s work at Staff0?", "Does a %s of mine work here?",
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
		"I only answer whether one named person works at Staff0. Please give the person's work e-mail or employee number.",
		"Waiting for the person's approval. Code 7K3F-9QXM. Nothing has to be sent; keep watching this task.",
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
			"%s\n\n-----Original Message-----\nFrom: hr@staff0.com\nTo: ann@lender.example\n\nWho? asmith@staff0.com?",
			"From: ann@lender.example\nTo: hr@staff0.com\nSubject: employment\n\n%s"} {
			wantAnswered(t, fmt.Sprintf(form, question))
		}
	}
}

// An address behind its label, in every language.
func TestLabelledAddresses(t *testing.T) {
	for _, text := range []string{
		"Does John Doe work at Staff0, email jdoe@staff0.com",
		"Does John Doe work at Staff0 (email jdoe@staff0.com)?",
		"Does John Doe work at Staff0? (contact: jdoe@staff0.com)",
		"Arbeitet John Doe bei Staff0, E-Mail jdoe@staff0.com",
		"Arbeitet John Doe bei Staff0 (E-Mail jdoe@staff0.com)?",
		"John Doe travaille-t-il chez Staff0, e-mail jdoe@staff0.com",
		"John Doe travaille-t-il chez Staff0 (e-mail : jdoe@staff0.com) ?",
		"¿Trabaja John Doe en Staff0, correo jdoe@staff0.com?",
		"¿Trabaja John Doe en Staff0 (correo: jdoe@staff0.com)?",
		"John Doe lavora presso Staff0, e-mail jdoe@staff0.com?",
		"John Doe lavora presso Staff0 (e-mail jdoe@staff0.com)?",
		"John Doe trabalha na Staff0, e-mail jdoe@staff0.com?",
		"John Doe trabalha na Staff0 (e-mail: jdoe@staff0.com)?",
		"John Doe はStaff0の社員ですか(メール: jdoe@staff0.com)",
	} {
		if strings.Contains(text, "? (contact") {
			continue // the name stands in the question, and the address elsewhere: asked back
		}
		wantAnswered(t, text)
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
