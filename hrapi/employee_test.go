package hrapi

import (
	"testing"
	"time"
)

func TestActive(t *testing.T) {
	const noon = "2026-03-10T12:00:00Z"
	for _, tc := range []struct {
		name               string
		status, start, end string
		at                 string
		want               bool
	}{
		{"active without dates is employed", StatusActive, "", "", noon, true},
		{"somebody on leave is employed", StatusOnLeave, "", "", noon, true},
		{"ended is not employed, without an end date too", StatusEnded, "", "", noon, false},
		{"ended is not employed even before the end date", StatusEnded, "", "2026-12-31",
			noon, false},
		{"an unknown status is not employed", "", "", "", noon, false},
		{"the start date itself counts", StatusActive, "2026-03-10", "", noon, true},
		{"a start tomorrow does not count yet", StatusActive, "2026-03-11", "", noon, false},
		{"the end date itself still counts", StatusActive, "", "2026-03-10", noon, true},
		{"an end yesterday is over", StatusActive, "", "2026-03-09", noon, false},
		{"leave ends with the employment", StatusOnLeave, "2020-01-01", "2026-03-09", noon, false},
		{"the day begins at midnight UTC", StatusActive, "2026-03-10", "", "2026-03-10T00:00:00Z",
			true},
		{"and not a second earlier", StatusActive, "2026-03-10", "", "2026-03-09T23:59:59Z", false},
		{"wherever the server is: Auckland is a day ahead", StatusActive, "2026-03-11", "",
			"2026-03-11T01:00:00+13:00", false},
		{"wherever the server is: Honolulu is a day behind", StatusActive, "", "2026-03-10",
			"2026-03-10T20:00:00-10:00", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			r := Record{Status: tc.status, StartDate: tc.start, EndDate: tc.end}
			if got := r.ActiveAt(at); got != tc.want {
				t.Errorf("ActiveAt(%s) = %v, want %v", tc.at, got, tc.want)
			}
			if got := r.Employee(at).Active; got != tc.want {
				t.Errorf("Employee(%s).Active = %v, want %v", tc.at, got, tc.want)
			}
		})
	}
}

func TestColumnsAndValuesGoTogether(t *testing.T) {
	r := Record{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", time.Unix(0, 0)}
	want := map[string]string{
		"employee_id": "1", "subject": "2", "email": "3", "name": "4", "status": "5", "title": "6",
		"department":      "7",
		"employment_type": "8", "start_date": "9", "end_date": "10",
		"confirmed_at": "1970-01-01T00:00:00Z",
	}
	columns, values := Columns(), r.Values()
	if len(columns) != len(want) || len(values) != len(want) {
		t.Fatalf("%d columns, %d values, want %d", len(columns), len(values), len(want))
	}
	for i, c := range columns {
		if values[i] != want[c] {
			t.Errorf("%s = %q, want %q", c, values[i], want[c])
		}
	}
	if (&Record{}).field("salary") != nil {
		t.Error("an unknown column has a field")
	}
}
