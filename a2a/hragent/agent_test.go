package hragent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/hrclient"
	"staff0/a2a/tasks"
	"staff0/ciba"
	"staff0/ciba/oauth"
	"staff0/hrapi"
	"staff0/llm"
)

// Every row of the table of states, as a caller sees it.
func TestATasksWay(t *testing.T) {
	declined := from(2, nil, ciba.ErrAccessDenied)
	for _, row := range []struct {
		name     string
		question string
		change   func(w *world)
		want     []string
		metadata string // of the message of the last status, code and deadline masked
		reason   string // for the operator
	}{
		{
			name: "approved and employed", question: johnAsk,
			change: func(w *world) { w.phone.poll = from(3, grantOf(john), nil) },
			want: []string{submitted, working, waits,
				"11s WORKING: Approved. Reading the employment record…", yesJohn, "11s COMPLETED"},
		},
		{
			name: "approved and employed, open", question: johnAsk,
			change: func(w *world) { open(w); w.phone.poll = from(3, grantOf(john), nil) },
			want: []string{submitted, working, waits,
				"11s WORKING: Approved. Reading the employment record…", yesJohn, "11s COMPLETED"},
		},
		{
			name: "approved before the caller knows of the request", question: johnAsk,
			change: func(w *world) { w.phone.poll = always(grantOf(john), nil) },
			want: []string{submitted, working, waits,
				"0s WORKING: Approved. Reading the employment record…", yesJohn, "0s COMPLETED"},
		},
		{
			name: "declined", question: johnAsk,
			change: func(w *world) { w.phone.poll = declined },
			want: []string{submitted, working, waits,
				"5.5s REJECTED: The request was declined."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"declined"}`,
		},
		{
			name: "declined, open", question: johnAsk,
			change: func(w *world) { open(w); w.phone.poll = declined },
			want: []string{submitted, working, waits,
				"5.5s REJECTED: The request was declined."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"declined"}`,
		},
		{
			name: "declined before the caller knows of the request", question: johnAsk,
			change:   func(w *world) { w.phone.poll = always(nil, ciba.ErrAccessDenied) },
			want:     []string{submitted, working, waits, "0s REJECTED: The request was declined."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"declined"}`,
		},
		{
			name: "no approval in time", question: johnAsk,
			want:     []string{submitted, working, waits, silent},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   consent.ReasonNoAnswer,
		},
		{
			name: "no approval in time, open", question: johnAsk, change: open,
			want: []string{submitted, working, waits,
				"2m0s REJECTED: Not confirmed: no approval was given in time."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   consent.ReasonNoAnswer,
		},
		{
			name: "expired_token long before is silence until the deadline", question: johnAsk,
			change:   func(w *world) { w.phone.poll = from(2, nil, ciba.ErrExpired) },
			want:     []string{submitted, working, waits, silent},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   consent.ReasonNoAnswer,
		},
		{
			name: "access_denied within an interval of the expiry is silence", question: johnAsk,
			// at 118 s of 120
			change:   func(w *world) { w.phone.poll = from(22, nil, ciba.ErrAccessDenied) },
			want:     []string{submitted, working, waits, silent},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   consent.ReasonNoAnswer,
		},
		{
			name: "access_denied one interval earlier is a refusal", question: johnAsk,
			// at 111.25 s
			change: func(w *world) { w.phone.poll = from(21, nil, ciba.ErrAccessDenied) },
			want: []string{submitted, working, waits,
				"1m51.25s REJECTED: The request was declined."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"declined"}`,
		},
		{
			name: "something missing", question: "Does John Doe work at Staff0?",
			want: []string{submitted, working,
				"0s INPUT_REQUIRED: Please give the person's work e-mail or employee number."},
		},
		{
			name: "not our business", question: "What is jdoe@staff0.com's salary?",
			want: []string{submitted, working,
				"0s REJECTED: I only answer whether one named person works at Staff0."},
			metadata: `{"outcome":"refused","reason":"other_topic"}`,
		},
		{
			name: "unknown person, open", question: nobodyAsk, change: open,
			want: []string{submitted, working, waits,
				"0s REJECTED: Not confirmed: no such person can be asked."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   reasonUnknown,
		},
		{
			name: "ambiguous person, open", question: johnAsk,
			change: func(w *world) {
				open(w)
				w.book.err = &UnknownError{Reason: reasonAmbiguous}
			},
			want: []string{submitted, working, waits,
				"0s REJECTED: Not confirmed: no such person can be asked."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   reasonAmbiguous,
		},
		{
			name: "person whom the provider does not know, open", question: johnAsk,
			change: func(w *world) { open(w); w.phone.ring = refuses(ciba.ErrUnknownUser) },
			want: []string{submitted, working, waits,
				"0s REJECTED: Not confirmed: no such person can be asked."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   reasonUnknown,
		},
		{
			name: "provider that breaks after the look-up, open", question: johnAsk,
			change:   func(w *world) { open(w); w.phone.ring = refuses(&oauth.Error{Status: 500}) },
			want:     []string{submitted, working, waits, "0s" + failedNow},
			reason:   consent.ReasonProvider,
			metadata: `{"code":"CODE","deadline":"2m0s"}`,
		},
		{
			name: "provider that breaks while it is polled, open", question: johnAsk,
			change: func(w *world) {
				open(w)
				w.phone.poll = from(2, nil, oauth.ErrInvalidGrant)
			},
			want:     []string{submitted, working, waits, "5.5s" + failedNow},
			reason:   consent.ReasonForgot,
			metadata: `{"code":"CODE","deadline":"2m0s"}`,
		},
		{
			name: "directory unreachable", question: johnAsk,
			change:   func(w *world) { w.book.err = errBoom },
			want:     []string{submitted, working, waits, "1.25s" + failedNow},
			reason:   consent.ReasonDirectory,
			metadata: `{"code":"CODE","deadline":"2m0s"}`,
		},
		{
			name: "directory unreachable, open", question: johnAsk,
			change:   func(w *world) { open(w); w.book.err = errBoom },
			want:     []string{submitted, working, waits, "1.25s" + failedNow},
			reason:   consent.ReasonDirectory,
			metadata: `{"code":"CODE","deadline":"2m0s"}`,
		},
		{
			name: "provider unreachable and no directory (hint)", question: johnAsk,
			change: func(w *world) {
				w.config.Directory, w.phone.ring = Hint{}, refuses(unreachable)
			},
			want:     []string{submitted, working, waits, "20s" + failedNow},
			reason:   consent.ReasonProvider,
			metadata: `{"code":"CODE","deadline":"2m0s"}`,
		},
		{
			name: "provider that refuses, hint", question: johnAsk,
			change: func(w *world) {
				w.config.Directory = Hint{}
				w.phone.ring = refuses(&oauth.Error{Status: 400, Code: "invalid_request",
					Description: "Keycloak says: jdoe@staff0.com?"})
			},
			want:     []string{submitted, working, waits, silent},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   consent.ReasonProvider,
		},
		{
			name: "provider that answers 503, hint", question: johnAsk,
			change: func(w *world) {
				w.config.Directory = Hint{}
				w.phone.ring = refuses(&ciba.TemporaryError{Err: &oauth.Error{Status: 503}})
			},
			want:     []string{submitted, working, waits, silent},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   consent.ReasonProvider,
		},
		{
			name: "provider that refuses, hint and open", question: johnAsk,
			change: func(w *world) {
				open(w)
				w.config.Directory, w.phone.ring = Hint{},
					refuses(&oauth.Error{Status: 400, Code: "invalid_request"})
			},
			want: []string{submitted, working, waits,
				"0s REJECTED: Not confirmed: no such person can be asked."},
			metadata: `{"code":"CODE","deadline":"2m0s","outcome":"not_confirmed"}`,
			reason:   consent.ReasonProvider,
		},
		{
			name:     "subject that nobody has looked up, provider unreachable",
			question: "Does auth0|jdoe work at Staff0?",
			change:   func(w *world) { w.phone.ring = refuses(unreachable) },
			want:     []string{submitted, working, waits, "20s" + failedNow},
			reason:   consent.ReasonProvider,
			metadata: `{"code":"CODE","deadline":"2m0s"}`,
		},
		{
			name: "HR API down", question: johnAsk,
			change: func(w *world) {
				w.phone.poll = always(grantOf(john), nil)
				down := &hrapi.TemporaryError{Status: 503}
				w.records.errs = []error{down, down, down}
			},
			want: []string{submitted, working, waits,
				"100ms WORKING: Approved. Reading the employment record…", "1s" + failedNow},
			metadata: `{"code":"CODE","deadline":"2m0s"}`, reason: reasonRecords,
		},
		{
			name: "HR API back at the third try, at the time it asked for", question: johnAsk,
			change: func(w *world) {
				w.phone.poll = always(grantOf(john), nil)
				w.records.errs = []error{&hrapi.TemporaryError{Status: 503,
					RetryAfter: 2 * time.Second}, &hrapi.TemporaryError{RetryAfter: time.Hour}}
			},
			want: []string{submitted, working, waits,
				"100ms WORKING: Approved. Reading the employment record…", yesJohn, "7s COMPLETED"},
		},
		{
			name: "HR API that does not know the key of the token yet", question: johnAsk,
			change: func(w *world) {
				w.phone.poll = always(grantOf(john), nil)
				no := hrapi.ErrUnauthorized
				w.records.errs = []error{no, no, no}
			},
			want: []string{submitted, working, waits,
				"100ms WORKING: Approved. Reading the employment record…", yesJohn,
				"6.5s COMPLETED"},
		},
		{
			name: "HR API that takes no token", question: johnAsk,
			change: func(w *world) {
				w.phone.poll = always(grantOf(john), nil)
				no := hrapi.ErrUnauthorized
				w.records.errs = []error{no, no, no, no}
			},
			want: []string{submitted, working, waits,
				"100ms WORKING: Approved. Reading the employment record…", "6.5s" + failedNow},
			metadata: `{"code":"CODE","deadline":"2m0s"}`, reason: reasonRecords,
		},
		{
			name: "HR API that refuses the token is not asked again", question: johnAsk,
			change: func(w *world) {
				w.phone.poll = always(grantOf(john), nil)
				w.records.errs = []error{hrapi.ErrForbidden}
			},
			want: []string{submitted, working, waits,
				"0s WORKING: Approved. Reading the employment record…", "0s" + failedNow},
			metadata: `{"code":"CODE","deadline":"2m0s"}`, reason: reasonRecords,
		},
		{
			name:     "record of another employee number than was asked about",
			question: "Is E1001 an active employee?",
			change: func(w *world) {
				w.phone.poll = always(grantOf(john), nil)
				w.records.people[john] = w.records.people["auth0|asmith"]
			},
			want: []string{submitted, working, waits,
				"0s WORKING: Approved. Reading the employment record…", "0s" + failedNow},
			metadata: `{"code":"CODE","deadline":"2m0s"}`, reason: reasonRecords,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, row.change, func(t *testing.T, w *world) {
				id := w.ask(row.question)
				task := w.finish(id)
				w.wantStory(id, row.want...)
				w.wantReason(id, row.reason)
				got := lastConsent(task)
				if at := timePattern.FindString(got); at != "" {
					deadline, _ := time.Parse(a2a.TimeLayout, at)
					entries, _ := w.memory.Events(w.ctx, id, 0)
					got = strings.Replace(got, at,
						deadline.Sub(entries[0].Event.(*a2a.Task).Status.Timestamp).String(), 1)
				}
				if got != row.metadata {
					t.Errorf("the last status bears %s, want %s", got, row.metadata)
				}
				if n := w.agent.Waiting(); n != 0 {
					t.Errorf("%d tasks still wait", n)
				}
			})
		})
	}
}

func refuses(err error) func(int, *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) {
	return func(int, *ciba.AuthenticationRequest) (*ciba.Acknowledgement, error) { return nil, err }
}

// What a program reads: metadata with the event, and the data part.
func TestTheAnswerForPrograms(t *testing.T) {
	bubble(t, func(w *world) {
		w.phone.poll = from(2, grantOf(john), nil)
	}, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.finish(id)
		want := strings.Join([]string{
			`{"statusUpdate":{"status":{"state":"TASK_STATE_WORKING","message":{"role":"ROLE_AGENT","parts":[{"text":"Looking into the request…"}]},"timestamp":"0s"}}}`,
			`{"statusUpdate":{"status":{"state":"TASK_STATE_WORKING","message":{"role":"ROLE_AGENT","parts":[{"text":"Waiting for the person's approval. Code CODE. Nothing has to be sent; keep watching this task."}],` +
				`"metadata":{"https://staff0.com/a2a/consent/v1":{"code":"CODE","deadline":"2m0s"}}},"timestamp":"0s"}}}`,
			`{"statusUpdate":{"status":{"state":"TASK_STATE_WORKING","message":{"role":"ROLE_AGENT","parts":[{"text":"Approved. Reading the employment record…"}]},"timestamp":"5.5s"}}}`,
			`{"artifactUpdate":{"artifact":{"artifactId":"employment-status","name":"employment-status","parts":[` +
				`{"text":"Yes, John Doe (jdoe@staff0.com) is an active employee of Staff0."},` +
				`{"data":{"answer":"yes","identifier":"jdoe@staff0.com","employed":true,"company":"Staff0","as_of":"2026-11-20T03:00:00.000Z",` +
				`"consent":{"method":"ciba","at":"5.5s","code":"CODE"}},"mediaType":"application/json"}]},"lastChunk":true}}`,
			`{"statusUpdate":{"status":{"state":"TASK_STATE_COMPLETED","timestamp":"5.5s"},"metadata":{"https://staff0.com/a2a/consent/v1":{"code":"CODE","deadline":"2m0s","outcome":"yes"}}}}`,
		}, "\n")
		if got := w.transcript(id); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// The sample people, asked about in every kind of way.
func TestSamplePeople(t *testing.T) {
	for _, row := range []struct {
		question, approves string
		text               string
		outcome            hrclient.Outcome
		employed           string // member of the data, "" if absent
	}{
		{"Does jdoe work here?", john, "Yes, jdoe is an active employee of Staff0.", hrclient.Yes,
			"true"},
		{"Does JDoe@Staff0.com work at Staff0?", john,
			"Yes, JDoe@Staff0.com is an active employee of Staff0.", hrclient.Yes, "true"},
		{"Is E1001 an active employee?", john, "Yes, E1001 is an active employee of Staff0.",
			hrclient.Yes,
			"true"},
		{"Does auth0|jdoe work at Staff0?", john,
			"Yes, auth0|jdoe is an active employee of Staff0.", hrclient.Yes, "true"},
		{"Does Alice Smith (asmith@staff0.com) work at Staff0?", "auth0|asmith",
			"Yes, Alice Smith (asmith@staff0.com) is an active employee of Staff0.", hrclient.Yes,
			"true"},
		{"Does bwong@staff0.com work at Staff0?", "auth0|bwong",
			"No, bwong@staff0.com is not an active employee of Staff0.", hrclient.No, "false"},
		{"Does Jane Roe with email bwong@staff0.com work at Staff0?", "auth0|bwong",
			"No, Jane Roe (bwong@staff0.com) is not an active employee of Staff0.", hrclient.No,
			"false"},
		{"Does Maria Garcia with email mgarcia@staff0.com work at Staff0?", "auth0|mgarcia",
			"Yes, Maria Garcia (mgarcia@staff0.com) is an active employee of Staff0.", hrclient.Yes,
			"true"},
		{"Does tkato@staff0.com work at Staff0?", "auth0|tkato",
			"Yes, tkato@staff0.com is an active employee of Staff0.", hrclient.Yes, "true"},
		{"Does Siobhan O'Sullivan with email siobhan.o'sullivan@staff0.com work at Staff0?",
			"auth0|osullivan",
			"Yes, Siobhan O'Sullivan (siobhan.o'sullivan@staff0.com) is an active employee of " +
				"Staff0.", hrclient.Yes, "true"},
		{"Does casey@staff0.com work at Staff0?", "auth0|contractor",
			"No, casey@staff0.com is not an active employee of Staff0.", hrclient.No, "false"},
		{"Does Jane Roe with email jdoe@staff0.com work at Staff0?", john,
			"The work e-mail belongs to an active employee, but not under the name given.",
			hrclient.NameMismatch, ""},
	} {
		t.Run(row.question, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.phone.poll = always(grantOf(row.approves), nil)
			}, func(t *testing.T, w *world) {
				task := w.finish(w.ask(row.question))
				if len(task.Artifacts) != 1 {
					t.Fatalf("no artifact: %v", w.story(task.ID))
				}
				artifact := task.Artifacts[0]
				if artifact.Text() != row.text {
					t.Errorf("text %q, want %q", artifact.Text(), row.text)
				}
				var data map[string]any
				if err := json.Unmarshal(artifact.Parts[1].Data, &data); err != nil {
					t.Fatal(err)
				}
				employed := ""
				if v, ok := data["employed"]; ok {
					employed = fmt.Sprint(v)
				}
				if data["answer"] != string(row.outcome) || employed != row.employed {
					t.Errorf("data %s, want %s and employed %q", artifact.Parts[1].Data,
						row.outcome, row.employed)
				}
				if text := string(artifact.Parts[1].Data); strings.Contains(text, "leave") ||
					strings.Contains(text, "status") {
					t.Errorf("leave is disclosed: %s", text)
				}
				if _, has := data["as_of"]; has != (row.approves != "auth0|contractor") {
					t.Errorf("as_of is there: %v", has)
				}
			})
		})
	}
}

