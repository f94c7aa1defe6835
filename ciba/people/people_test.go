package people

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

var staff = Format{Columns: []string{"id", "name", "blocked"}, Required: []string{"id"},
	Flags: []string{"blocked"}}

// One table in each of its forms is one table.
func TestForms(t *testing.T) {
	strict, mapped := staff, staff
	strict.Strict = true
	mapped.Map = map[string]string{"employee #": "id", "legal name": "name"}
	for _, row := range []struct {
		what, file string
		format     *Format
		lines      []int
	}{
		{"commas", "id,name,blocked\n1,Ada,true\n2,Jun,\n", &strict, []int{2, 3}},
		{"semicolons, a mark, CRLF", "\ufeffid;name;blocked\r\n1;Ada;true\r\n2;Jun;\r\n", &strict,
			[]int{2, 3}},
		{"tabs", "id\tname\tblocked\n1\tAda\ttrue\n2\tJun\t\n", &strict, []int{2, 3}},
		{"another order, spaces and capitals", " Blocked, NAME ,Id\ntrue,Ada,1\n,Jun,2\n", &strict,
			[]int{2, 3}},
		{"columns that do not count", "id,x,name,,blocked\n1,x,Ada,y,true\n2,x,Jun,,\n", &staff,
			[]int{2, 3}},
		{"emptied rows and values over two lines",
			"id,name,blocked,note\n,,,\n1,Ada,true,\"a\nb\"\n2,Jun,,\n", &staff, []int{3, 5}},
		{"names that the file has", "Employee #,Legal Name,blocked\n1,Ada,true\n2,Jun,\n", &mapped,
			[]int{2, 3}},
		{"an array",
			"[{\"id\":\"1\",\"name\":\"Ada\",\"blocked\":true},\n{\"id\":\"2\",\"name\":\"Jun\",\"blocked\":null}]", &strict, []int{1, 2}},
		{"one object a line",
			"{\"id\":\"1\",\"name\":\"Ada\",\"blocked\":\"true\"}\n\n{\"id\":\"2\",\"name\":\"Jun\"}\n", &strict, []int{1, 3}},
		{"objects with more in them", `{"x":{"y":1},"id":"1","name":"Ada","blocked":true}` + "\n" +
			`{"id":"2","name":"Jun","x":[1]}`, &staff, []int{1, 2}},
		{"objects with names of their own",
			`[{"employee #":"1","legal name":"Ada","blocked":true},` + "\n" +
				`{"employee #":"2","name":"Jun"}]`, &mapped, []int{1, 2}},
	} {
		rows, bad, err := Read(strings.NewReader(row.file), row.format)
		if err != nil || len(bad) > 0 || len(rows) != 2 {
			t.Errorf("%s: %v, %v, %v", row.what, rows, bad, err)
			continue
		}
		if got, want := [][]string{rows[0].Values, rows[1].Values},
			[][]string{{"1", "Ada", "true"}, {"2", "Jun", ""}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q", row.what, got)
		}
		if got := []int{rows[0].Line, rows[1].Line}; !reflect.DeepEqual(got, row.lines) {
			t.Errorf("%s: lines %v, want %v", row.what, got, row.lines)
		}
	}
}

// Faults name lines, and nothing of what stands in them about a person.
func TestFaults(t *testing.T) {
	strict := staff
	strict.Strict = true
	twice := strict
	twice.Map = map[string]string{"number": "id"}
	for _, row := range []struct {
		what, file string
		format     *Format
		want       []string
	}{
		{"no header", "1,Ada,ada@example.com\n2,Jun,jun@example.com\n", &strict,
			[]string{"line 1: it does not name the columns; there are id, name, blocked"}},
		{"a column that does not count", "id,nmae\n1,Ada\n", &strict,
			[]string{`line 1: unknown column "nmae"; there are id, name, blocked`}},
		{"no column that is required", "name\nAda\n", &staff,
			[]string{`line 1: column "id" is missing`}},
		{"a column by both of its names", "id,number\n1,1\n", &twice,
			[]string{`line 1: column "number" appears twice`}},
		{"fields too many, quotes, letters of another encoding",
			"id,name\n1,Ada,x\n2,\"Jun\"x\n3,Mar\xeda\n", &staff, []string{"line 2: 3 fields",
				"line 3: a double quote", "line 4: name is not UTF-8"}},
		{"an envelope", `{"employees":[{"id":"1","name":"Ada"}]}`, &staff,
			[]string{"line 1: a JSON array of objects is expected"}},
		{"a number", `[{"id":1}]`, &staff, []string{"line 1 (entry 1): id must be a text"}},
		{"a flag where there is none", `[{"id":"1","name":true}]`, &staff,
			[]string{"line 1 (entry 1): name must be a text"}},
		{"a member by both of its names", `{"id":"1","number":"2"}`, &twice,
			[]string{"line 1 (entry 1): number appears twice"}},
		{"what is no object between objects", "{\"id\":\"1\"}\n7\n{\"id\":\"2\"}", &staff,
			[]string{"line 2 (entry 2): an object is expected"}},
		{"half an object", "{\"id\":\"1\"}\n{\"id\":", &staff, []string{"line 2: no valid JSON"}},
	} {
		_, bad, err := Read(strings.NewReader(row.file), row.format)
		if err != nil || len(bad) != len(row.want) {
			t.Errorf("%s: %v, %v", row.what, bad, err)
			continue
		}
		for i, want := range row.want {
			if got := bad[i].Error(); !strings.HasPrefix(got, want) ||
				strings.Contains(got, "Ada") || strings.Contains(got, "@") {
				t.Errorf("%s: %s, want %s", row.what, got, want)
			}
		}
	}
	for what, file := range map[string]string{"empty": "", "blank": " \n",
		"UTF-16": "\xff\xfea\x00", "too large": strings.Repeat(" ", MaxBytes+1)} {
		var refused *FileError
		if rows, bad, err := Read(strings.NewReader(file), &staff); !errors.As(err, &refused) ||
			rows != nil || bad != nil {
			t.Errorf("%s: %v, %v, %v", what, rows, bad, err)
		}
	}
	many := make([]LineError, MaxFaults+2)
	for i := range many {
		many[i] = LineError{Line: len(many) - i}
	}
	if got := Faults(many).Error(); !strings.HasPrefix(got, "line 1: ") ||
		!strings.HasSuffix(got, "line 20: \nand 2 more") || Faults(nil) != nil {
		t.Errorf("%q", got)
	}
}
