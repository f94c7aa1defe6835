package hrapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"staff0/ciba/people"
)

const (
	header = "employee_id,subject,email,name,status\n"
	ada    = "1,auth0|ada,ada@example.com,Ada Moreau,active\n"
	jun    = "2,auth0|jun,jun@example.com,Jun Sato,on_leave\n"

	adaLine = "1,auth0|ada,ada@example.com,Ada Moreau,active,,,,,"
	junLine = "2,auth0|jun,jun@example.com,Jun Sato,on_leave,,,,,"
)

func TestImportTakes(t *testing.T) {
	for _, tc := range []struct{ name, file string }{
		{"commas", header + ada + jun},
		{"semicolons", strings.ReplaceAll(header+ada+jun, ",", ";")},
		{"a byte order mark", "\xef\xbb\xbf" + header + ada + jun},
		{"a byte order mark and semicolons", "\xef\xbb\xbf" +
			strings.ReplaceAll(header+ada+jun, ",", ";")},
		{"Windows line ends", strings.ReplaceAll(header+ada+jun, "\n", "\r\n")},
		{"no line end at the end", header + ada + strings.TrimSpace(jun)},
		{"blank lines and emptied rows", "\n" + header + "\n" + ada + ",,,,\n" + jun + "\n\n"},
		{"columns in another order, all of them",
			"end_date,name,email,subject,employee_id,status,title,department,employment_type,start_date\n" +
				",Ada Moreau,ada@example.com,auth0|ada,1,active,,,,\n,Jun " +
				"Sato,jun@example.com,auth0|jun,2,on_leave,,,,\n"},
		{"names of columns in capitals and with spaces",
			"Employee_ID, SUBJECT ,email,name,status\n" + ada + jun},
		{"quoted values", header + `"1","auth0|ada","ada@example.com","Ada Moreau","active"` +
			"\n" + jun},
		{"spaces around values", header +
			" 1 , auth0|ada , ada@example.com , Ada Moreau , active \n" + jun},
		{"addresses in capitals",
			header + strings.Replace(ada, "ada@example.com", "Ada@Example.COM", 1) + jun},
		{"JSON", `[{"employee_id":"1","subject":"auth0|ada","email":"ada@example.com","name":"Ada Moreau","status":"active"},
			{"status":"on_leave","employee_id":"2","subject":"auth0|jun","email":"JUN@example.com","name":"Jun Sato","title":null,"end_date":""}]`},
		{"JSON with a byte order mark",
			"\xef\xbb\xbf \n[{\"employee_id\":\"1\",\"subject\":\"auth0|ada\",\"email\":\"ada@example.com\",\"name\":\"Ada Moreau\",\"status\":\"active\"}" +
				`,{"employee_id":"2","subject":"auth0|jun","email":"jun@example.com","name":"Jun Sato","status":"on_leave"}] ` + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newFile(t)
			s := mustImport(t, d, tc.file, ImportOptions{})
			wantLines(t, d, adaLine, junLine)
			if s.Added != 2 || s.Changed+s.Confirmed+s.Ended+s.SampleRemoved != 0 {
				t.Errorf("summary %+v, want 2 added and nothing else", s)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, tc := range []struct {
		name, file string
		want       []string // every line reported, in part; none: the file as a whole
	}{
		{"nothing", "", nil},
		{"spaces alone", " \n\t\n", nil},
		{"a header alone", header, nil},
		{"an empty array", "[]", nil},
		{"UTF-16, little end first", "\xff\xfee\x00m\x00", nil},
		{"UTF-16, big end first", "\xfe\xff\x00e\x00m", nil},

		{"an unknown column", "employee_id,subject,email,name,status,salary\n",
			[]string{`line 1: unknown column "salary"`}},
		{"a missing column", "employee_id,email,name,status\n" + ada,
			[]string{`line 1: column "subject" is missing`}},
		{"a column twice", "employee_id,subject,email,name,status,name\n",
			[]string{`line 1: column "name" appears twice`}},
		{"tabs", "employee_id\tsubject\n", []string{"line 1: column \"email\"",
			"line 1: column \"name\"", "line 1: column \"status\""}},
		{"no header", ada, []string{"line 1: it does not name the columns; there are employee_id"}},
		{"columns without end", header[:len(header)-1] + strings.Repeat(",x", 200) + "\n",
			[]string{"line 1: 205 columns"}},
		{"a header that cannot be read", `"employee_id` + "\n",
			[]string{"line 1: a double quote that was never closed"}},

		{"too few fields", header + "1,auth0|ada,ada@example.com\n" + jun,
			[]string{"line 2: 3 fields where the header has 5"}},
		{"too many fields, a name with a comma", header +
			"1,auth0|ada,ada@example.com,Moreau, Ada,active\n", []string{"line 2: 6 fields"}},
		{"a quote inside a value", header + `1,auth0|ada,ada@example.com,Ada "A" Moreau,active` +
			"\n" + jun + "3\n", []string{"line 2: a double quote inside", "line 4: 1 fields"}},
		{"a quote that is never closed", header + ada + `2,auth0|jun,jun@example.com,"Jun` +
			"\n\n\n", []string{"line 3: a double quote"}},
		{"a value over two lines, counted", header +
			"1,auth0|ada,ada@example.com,\"Ada\nMoreau\",active\n2,,jun@example.com,Jun,active\n",
			[]string{"line 2: name holds a line break", "line 4: subject is missing"}},

		{"no employee_id", header + ",auth0|ada,ada@example.com,Ada,active\n",
			[]string{"line 2: employee_id is missing"}},
		{"no subject", header + "1, ,ada@example.com,Ada,active\n",
			[]string{"line 2: subject is missing"}},
		{"no e-mail", header + "1,auth0|ada,,Ada,active\n", []string{"line 2: email is missing"}},
		{"no name", header + "1,auth0|ada,ada@example.com,,active\n",
			[]string{"line 2: name is missing"}},
		{"no status", header + "1,auth0|ada,ada@example.com,Ada,\n",
			[]string{"line 2: status is missing"}},
		{"the same employee_id", header + ada + "1,auth0|jun,jun@example.com,Jun,active\n",
			[]string{"line 3: employee_id is the same as on line 2"}},
		{"the same employee_id in another case", header +
			"e1,auth0|ada,ada@example.com,Ada,active\nE1,auth0|jun,jun@example.com,Jun,active\n",
			[]string{"line 3: employee_id is the same as on line 2"}},
		{"the same subject", header + ada + "2,auth0|ada,jun@example.com,Jun,active\n",
			[]string{"line 3: subject is the same as on line 2"}},
		{"the same e-mail in another case", header + ada +
			"2,auth0|jun,ADA@example.com,Jun,active\n",
			[]string{"line 3: email is the same as on line 2"}},
		{"an unknown status", header + "1,auth0|ada,ada@example.com,Ada,retired\n",
			[]string{`line 2: unknown status "retired"`}},
		{"a status in capitals", header + "1,auth0|ada,ada@example.com,Ada,Active\n",
			[]string{`line 2: unknown status "Active"`}},
		{"an id with a space", header + "1 2,auth0|ada,ada@example.com,Ada,active\n",
			[]string{"line 2: employee_id holds a space"}},
		{"values that are too long", header + long + "," + long + ",a@" + long + ".com," + long +
			",active\n", []string{
			"line 2: employee_id is too long", "line 2: subject is too long",
			"line 2: email is too long", "line 2: name is too long"}},
		{"a text that turns the direction of writing", header +
			"1,auth0|ada,ada@example.com,Ada\u202eaorom,active\n",
			[]string{"line 2: name holds a line break, a control"}},
		{"an escape sequence", header + "1,auth0|ada,ada@example.com,Ada\x1b[31m,active\n",
			[]string{"line 2: name holds"}},
		{"an escape sequence as status is shown escaped", header +
			"1,auth0|ada,ada@example.com,Ada,\u00e9x\n",
			[]string{`line 2: unknown status "\u00e9x"`}},
		{"Latin-1", header + "1,auth0|mg,mg@example.com,Mar\xeda,active\n" + jun,
			[]string{"line 2: name is not UTF-8"}},
		{"letters that were lost", header + "1,auth0|mg,mg@example.com,Mar\ufffda,active\n",
			[]string{"line 2: name holds the replacement character"}},
		{"several faults of several lines, all of them", header + "1,,nobody,Ada,gone\n" + jun +
			",auth0|x,x@example.com,X,active\n",
			[]string{"line 2: subject is missing", "line 2: email is not", "line 2: unknown status",
				"line 4: employee_id is missing"}},

		{"JSON that is no array", `{"employees":[]}`,
			[]string{"line 1: a JSON array of objects is expected"}},
		{"JSON that breaks off", "[\n{\"employee_id\":\"1\",\n", []string{"line 2: no valid JSON"}},
		{"JSON that breaks off after an entry", "[\n{}\n", []string{"line 3: no valid JSON"}},
		{"JSON with a fault in it", "[\n{\"employee_id\":\"1\",\n\"subject\":oops}]",
			[]string{"line 3: no valid JSON"}},
		{"something after the array", "[\n]\n x", []string{"line 3: something follows the array"}},
		{"JSON that is not UTF-8", "[\n{\"name\":\"Mar\xeda\"}]", []string{"line 2: not UTF-8"}},
		{"entries that are no objects", `[1, "x", null]`, []string{"line 1 (entry 1): an object",
			"line 1 (entry 2): an object", "line 1 (entry 3): an object"}},
		{"a number as id", "[\n\n" +
			`{"employee_id":1,"subject":"a","email":"a@example.com","name":"A","status":"active"}]`,
			[]string{"line 3 (entry 1): employee_id must be a text"}},
		{"a member twice",
			`[{"employee_id":"1","subject":"a","email":"a@example.com","name":"A","status":"ended","status":"active"}]`, []string{"line 1 (entry 1): status appears twice"}},
		{"an unknown member", `[{"salary":1}]`,
			[]string{`line 1 (entry 1): unknown column "salary"`}},
		{"members without end", `[{` + strings.Repeat(`"x":1,`, 200) + `"x":1}]`,
			[]string{"line 1 (entry 1): more than 100 members"}},
		{"missing members", `[{"employee_id":"1","name":"A","status":"active"}]`,
			[]string{"(entry 1): subject is missing", "(entry 1): email is missing"}},
		{"the same e-mail twice in JSON",
			`[{"employee_id":"1","subject":"a","email":"a@example.com","name":"A","status":"active"},` + "\n" +
				`{"employee_id":"2","subject":"b","email":"a@example.com","name":"B","status":"active"}]`, []string{"line 2 (entry 2): email is the same as on line 1 (entry 1)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newFile(t)
			mustImport(t, d, header+"9,auth0|nine,nine@example.com,Nine,active\n", ImportOptions{})
			_, err := d.Import(t.Context(), strings.NewReader(tc.file),
				ImportOptions{Full: true, Force: true})
			var bad *ImportError
			if !errors.As(err, &bad) {
				t.Fatalf("Import: %v, want an *ImportError", err)
			}
			if len(tc.want) > 0 && len(bad.Lines) != len(tc.want) {
				t.Errorf("%d lines reported, want %d:\n%v", len(bad.Lines), len(tc.want), err)
			}
			for i, want := range tc.want {
				if i < len(bad.Lines) && !strings.Contains(bad.Lines[i].Error(), want) {
					t.Errorf("reported %q, want %q", bad.Lines[i].Error(), want)
				}
				if i < len(bad.Lines) && !strings.Contains(err.Error(), bad.Lines[i].Error()) {
					t.Errorf("the text of the error leaves out %q", bad.Lines[i].Error())
				}
			}
			if !strings.HasPrefix(err.Error(), "nothing was imported") {
				t.Errorf("%q does not say that nothing was imported", err)
			}
			wantLines(t, d, "9,auth0|nine,nine@example.com,Nine,active,,,,,")
		})
	}
}

func TestImportRefusesWholeFiles(t *testing.T) {
	var utf16le bytes.Buffer
	utf16le.WriteString("\xff\xfe")
	for _, u := range utf16.Encode([]rune(header)) {
		utf16le.Write([]byte{byte(u), byte(u >> 8)})
	}
	for name, tc := range map[string]struct{ file, want string }{
		"UTF-16":          {utf16le.String(), "UTF-16"},
		"empty":           {"", "empty"},
		"header alone":    {header, "no employees"},
		"too many bytes":  {strings.Repeat(" ", people.MaxBytes+1), "larger than 64 MiB"},
		"too many people": {header + manyPeople(people.MaxRows+1), "more than 200000"},
	} {
		_, err := parse(strings.NewReader(tc.file))
		var bad *ImportError
		if !errors.As(err, &bad) || len(bad.Lines) > 0 || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %.200v, want an error with %q", name, err, tc.want)
		}
	}
	_, err := parse(strings.NewReader("[" +
		strings.TrimSuffix(strings.Repeat("1,", people.MaxRows+5), ",") + "]"))
	var bad *ImportError
	if !errors.As(err, &bad) || len(bad.Lines) != people.MaxRows+1 {
		t.Errorf("a flood of bad entries is not bounded")
	}
	broken := errors.New("disk on fire")
	if _, err := parse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

func manyPeople(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,auth0|%d,p%d@example.com,Person %d,active\n", i, i, i, i)
	}
	return b.String()
}

func TestImportChecksDates(t *testing.T) {
	const head = "employee_id,subject,email,name,status,start_date,end_date\n1,auth0|ada,ada@example.com,Ada,active,"
	for _, tc := range []struct{ dates, want string }{
		{",", ""},
		{"2024-02-29,2024-02-29", ""},
		{",9999-12-31", ""},
		{"1900-01-01,", ""},
		{"2023-02-29,", `start_date "2023-02-29" is not a date`},
		{"03/04/2024,", `start_date "03/04/2024" is not a date`},
		{"2024-6-3,", `start_date "2024-6-3" is not a date`},
		{"0024-06-03,", `start_date "0024-06-03" is not a date`},
		{",2024-06-30T00:00:00Z", `end_date "2024-06-30T00:00:00Z" is not a date`},
		{",31.12.2024", `end_date "31.12.2024" is not a date`},
		{"2024-06-30,2024-06-29", "end_date is before start_date"},
	} {
		_, err := parse(strings.NewReader(head + tc.dates + "\n"))
		if tc.want == "" && err != nil {
			t.Errorf("%s: %v", tc.dates, err)
		}
		if tc.want != "" && (err == nil || !strings.Contains(err.Error(), "line 2: "+tc.want)) {
			t.Errorf("%s: %v, want %q", tc.dates, err, tc.want)
		}
	}
}

func TestImportChecksAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"jdoe@staff0.com": true, "siobhan.o'sullivan@staff0.com": true, "josé@exämple.com": true,
		"a+b@x.co.uk": true, "加藤@例え.jp": true,
		"jdoe": false, "jdoe@": false, "@staff0.com": false, "jdoe@staff0": false,
		"jdoe@staff0.": false, "jdoe@.com": false,
		"a@b@c.com": false, "John <jdoe@staff0.com>": false, "<jdoe@staff0.com>": false,
		"jdoe@staff0.com,x@y.com": false,
		"j doe@staff0.com":        false, "jdoe@-x.com": false, "jdoe@x-.com": false,
		"jdoe@staff0.com(c)": false, `"a b"@x.com`: false,
	} {
		if got := validEmail(address); got != want {
			t.Errorf("validEmail(%s) = %v, want %v", address, got, want)
		}
	}
}

func TestImportTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFile(t)
		first := mustImport(t, d, header+ada+jun, ImportOptions{})
		time.Sleep(time.Hour)
		s := mustImport(t, d, header+strings.Replace(ada, "Moreau", "Lovelace", 1)+
			"3,auth0|lea,lea@example.com,Léa,ended\n", ImportOptions{})
		want := Summary{Added: 1, Changed: 1, At: first.At.Add(time.Hour)}
		if s != want {
			t.Errorf("summary %+v, want %+v", s, want)
		}
		wantLines(t, d, strings.Replace(adaLine, "Moreau", "Lovelace", 1), junLine,
			"3,auth0|lea,lea@example.com,Léa,ended,,,,,")
		all := records(t, d)
		if !all[0].ConfirmedAt.Equal(s.At) || !all[1].ConfirmedAt.Equal(first.At) ||
			!all[2].ConfirmedAt.Equal(s.At) {
			t.Error("confirmed_at is not the last import that had the record in its file")
		}
		time.Sleep(time.Hour)
		s = mustImport(t, d, header+jun, ImportOptions{})
		if want := (Summary{Confirmed: 1, At: first.At.Add(2 * time.Hour)}); s != want {
			t.Errorf("summary %+v, want %+v", s, want)
		}
		if e, err := d.Employee(t.Context(), "auth0|jun", ""); err != nil || !e.AsOf.Equal(s.At) {
			t.Errorf("as_of %v (%v), want the import's time", e, err)
		}
	})
}