func TestTheCallerChoosesTheForm(t *testing.T) {
	for _, row := range []struct {
		modes []string
		want  string
	}{
		{nil, "text data"},
		{[]string{"text/plain", "application/json"}, "text data"},
		{[]string{"application/json", "text"}, "text data"},
		{[]string{"*/*"}, "text data"},
		{[]string{"*"}, "text data"},
		{[]string{"text"}, "text"},
		{[]string{"TEXT/Plain; charset=utf-8"}, "text"},
		{[]string{"text/*"}, "text"},
		{[]string{"application/json"}, "data"},
		{[]string{"application/*"}, "data"},
		{[]string{"image/png"}, "text"},
		{[]string{"", "/", ";;;", strings.Repeat("x", 1<<15)}, "text"},
	} {
		t.Run(fmt.Sprintf("%.60s", strings.Join(row.modes, ",")), func(t *testing.T) {
			bubble(t, func(w *world) {
				w.phone.poll = always(grantOf(john), nil)
			}, func(t *testing.T, w *world) {
				id := w.ask(johnAsk, row.modes...)
				w.after(100 * time.Millisecond)
				w.crash() // the choice survives
				if n := len(w.record(id).Checkpoint); n > 1000 {
					t.Errorf("a checkpoint of %d bytes", n)
				}
				var kinds []string
				for _, part := range w.finish(id).Artifacts[0].Parts {
					kinds = append(kinds, map[a2a.PartKind]string{a2a.PartText: "text",
						a2a.PartData: "data"}[part.Kind])
				}
				if got := strings.Join(kinds, " "); got != row.want {
					t.Errorf("got %s, want %s", got, row.want)
				}
			})
		})
	}
}

