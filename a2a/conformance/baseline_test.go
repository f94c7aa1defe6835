package main

import (
	"encoding/xml"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	kitName = flag.String("kit", "", "the branch of the kit that wrote the report")
	reports = flag.String("report", "",
		"JUnit reports of a kit to compare with testdata/baseline.txt, separated by commas")
)

// expected is one line of the baseline: tests of one kit that do not pass.
type expected struct {
	kit, outcome, tests, reason string
	pattern                     *regexp.Regexp
	met                         bool
}

// readBaseline reads testdata/baseline.txt. A line that is not indented names a kit, an outcome and
// tests, * standing for anything; the indented lines that follow are the reason for it and for
// those just above it. # begins a comment.
func readBaseline(t *testing.T) (all []*expected) {
	t.Helper()
	data, err := os.ReadFile("testdata/baseline.txt")
	if err != nil {
		t.Fatal(err)
	}
	first, ended := 0, false // of those that share a reason
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0, fields[0] == "#":
		case line[0] == ' ':
			ended = true
			for _, e := range all[first:] {
				e.reason += strings.TrimSpace(line) + " "
			}
		case len(fields) != 3:
			t.Fatalf("%q is not: kit, outcome, tests", line)
		default:
			if ended {
				first, ended = len(all), false
			}
			pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(fields[2]), `\*`, ".*") + "$"
			all = append(all, &expected{kit: fields[0], outcome: fields[1], tests: fields[2],
				pattern: regexp.MustCompile(pattern)})
		}
	}
	return all
}

func TestBaselineHasAReasonForEveryFailure(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range readBaseline(t) {
		key := e.kit + " " + e.tests
		switch {
		case e.kit != "1.0-dev" && e.kit != "0.3.x":
			t.Errorf("%s: there is no such kit", key)
		case e.outcome != "fail" && e.outcome != "skip":
			t.Errorf("%s: %s is no outcome that has to be explained", key, e.outcome)
		case len(strings.Trim(e.tests, "*:.")) < 4:
			t.Errorf("%s: stands for too much", key)
		case len(strings.Fields(e.reason)) < 5:
			t.Errorf("%s: %q is no reason", key, e.reason)
		case seen[key]:
			t.Errorf("%s: is there twice", key)
		}
		seen[key] = true
	}
}

// testcase is one test in a JUnit report.
type testcase struct {
	Class   string    `xml:"classname,attr"`
	Name    string    `xml:"name,attr"`
	Failure *struct{} `xml:"failure"`
	Error   *struct{} `xml:"error"`
	Skipped *struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
	} `xml:"skipped"`
}

// outcome is fail, skip or pass. A failure that the kit expects, of what is only recommended, is
// one all the same.
func (c *testcase) outcome() string {
	switch {
	case c.Failure != nil, c.Error != nil, c.Skipped != nil && c.Skipped.Type == "pytest.xfail":
		return "fail"
	case c.Skipped != nil:
		return "skip"
	}
	return "pass"
}

func TestReport(t *testing.T) {
	if *reports == "" {
		t.Skip("no -report: see the package comment")
	}
	baseline := readBaseline(t)
	counts := map[string]int{}
	for file := range strings.SplitSeq(*reports, ",") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var report struct {
			Cases []testcase `xml:"testsuite>testcase"`
		}
		if err := xml.Unmarshal(data, &report); err != nil || len(report.Cases) == 0 {
			t.Fatalf("%s holds no tests: %v", file, err)
		}
		for _, c := range report.Cases {
			counts[c.outcome()]++
			compare(t, baseline, &c)
		}
	}
	for _, e := range baseline {
		if e.kit == *kitName && !e.met {
			t.Errorf("%s %s is expected and does not happen", e.outcome, e.tests)
		}
	}
	t.Log(counts)
}

// compare looks a test up in the baseline.
func compare(t *testing.T, baseline []*expected, c *testcase) {
	t.Helper()
	got := c.outcome()
	if got == "pass" {
		return
	}
	name := strings.TrimPrefix(c.Class, "tests.") + "::" + c.Name
	for _, e := range baseline {
		if e.kit == *kitName && e.outcome == got && e.pattern.MatchString(name) {
			e.met = true
			return
		}
	}
	why := ""
	if c.Skipped != nil {
		why = ": " + c.Skipped.Message
	}
	t.Errorf("%s %s is not expected%s", got, name, why)
}
