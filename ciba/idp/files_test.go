package idp

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"staff0/ciba/people"
)

func TestSamplePeopleAreThoseOfTheDesign(t *testing.T) {
	var got []string
	for _, p := range SamplePeople() {
		got = append(got, strings.Join([]string{p.EmployeeID, p.Subject, p.Name, p.Email}, " / "))
		if p.Blocked || p.EmailUnverified {
			t.Errorf("%s cannot be asked", p.Subject)
		}
	}
	want := []string{
		"E1001 / auth0|jdoe / John Doe / jdoe@staff0.com",
		"E1002 / auth0|asmith / Alice Smith / asmith@staff0.com",
		"E1003 / auth0|bwong / Ben Wong / bwong@staff0.com",
		"E1004 / auth0|mgarcia / María García / mgarcia@staff0.com",
		"E1005 / auth0|tkato / 加藤 太郎 / tkato@staff0.com",
		"E1006 / auth0|osullivan / Siobhán O'Sullivan / siobhan.o'sullivan@staff0.com",
		" / auth0|contractor / Casey Contractor / casey@staff0.com",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestParsePeople(t *testing.T) {
	john := Person{Subject: "auth0|jdoe", Email: "jdoe@staff0.com", Name: "John Doe",
		EmployeeID: "E1001"}
	alice := Person{Subject: "auth0|asmith", Email: "asmith@staff0.com", Name: "Smith, Alice"}
	tests := []struct {
		what, file string
		want       []Person
	}{
		{"commas, with HR's columns",
			"employee_id,subject,email,name,status,title\nE1001,auth0|jdoe,jdoe@staff0.com,John " +
				"Doe,active,Clerk\n,auth0|asmith,asmith@staff0.com,\"Smith, Alice\",ended,\n",
			[]Person{john, alice}},
		{"semicolons, a byte order mark and CRLF",
			"\uFEFFsubject;name;email;employee_id\r\nauth0|jdoe;John " +
				"Doe;jdoe@staff0.com;E1001\r\nauth0|asmith;Smith, Alice;asmith@staff0.com;\r\n",
			[]Person{john, alice}},
		{"spaces and capitals in header and address",
			" Subject ,NAME,email,employee_id\n auth0|jdoe , John Doe ,JDoe@Staff0.com,E1001\n",
			[]Person{john}},
		{"only subjects", "subject\nauth0|x\n", []Person{{Subject: "auth0|x"}}},
		{"what a provider knows beyond HR",
			"subject,email,email_verified,blocked\na,a@x,false,true\nb,b@x,TRUE,0\nc,c@x,,\n",
			[]Person{
				{Subject: "a", Email: "a@x", EmailUnverified: true, Blocked: true},
				{Subject: "b", Email: "b@x"}, {Subject: "c", Email: "c@x"}}},
		{"JSON", `[{"employee_id":"E1001","subject":"auth0|jdoe","email":"jdoe@staff0.com","name":"John Doe","status":"active"},
			{"subject":"auth0|asmith","email":"asmith@staff0.com","name":"Smith, Alice","email_verified":true,"blocked":false,"x":{"y":1},"z":null}]`, []Person{john, alice}},
		{"JSON with a byte order mark", "\uFEFF\n [{\"subject\":\"a\",\"blocked\":true}]",
			[]Person{{Subject: "a", Blocked: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			got, err := ParsePeople(strings.NewReader(tt.file))
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestParsePeopleNamesEveryBadLine(t *testing.T) {
	many := "subject\n" + strings.Repeat("\"\"\n", people.MaxFaults+2)
	tests := []struct {
		what, file string
		want       []string
	}{
		{"an empty file", "", []string{"no header line"}},
		{"a header and nobody", "subject,email\n", []string{"nobody"}},
		{"an empty array", "[]", []string{"nobody"}},
		{"no column subject", "email,name\na@x,A\n",
			[]string{"line 1", "column \"subject\" is missing"}},
		{"a column twice", "subject,email,Email\na,b,c\n",
			[]string{"line 1", `"email" appears twice`}},
		{"several bad lines", "subject,email,blocked\n,a@x,\nb,b@x,maybe\nb,c@x,\n",
			[]string{"line 2: the subject is missing", "line 3: blocked is neither",
				"line 4: the subject is that of line 3"}},
		{"a line with too many fields", "subject,email\na,b,c\n", []string{"line 2"}},
		{"bad entries of JSON", `[{"email":"a@x"},{"subject":"b","email_verified":"maybe"}]`,
			[]string{"(entry 1): the subject is missing", "(entry 2): email_verified"}},
		{"JSON that is no array of objects", `[1]`, []string{"JSON array of objects"}},
		{"JSON with more behind it", `[{"subject":"a"}]x`, []string{"something follows"}},
		{"a machine's subject", "subject\nbank@clients\n", []string{"@clients"}},
		{"another encoding", "subject,name\na,Garc\xeda\n", []string{"not UTF-8"}},
		{"more than fits into a message", many, []string{"line 21:", "and 2 more"}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			got, err := ParsePeople(strings.NewReader(tt.file))
			if err == nil || got != nil {
				t.Fatalf("taken: %+v", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nwant %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), "@x") {
				t.Errorf("the error shows an address: %v", err)
			}
		})
	}
}

func TestParseClients(t *testing.T) {
	got, err := ParseClients(strings.NewReader(`[
		{"client_id": "bank", "client_secret": "bank-secret", "label": "First Bank",
		 "client_credentials": [{"audience": "https://staff0/agent", "scope": "read:employee_status"}]},
		{"client_id": "hr-agent", "client_secret": "hr-agent-secret", "label": "Staff0 HR Agent",
		 "client_credentials": [{"audience": "{issuer}api/v2/", "scope": "read:users"}],
		 "ciba": [{"audience": "https://staff0/api", "scope": "read:employee"}]}]`))
	if err != nil || !reflect.DeepEqual(got, DefaultClients()) {
		t.Errorf("got %+v %v", got, err)
	}
	if shown := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(shown, "bank-secret") {
		t.Errorf("printing shows a secret: %s", shown)
	}
	for what, file := range map[string]string{
		"nothing":           "",
		"an object":         `{"clients":[]}`,
		"a misspelt member": `[{"client_id":"x","client_secret":"hunter2","scopes":"y"}]`,
		"no secret":         `[{"client_id":"x"}]`,
		"a client twice":    `[{"client_id":"x","client_secret":"hunter2"},{"client_id":"x","client_secret":"hunter2"}]`,
		"more behind it":    `[] []`,
		"too much":          "[" + strings.Repeat(" ", maxClientsFile) + "]",
	} {
		if got, err := ParseClients(strings.NewReader(file)); err == nil || got != nil {
			t.Errorf("%s is taken: %+v", what, got)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows a secret: %v", what, err)
		}
	}
}

func TestReadErrorsArePassedOn(t *testing.T) {
	broken := errors.New("disk on fire")
	if _, err := ParsePeople(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("people: %v", err)
	}
	if _, err := ParseClients(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("clients: %v", err)
	}
}