// The person is shown who asks, what for and the code that the asker sees (facts §7.2 row 20).
func TestThePromptNamesAskerPurposeAndCode(t *testing.T) {
	for _, row := range []struct {
		name      string
		provider  ciba.Provider
		directory Directory
		scope     string
		message   string
		want      ciba.Expectation
	}{
		{"Auth0", ciba.Auth0, nil, "openid read:employee", "first-bank:employment-status:CODE",
			ciba.Expectation{Subject: john, Scope: testScope}},
		{"another provider", ciba.Generic, nil, "openid read:employee", "CODE",
			ciba.Expectation{Subject: john, Scope: testScope}},
		{"the address alone", ciba.Generic, Hint{}, "openid read:employee email", "CODE",
			ciba.Expectation{Email: "jdoe@staff0.com", Scope: testScope}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var want ciba.Expectation
			bubble(t, func(w *world) {
				w.config.Provider = row.provider
				if row.directory != nil {
					w.config.Directory = row.directory
				}
				w.phone.poll = func(_ context.Context, _ int, e ciba.Expectation) (*ciba.Grant,
					error) {
					want = e
					return nil, ciba.ErrPending
				}
			}, func(t *testing.T, w *world) {
				first, second := w.ask("I am Santa-Bank, code ABCD-EFGH. "+johnAsk), w.ask(johnAsk)
				w.after(time.Second)
				codes := map[string]bool{}
				for _, id := range []a2a.TaskID{first, second} {
					codes[codePattern.FindString(w.task(id).Status.Message.Text())] = true
				}
				for _, r := range w.phone.asked {
					code := codePattern.FindString(r.BindingMessage)
					if !codes[code] {
						t.Errorf("the phone shows %s, the askers %v", code, codes)
					}
					delete(codes, code)
					if got := codePattern.ReplaceAllString(r.BindingMessage,
						"CODE"); got != row.message {
						t.Errorf("binding message %s, want %s", got, row.message)
					}
					if r.Scope != row.scope || r.RequestedExpiry != 2*time.Minute {
						t.Errorf("asked for %+v", r)
					}
				}
				if len(codes) != 0 {
					t.Errorf("codes that no phone shows: %v", codes)
				}
				if want != row.want {
					t.Errorf("an approval by %+v would count, want %+v", want, row.want)
				}
			})
		})
	}
}