func TestImportAgainstTheDatabase(t *testing.T) {
	for _, tc := range []struct {
		name, file, want string
		after            []string
	}{
		{"a subject of somebody else", header + "7,auth0|ada,new@example.com,New,active\n",
			"line 2: subject belongs to employee 1", nil},
		{"an address of somebody else", header + "7,auth0|new,ada@example.com,New,active\n",
			"line 2: email belongs to employee 1", nil},
		{"two people exchange their addresses", header +
			"1,auth0|ada,jun@example.com,Ada Moreau,active\n2,auth0|jun,ada@example.com,Jun " +
			"Sato,on_leave\n", "",
			[]string{strings.Replace(adaLine, "ada@", "jun@", 1),
				strings.Replace(junLine, "jun@", "ada@", 1)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newFile(t)
			mustImport(t, d, header+ada+jun, ImportOptions{})
			_, err := d.Import(t.Context(), strings.NewReader(tc.file), ImportOptions{})
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				wantLines(t, d, tc.after...)
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Import: %v, want %q", err, tc.want)
			}
			wantLines(t, d, adaLine, junLine)
		})
	}
	t.Run("an id in another case is the same person", func(t *testing.T) {
		d := newFile(t)
		mustImport(t, d, header+"e1,auth0|ada,ada@example.com,Ada,active\n", ImportOptions{})
		if s := mustImport(t, d, header+"E1,auth0|ada,ada@example.com,Ada,active\n",
			ImportOptions{}); s.Changed != 1 || s.Added != 0 {
			t.Errorf("summary %+v, want one changed", s)
		}
		wantLines(t, d, "E1,auth0|ada,ada@example.com,Ada,active,,,,,")
	})
}

func TestFullImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // 2000-01-01 in the bubble
		const head = "employee_id,subject,email,name,status,start_date,end_date\n"
		person := func(id, rest string) string {
			return id + ",s" + id + "," + id + "@example.com,N," + rest + "\n"
		}
		staff := head
		for i := range 18 {
			staff += person(fmt.Sprint(10+i), "active,,")
		}
		// 20 of the staff
		all := staff + person("40", "active,2000-06-01,") + person("41", "on_leave,,") +
			// and two who are gone
			person("50", "ended,,1999-05-05") + person("51", "active,,1999-12-31")
		d := newFile(t)
		mustImport(t, d, all, ImportOptions{Full: true})
		before := lines(t, d)
		time.Sleep(time.Hour)

		three := strings.Replace(staff, person("10", "active,,"), "", 1)
		_, err := d.Import(t.Context(), strings.NewReader(three), ImportOptions{Full: true})
		var tooMany *TooManyEndedError
		if !errors.As(err, &tooMany) || *tooMany != (TooManyEndedError{Ended: 3, Staff: 20}) {
			t.Fatalf("3 of 20 missing: %v, want a refusal", err)
		}
		if !strings.Contains(err.Error(), "3 of 20") ||
			!strings.HasSuffix(err.Error(), "use --force if it is") {
			t.Errorf("the refusal says %q", err)
		}
		wantLines(t, d, before...)

		// Two of twenty are a tenth, and not above it.
		s := mustImport(t, d, staff, ImportOptions{Full: true})
		if s.Ended != 2 || s.Confirmed != 18 || s.Added+s.Changed != 0 {
			t.Errorf("summary %+v, want 18 confirmed, 2 ended", s)
		}
		ends := map[string]Record{}
		for _, r := range records(t, d) {
			ends[r.EmployeeID] = r
		}
		for id, want := range map[string]string{
			"40": "ended 2000-06-01", // never started
			"41": "ended 2000-01-01", // today
			"50": "ended 1999-05-05", // gone before, left alone
			"51": "active 1999-12-31",
			"11": "active ",
		} {
			if got := ends[id].Status + " " + ends[id].EndDate; got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		if !ends["41"].ConfirmedAt.Equal(s.At) || ends["50"].ConfirmedAt.Equal(s.At) {
			t.Error("a full file confirms the end of those whom it ends, and of nobody else")
		}
		if e, err := d.Employee(t.Context(), "s41", ""); err != nil || e.Active {
			t.Errorf("an ended person: %+v, %v", e, err)
		}

		s = mustImport(t, d, head+person("11", "active,,"), ImportOptions{Full: true, Force: true})
		if s.Ended != 17 || s.Confirmed != 1 {
			t.Errorf("forced: %+v, want 17 ended", s)
		}
	})
}

