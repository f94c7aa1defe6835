package hrapi

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"staff0/ciba/people"
)

// Bounds of single values, in characters unless named otherwise.
const (
	maxEmployeeID = 64
	maxSubject    = 255 // OpenID Connect Core §2: sub MUST NOT exceed 255 characters
	maxEmailBytes = 254 // RFC 5321 §4.5.3.1.3 less the angle brackets
	maxText       = 200
)

// earliest catches years of two digits that a spreadsheet padded with zeros.
const earliest = "1900-01-01"

// checkRows trims and checks every row, and looks for what may occur once only.
func checkRows(rows []row) []LineError {
	var bad []LineError
	ids, subjects, emails := map[string]*row{}, map[string]*row{}, map[string]*row{}
	for i := range rows {
		r := &rows[i]
		reasons := r.record.normalize()
		for _, reason := range reasons {
			bad = append(bad, r.Bad("%s", reason))
		}
		unique := func(column, value string, taken map[string]*row) {
			if value == "" {
				return
			}
			if first, ok := taken[value]; ok {
				bad = append(bad, r.Bad("%s is the same as %s", column, first.place()))
				return
			}
			taken[value] = r
		}
		unique("employee_id", idKey(r.record.EmployeeID), ids)
		unique("subject", r.record.Subject, subjects)
		unique("email", r.record.Email, emails)
	}
	return bad
}

func (r *row) place() string {
	place, _, _ := strings.Cut(r.Bad("").Error(), ": ")
	return "on " + place
}

// idKey is by what employee numbers compare: E1001 and e1001 are one number,
// since people write them either way.
func idKey(employeeID string) string { return strings.ToLower(employeeID) }

// normalize trims every value, puts the e-mail address into lower case, and
// returns what is wrong, without quoting anything about a person.
func (r *Record) normalize() []string {
	var reasons []string
	for _, column := range fileColumns() {
		value := r.field(column)
		*value = strings.TrimSpace(*value)
		if reason := checkText(*value, column); reason != "" {
			reasons = append(reasons, column+" "+reason)
			*value = "" // one fault per value, and no duplicates of rubbish
		} else if *value == "" && isRequired(column) {
			reasons = append(reasons, column+" is missing")
		}
	}
	r.Email = lowerAddress(r.Email)
	if r.Email != "" && !validEmail(r.Email) {
		reasons = append(reasons, "email is not an e-mail address such as jdoe@example.com")
	}
	switch r.Status {
	case StatusActive, StatusOnLeave, StatusEnded, "":
	default:
		reasons = append(reasons, "unknown status "+people.Quote(r.Status)+
			"; there are active, on_leave and ended")
	}
	datesGood := true
	for _, column := range []string{"start_date", "end_date"} {
		if value := *r.field(column); value != "" && !validDate(value) {
			reasons = append(reasons, column+" "+people.Quote(value)+
				" is not a date such as 2024-06-30")
			datesGood = false
		}
	}
	if datesGood && r.EndDate != "" && r.EndDate < r.StartDate {
		reasons = append(reasons, "end_date is before start_date")
	}
	return reasons
}

func isRequired(column string) bool {
	return slices.Contains(requiredColumns(), column)
}

// checkText refuses what no value may hold. Control characters and those that
// turn the direction of writing would make a table on a terminal, or a sentence
// with a name in it, show something else than it says.
func checkText(s, column string) string {
	longest := maxText
	switch column {
	case "employee_id":
		longest = maxEmployeeID
	case "subject":
		longest = maxSubject
	case "email":
		longest = maxEmailBytes
	}
	switch {
	case strings.ContainsRune(s, unicode.ReplacementChar):
		return "holds the replacement character U+FFFD: letters were lost when the file was " +
			"converted; export it again as UTF-8"
	case strings.ContainsFunc(s, isHidden):
		return "holds a line break, a control character or one that turns the direction of writing"
	case utf8.RuneCountInString(s) > longest, column == "email" && len(s) > maxEmailBytes:
		return "is too long"
	case (column == "employee_id" || column == "email") && strings.ContainsFunc(s, unicode.IsSpace):
		return "holds a space"
	}
	return ""
}

func isHidden(c rune) bool {
	return unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// validEmail takes one plain address (RFC 5322 addr-spec, RFC 6532 letters)
// with a domain of two labels at least.
func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return false
	}
	domain := s[strings.LastIndexByte(s, '@')+1:]
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return len(labels) > 1
}

// validDate takes days that exist, of years from 1900 on. Anything but
// YYYY-MM-DD is refused: 03/04/2024 is two days.
func validDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && s >= earliest
}