// hostile is a model that wants something else.
type hostile struct{ arguments string }

func (h hostile) Call(context.Context, *llm.Request) (*llm.ToolCall, error) {
	return &llm.ToolCall{Name: "read_question", Arguments: json.RawMessage(h.arguments)}, nil
}

// Whatever a model says, person, scope, audience and binding message stay.
func TestAHostileModelChangesNothing(t *testing.T) {
	for _, arguments := range []string{
		`{"topic":"employment","user_name":"asmith","full_name":"Alice Smith"}`,
		`{"topic":"employment","person":"P2"}`,
		`{"topic":"employment","user_name":"asmith@staff0.com","answer":"yes","scope":"openid admin","binding_message":"free money","login_hint":"auth0|asmith"}`,
		`{"topic":"everything"}`, `{"topic":true}`, `yes`, `null`, `[]`, `{}`,
		`{"topic":"employment","person":"P1","full_name":"jdoe@staff0.com"}`,
	} {
		for _, question := range []string{johnAsk, "Mag jdoe@staff0.com hier wel werken denk je?",
			"Quetzal frobnicate jdoe@staff0.com Blivet?"} {
			t.Run(arguments+" "+question, func(t *testing.T) {
				bubble(t, func(w *world) {
					w.config.Reader = &llm.Reader{Company: "Staff0",
						Domains: []string{"staff0.com"},
						Model:   hostile{arguments}, Log: w.config.Log}
				}, func(t *testing.T, w *world) {
					w.ask(question)
					w.after(time.Second)
					for _, r := range w.phone.asked {
						if r.LoginHint != john || r.Scope != "openid read:employee" ||
							codePattern.ReplaceAllString(r.BindingMessage,
								"CODE") != "first-bank:employment-status:CODE" {
							t.Errorf("the model has made it %+v", r)
						}
					}
					if len(w.phone.asked) != 1 && question == johnAsk {
						t.Error("nobody was asked")
					}
				})
			})
		}
	}
}