func TestImportWithoutFullEndsNobody(t *testing.T) {
	d := newFile(t)
	mustImport(t, d, header+ada+jun, ImportOptions{})
	mustImport(t, d, header+ada, ImportOptions{Force: true})
	wantLines(t, d, adaLine, junLine)
}

func TestExampleCanBeImported(t *testing.T) {
	d := newFile(t)
	if s := mustImport(t, d, Example(), ImportOptions{}); s.Added < 3 {
		t.Errorf("summary %+v", s)
	}
	if head, _, _ := strings.Cut(Example(), "\n"); head != strings.Join(fileColumns(), ",") {
		t.Errorf("the example does not show every column: %s", head)
	}
	if strings.Contains(Example(), "@staff0.com") {
		t.Error("the example holds sample people, who would then count as real data")
	}
}

func TestImportGivesUpWithItsContext(t *testing.T) {
	d := newFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Import(ctx, strings.NewReader(header+ada), ImportOptions{}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("Import: %v, want canceled", err)
	}
	wantLines(t, d)
}

// A file is either taken as a whole or changes nothing, and then the error
// names lines that exist, or the file as a whole.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		header + ada + jun, Example(), string(sampleCSV), "\xef\xbb\xbf" +
			strings.ReplaceAll(header+ada, ",", ";"),
		header + "1,auth0|ada,nobody,Ada,gone\n", header + "\"1\n", "[]", "[{}",
		`[{"employee_id":"1","subject":"a","email":"a@b.c","name":"A","status":"active"}]`,
		"[1,\n{\"name\":\"\xff\"}]", "\xff\xfe", "[{\"a\":1,\"a\":2}] x", header +
			"\x00,\u202e,a@b.c,,ended\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, file []byte, full bool) {
		d, err := Open(t.Context(), pool(t, DSN("")))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		mustImport(t, d, header+ada+jun, ImportOptions{})
		before := lines(t, d)
		s, err := d.Import(t.Context(), bytes.NewReader(file),
			ImportOptions{Full: full, Force: true})
		if err != nil {
			wantLines(t, d, before...)
			var bad *ImportError
			if !errors.As(err, &bad) {
				t.Fatalf("not a fault of the file: %v", err)
			}
			if (len(bad.Lines) == 0) == (bad.Reason == "") {
				t.Errorf("neither lines nor a reason, or both: %+v", bad)
			}
			last := 0
			for _, l := range bad.Lines {
				if l.Line < 1 || l.Line > bytes.Count(file, []byte("\n"))+1 || l.Line < last ||
					l.Reason == "" {
					t.Errorf("line %d after line %d: %q", l.Line, last, l.Reason)
				}
				last = l.Line
			}
			return
		}
		rows, err := parse(bytes.NewReader(file))
		if err != nil || s.Added+s.Changed+s.Confirmed != len(rows) {
			t.Fatalf("%+v does not add up to the %d rows of the file (%v)", s, len(rows), err)
		}
		after := map[string]Record{}
		for _, r := range records(t, d) {
			after[r.EmployeeID] = r
		}
		for _, r := range rows {
			r.record.ConfirmedAt = s.At
			if after[r.record.EmployeeID] != r.record {
				t.Errorf("%+v is not in the database as in the file", r.record)
			}
			delete(after, r.record.EmployeeID)
		}
		for _, r := range after {
			if full && r.Status != StatusEnded {
				t.Errorf("%s is missing from a full file and not ended", r.EmployeeID)
			}
		}
	})
}

// TestAListingCanBeImported: what list prints is a backup. The time of confirmation in it is not
// believed, for the import confirms anew.
func TestAListingCanBeImported(t *testing.T) {
	from, to := openFile(t, t.TempDir()+"/from.db"), openFile(t, t.TempDir()+"/to.db")
	if _, err := from.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	var listing strings.Builder
	w := csv.NewWriter(&listing)
	w.Write(Columns())
	for r, err := range from.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		r.ConfirmedAt = time.Unix(0, 0)
		w.Write(r.Values())
	}
	w.Flush()
	sum, err := to.Import(t.Context(), strings.NewReader(listing.String()), ImportOptions{})
	if err != nil || sum.Added == 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for r, err := range to.List(t.Context()) {
		if err != nil || r.ConfirmedAt.Equal(time.Unix(0, 0)) {
			t.Errorf("confirmed at %v, %v", r.ConfirmedAt, err)
		}
	}
}
