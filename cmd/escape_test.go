package cmd

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"staff0/a2a"
)

func TestEscape(t *testing.T) {
	for _, tt := range []struct{ why, text, want string }{
		{"plain words stay", "Yes, John Doe is an active employee.",
			"Yes, John Doe is an active employee."},
		{"other scripts and marks stay", "María García, 加藤 太郎, Siobhán, é, 🙂",
			"María García, 加藤 太郎, Siobhán, é, 🙂"},
		{"backslashes are no escapes of ours", `C:\temp`, `C:\temp`},
		{"a colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"a title of the window", "\x1b]0;owned\a", `\x1b]0;owned\a`},
		{"a link", "\x1b]8;;https://evil.example\x1b\\here",
			`\x1b]8;;https://evil.example\x1b\here`},
		{"the one-byte form of CSI", "\u009b31m", `\u009b31m`},
		{"the same as a lone byte", "\x9b31m", `\x9b31m`},
		{"back to the beginning of the line", "no\rYes", `no\rYes`},
		{"back over what was printed", "no\b\bYes", `no\b\bYes`},
		{"a line of its own", "text\nstaff0: all is well", `text\nstaff0: all is well`},
		{"tabs", "a\tb", `a\tb`},
		{"NUL and DEL", "a\x00b\x7f", `a\x00b\x7f`},
		{"writing from right to left", "abc\u202egnp.exe", `abc\u202egnp.exe`},
		{"isolates", "\u2066a\u2069", `\u2066a\u2069`},
		{"characters without a width", "jd\u200boe\ufeff", `jd\u200boe\ufeff`},
		{"tags", "a\U000e0041", `a\U000e0041`},
		{"separators of lines and paragraphs", "a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"characters for private use", "\ue000", `\ue000`},
		{"broken UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
		{"the replacement character, which hides what was there", "\ufffd", `\ufffd`},
		{"nothing", "", ""},
	} {
		if got := escape(tt.text); got != tt.want {
			t.Errorf("%s: escape(%q) = %q, want %q", tt.why, tt.text, got, tt.want)
		}
	}
	if got, want := escapeLines("one\ntwo\x1b[2J\r\n"), "one\ntwo"+`\x1b[2J\r`+"\n"; got != want {
		t.Errorf("escapeLines keeps lines and nothing else: got %q, want %q", got, want)
	}
}

// TestJSONHidesNothing demands that nothing a terminal would obey or hide is left in JSON that is
// printed, and that it is the same JSON.
func TestJSONHidesNothing(t *testing.T) {
	const hostile = "a\x1b[2J\u009b31m\u202eb\u200bc\u2028d\ufeff\x7f\U000e0041\u3164 é 加藤 🙂 <&>"
	for _, v := range []any{
		map[string]string{"text": hostile, hostile: "name"},
		map[string]json.RawMessage{"data": json.RawMessage(`{"x": "` +
			"\u009b\u202e\x7f\U000e0041" + `"}`)},
		&a2a.Task{ID: hostile, Metadata: a2a.Struct(`{"m":"` + "\u202e\u009b" + `"}`)},
	} {
		var out strings.Builder
		if err := writeJSON(&out, v); err != nil {
			t.Fatal(err)
		}
		line, ok := strings.CutSuffix(out.String(), "\n")
		if at := strings.IndexFunc(line, hidden); at >= 0 || !ok {
			t.Errorf("%q is printed as it is in %s", line[at:], line)
		}
		plain, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := errors.Join(json.Unmarshal([]byte(line), &got),
			json.Unmarshal(plain, &want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is other JSON than %s: %v", line, plain, err)
		}
	}
	var out strings.Builder
	if err := writeJSON(&out, "é 加藤 🙂 <&>"); err != nil || out.String() != "\"é 加藤 🙂 <&>\"\n" {
		t.Errorf("what can be read is printed as %s, %v", out.String(), err)
	}
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"plain", "\x1b[2J", "\u202e", "\xff\xfe", "a\nb", "加藤"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{escape(text),
			strings.ReplaceAll(escapeLines(text), "\n", "")} {
			if !utf8.ValidString(got) {
				t.Fatalf("%q is not UTF-8", got)
			}
			for _, r := range got {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
					t.Fatalf("%U is left in %q", r, got)
				}
			}
			if escape(got) != got {
				t.Fatalf("escaping %q again changes it", got)
			}
		}
	})
}