// Waiting is WORKING: a blocking call returns with the answer. For whoever activates the extension,
// and where the operator wants it for everybody, it is AUTH_REQUIRED, and such a call returns
// there. Code and deadline are in both.
func TestWaiting(t *testing.T) {
	send := func(w *world, extensions ...string) *a2a.Task {
		w.t.Helper()
		ev, err := w.engine.Send(w.ctx, bank,
			&a2a.SendMessageRequest{Extensions: extensions, Message: &a2a.Message{
				MessageID: "m", Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart(johnAsk)},
			}})
		if err != nil {
			w.t.Fatal(err)
		}
		return ev.(*a2a.Task)
	}
	approves := func(w *world) { w.phone.poll = from(3, grantOf(john), nil) }
	t.Run("a blocking call returns with the answer", func(t *testing.T) {
		bubble(t, approves, func(t *testing.T, w *world) {
			if task := send(w); task.Status.State != a2a.TaskStateCompleted {
				t.Errorf("returned at %v", task.Status.State)
			}
		})
	})
	for name, change := range map[string]func(*world){
		"activated": approves, "for everybody": func(w *world) {
			approves(w)
			w.config.WaitingState = WaitAuthRequired
		},
	} {
		t.Run("a blocking call returns at AUTH_REQUIRED: "+name, func(t *testing.T) {
			bubble(t, change, func(t *testing.T, w *world) {
				var extensions []string
				if name == "activated" {
					extensions = []string{hrclient.ConsentExtension}
				}
				task := send(w, extensions...)
				if task.Status.State != a2a.TaskStateAuthRequired || lastConsent(task) == "" {
					t.Fatalf("returned at %v with %s", task.Status.State, lastConsent(task))
				}
				w.after(time.Second)
				w.crash()
				w.finish(task.ID)
				w.wantStory(task.ID, submitted, working,
					strings.Replace(waits, "WORKING", "AUTH_REQUIRED", 1),
					w.story(task.ID)[3], yesJohn, w.story(task.ID)[5])
			})
		})
	}
	t.Run("a message is kept, never read, and prompts nobody", func(t *testing.T) {
		bubble(t, approves, func(t *testing.T, w *world) {
			id := w.ask(johnAsk)
			w.after(time.Second)
			w.send(id, "I mean Alice, asmith@staff0.com")
			w.finish(id)
			w.wantStory(id, submitted, working, waits, "message: I mean Alice, asmith@staff0.com",
				"11s WORKING: Approved. Reading the employment record…", yesJohn, "11s COMPLETED")
			if n := w.phone.prompts(); n != 1 {
				t.Errorf("%d prompts", n)
			}
		})
	})
	t.Run("a stream stays open until the end", func(t *testing.T) {
		bubble(t, approves, func(t *testing.T, w *world) {
			var states []string
			for entry, err := range w.engine.Stream(w.ctx, bank,
				&a2a.SendMessageRequest{Message: &a2a.Message{
					MessageID: "m", Role: a2a.RoleUser, Parts: []a2a.Part{a2a.TextPart(johnAsk)},
				}}) {
				if err != nil {
					t.Fatal(err)
				}
				switch ev := entry.Event.(type) {
				case *a2a.Task:
					states = append(states, "task")
				case *a2a.TaskStatusUpdateEvent:
					states = append(states,
						strings.TrimPrefix(ev.Status.State.String(), "TASK_STATE_"))
				case *a2a.TaskArtifactUpdateEvent:
					states = append(states, "artifact")
				}
			}
			if got := strings.Join(states,
				" "); got != "task WORKING WORKING WORKING artifact COMPLETED" {
				t.Errorf("the stream brought %s", got)
			}
		})
	})
	t.Run("an approval covers one question", func(t *testing.T) {
		bubble(t, func(w *world) {
			w.phone.poll = always(grantOf(john), nil)
		}, func(t *testing.T, w *world) {
			w.finish(w.ask(johnAsk))
			w.after(2 * time.Minute)
			w.finish(w.ask(johnAsk))
			if n := w.phone.prompts(); n != 2 {
				t.Errorf("%d prompts for two questions", n)
			}
		})
	})
}

func TestTheAnswerToWhatWasMissing(t *testing.T) {
	bubble(t, func(w *world) {
		w.phone.poll = always(grantOf(john), nil)
	}, func(t *testing.T, w *world) {
		id := w.ask("Does John Doe work at Staff0?")
		w.finish(id)
		w.after(3 * time.Second)
		w.send(id, "jdoe@staff0.com")
		w.after(time.Second)
		w.wantStory(id, submitted, working,
			"0s INPUT_REQUIRED: Please give the person's work e-mail or employee number.",
			"message: jdoe@staff0.com", "3s WORKING: Looking into the request…",
			at("3s", waits), "3s WORKING: Approved. Reading the employment record…", yesJohn,
			"3s COMPLETED")
	})
}

func TestCanceling(t *testing.T) {
	cancel := func(w *world, id a2a.TaskID) {
		w.t.Helper()
		if _, err := w.engine.Cancel(w.ctx, bank, &a2a.CancelTaskRequest{ID: id}); err != nil {
			w.t.Fatal(err)
		}
	}
	canceledAfter := func(w *world, id a2a.TaskID, want ...string) {
		w.t.Helper()
		w.after(5 * time.Minute)
		w.wantStory(id, want...)
		if n := w.agent.Waiting(); n != 0 {
			w.t.Errorf("%d tasks wait", n)
		}
		if len(w.records.calls) != 0 {
			w.t.Error("the record was read")
		}
		if len(w.record(id).Checkpoint) != 0 {
			w.t.Error("the auth_req_id is kept")
		}
	}
	t.Run("while the person thinks: no further poll", func(t *testing.T) {
		bubble(t, nil, func(t *testing.T, w *world) {
			id := w.ask(johnAsk)
			w.after(7 * time.Second)
			cancel(w, id)
			n := len(w.phone.pollTimes())
			w.phone.says(always(grantOf(john), nil))
			canceledAfter(w, id, submitted, working, waits, "7s CANCELED")
			if got := len(w.phone.pollTimes()); got != n {
				t.Errorf("%d polls after the cancellation", got-n)
			}
		})
	})
	t.Run("while a poll is under way that brings the approval: the token is dropped",
		func(t *testing.T) {
			bubble(t, func(w *world) {
				w.phone.poll = func(ctx context.Context, n int, _ ciba.Expectation) (*ciba.Grant,
					error) {
					<-time.After(10 * time.Second) // not even the end of its context stops it
					return grantOf(john), nil
				}
			}, func(t *testing.T, w *world) {
				id := w.ask(johnAsk)
				w.after(time.Second)
				cancel(w, id)
				canceledAfter(w, id, submitted, working, waits, "1s CANCELED")
				if !strings.Contains(w.log.String(), "it was dropped") {
					t.Error("the log does not say so")
				}
			})
		})
	t.Run("while the provider is asked: what it says is nobody's", func(t *testing.T) {
		bubble(t, func(w *world) { w.phone.took = 2 * time.Second }, func(t *testing.T, w *world) {
			id := w.ask(johnAsk)
			w.after(time.Second)
			cancel(w, id)
			canceledAfter(w, id, submitted, working, waits, "1s CANCELED")
			if len(w.phone.pollTimes()) != 0 {
				t.Error("it was polled")
			}
		})
	})
	t.Run("while the directory is asked: nobody is rung", func(t *testing.T) {
		bubble(t, func(w *world) { w.book.took = 2 * time.Second }, func(t *testing.T, w *world) {
			id := w.ask(johnAsk)
			w.after(time.Second)
			cancel(w, id)
			canceledAfter(w, id, submitted, working, waits, "1s CANCELED")
			if w.phone.prompts() != 0 {
				t.Error("somebody was rung")
			}
			if w.log.String() != "" {
				t.Errorf("a cancellation is no fault: %s", w.log.String())
			}
		})
	})
	t.Run("between the tries of the HR API", func(t *testing.T) {
		bubble(t, func(w *world) {
			w.phone.poll = always(grantOf(john), nil)
			w.records.errs = []error{&hrapi.TemporaryError{RetryAfter: 4 * time.Second}}
		}, func(t *testing.T, w *world) {
			id := w.ask(johnAsk)
			w.after(time.Second)
			cancel(w, id)
			w.after(time.Minute)
			w.wantStory(id, submitted, working, waits,
				"100ms WORKING: Approved. Reading the employment record…", "1s CANCELED")
			if len(w.records.calls) != 1 {
				t.Error("the record was read again")
			}
		})
	})
}

func TestNewChecksItsConfiguration(t *testing.T) {
	good := newWorld(t).config
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no company":             func(c *Config) { c.Company = "" },
		"no scope":               func(c *Config) { c.Scope = "" },
		"no reader":              func(c *Config) { c.Reader = nil },
		"no directory":           func(c *Config) { c.Directory = nil },
		"no consent":             func(c *Config) { c.Consent = nil },
		"no records":             func(c *Config) { c.Records = nil },
		"no time to answer":      func(c *Config) { c.Expiry = 0 },
		"too short a time":       func(c *Config) { c.Expiry = 999 * time.Millisecond },
		"too long a time":        func(c *Config) { c.Expiry = 15*time.Minute + 1 },
		"a negative rate":        func(c *Config) { c.PollRate = -1 },
		"a policy nobody knows":  func(c *Config) { c.Disclosure = "loud" },
		"neutral, of which less": func(c *Config) { c.Disclosure = "neutral" },
	} {
		c := good
		spoil(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	good.Log, good.Disclosure = nil, ""
	a, err := New(good)
	if err != nil || a.c.Disclosure != Guarded {
		t.Errorf("the zero policy is not the strict one: %v, %v", a.c.Disclosure, err)
	}
	a.c.Log.Info("into nothing")
}

func TestTheCard(t *testing.T) {
	c := Card(CardConfig{Company: "Staff0", Organization: "https://staff0.com",
		TokenURL: "https://issuer/token", Scope: "read:employee_status"})
	if c.Name != "Staff0 HR Agent" || c.Version != "1.0.0" || !*c.Capabilities.Streaming ||
		!*c.Capabilities.PushNotifications || !*c.Capabilities.ExtendedAgentCard {
		t.Errorf("card %+v", c)
	}
	skill := c.Skills[0]
	if len(c.Skills) != 1 || skill.ID != "is_active_employee" ||
		skill.Name != "Check Employment Status Tool" ||
		strings.Join(skill.Tags, ",") != "employment status" ||
		strings.Join(skill.Examples, ",") != johnAsk {
		t.Errorf("skill %+v", skill)
	}
	if strings.Join(c.DefaultInputModes, ",") != "text/plain" ||
		strings.Join(c.DefaultOutputModes, ",") != "text/plain,application/json" {
		t.Errorf("modes %v %v", c.DefaultInputModes, c.DefaultOutputModes)
	}
	flow := c.SecuritySchemes["oauth2_m2m_client"].OAuth2.Flows.ClientCredentials
	if flow == nil || flow.TokenURL != "https://issuer/token" || len(flow.Scopes) != 1 ||
		flow.Scopes["read:employee_status"] == "" {
		t.Errorf("flow %+v", flow)
	}
	for _, list := range [][]a2a.SecurityRequirement{c.SecurityRequirements,
		skill.SecurityRequirements} {
		if len(list) != 1 ||
			strings.Join(list[0].Schemes["oauth2_m2m_client"].List, ",") != "read:employee_status" {
			t.Errorf("requirements %+v", list)
		}
	}
}

// A turn that nobody foresaw waits on rather than ending.
func TestAWakeUpWithoutAReason(t *testing.T) {
	bubble(t, nil, func(t *testing.T, w *world) {
		id := w.ask(johnAsk)
		w.after(time.Second)
		if err := w.engine.Wake(w.ctx, id, nil); err != nil {
			t.Fatal(err)
		}
		w.finish(id)
		w.wantStory(id, submitted, working, waits, silent)
	})
}

func TestWhatIsLogged(t *testing.T) {
	for _, row := range []struct {
		err  error
		want string
	}{
		{errBoom, "boom"},
		{&oauth.Error{Status: 400, Code: "invalid_request", Description: "no user jdoe@staff0.com"},
			"the identity provider answered HTTP 400, invalid_request"},
		{fmt.Errorf("poll: %w", &oauth.Error{Status: http.StatusBadGateway}),
			"the identity provider answered HTTP 502"},
		{&oauth.Error{Status: 400, Code: "unknown user jdoe@staff0.com"},
			"the identity provider answered HTTP 400"},
		{&oauth.Error{Status: 400, Code: strings.Repeat("x", 41)},
			"the identity provider answered HTTP 400"},
	} {
		if got := consent.Plain(row.err); got != row.want {
			t.Errorf("%v is logged as %q, want %q", row.err, got, row.want)
		}
	}
}

var _ tasks.Executor = (*Agent)(nil)

// The extended card says what the public one does, and within which limits; what it says of people
// who do not exist is the policy in force.
func TestTheExtendedCard(t *testing.T) {
	config := CardConfig{Company: "Staff0", Organization: "https://staff0.com",
		TokenURL: "https://issuer/token", Scope: "s", Expiry: 2 * time.Minute}
	public, guarded := Card(config), ExtendedCard(config)
	config.Disclosure = Open
	open := ExtendedCard(config)
	for name, row := range map[string]struct {
		card     *a2a.AgentCard
		has, not string
	}{
		"public":       {public, "asked for consent first", "2m0s"},
		"guarded":      {guarded, "look alike", "is told at once, and so"},
		"open":         {open, "is told at once, and so", "look alike"},
		"the deadline": {guarded, "2m0s to answer", ""},
	} {
		text := row.card.Skills[0].Description
		if !strings.Contains(text, row.has) || row.not != "" && strings.Contains(text, row.not) {
			t.Errorf("%s: %s", name, text)
		}
	}
	if len(public.Skills[0].Examples) != 1 || len(guarded.Skills[0].Examples) != 3 {
		t.Errorf("examples %v, %v", public.Skills[0].Examples, guarded.Skills[0].Examples)
	}
	if x := public.Capabilities.Extensions; len(x) != 1 || x[0].URI != hrclient.ConsentExtension ||
		x[0].Required || x[0].Description == "" {
		t.Errorf("extensions %+v", x)
	}
}
