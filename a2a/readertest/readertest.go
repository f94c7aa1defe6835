// Package readertest holds every reader of JSON to one table: what must be refused, what must be
// ignored, and by which names a member is taken. A reader that differs in one row sees another
// message than its neighbour.
package readertest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

//go:embed readers.json
var table []byte

// Entrance is one place where JSON is read.
type Entrance struct {
	Name string
	// Text is a text that is read, an object. Members of the table take the place of the @ in it,
	// each set of them behind a comma.
	Text string
	// Member is a member with a text for its value that Read looks for at the @, by the one name it
	// has. Empty leaves out the rows about it.
	Member string
	// Proto says that Member, in camelCase, may also come by its proto name.
	Proto bool
	// BOM says that a byte order mark before the text is passed over.
	BOM bool
	// Read reads a text and returns what it took for Member, "" if there was nothing.
	Read func(text []byte) (string, error)
}

// vector is one row: members or a whole text, and what must become of them.
type vector struct {
	Name    string  `json:"name"`
	Members string  `json:"members"`
	Text    *string `json:"text"`
	Want    string  `json:"want"`  // taken, ignored or refused
	Proto   bool    `json:"proto"` // about the proto name
	BOM     bool    `json:"bom"`   // about a byte order mark
}

// Values of the member; the one is to be taken, the other never.
const (
	value = "https://value.example/"
	other = "https://other.example/"
)

// Run holds the entrances to the table.
func Run(t *testing.T, entrances ...Entrance) {
	t.Helper()
	var vectors []vector
	if err := json.Unmarshal(table, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, e := range entrances {
		for _, v := range vectors {
			about := strings.Contains(v.Members, "$value") || strings.Contains(v.Members, "$name")
			if about && e.Member == "" || v.Proto && !e.Proto {
				continue
			}
			t.Run(e.Name+"/"+v.Name, func(t *testing.T) {
				text := e.text(&v)
				got, err := e.Read([]byte(text))
				outcome := "ignored"
				switch {
				case err != nil:
					outcome = "refused"
				case got == value:
					outcome = "taken"
				case got != "":
					outcome = fmt.Sprintf("taken for %q", got)
				}
				want := v.Want
				if e.BOM && v.BOM {
					want = "ignored"
				}
				if outcome != want {
					t.Errorf("%s, want it %s: %.300s %v", outcome, want, text, err)
				}
			})
		}
	}
}

// text is the text of a row for an entrance.
func (e *Entrance) text(v *vector) string {
	escape := func(c byte) string { return fmt.Sprintf(`\u%04x`, c) }
	snake := snakeOf(e.Member)
	title := e.Member
	if title != "" {
		title = strings.ToUpper(title[:1]) + title[1:]
	}
	escaped := ""
	if e.Member != "" {
		escaped = escape(e.Member[0]) + e.Member[1:]
	}
	fill := strings.NewReplacer(
		"$name", e.Member, "$escaped", escaped, "$NAME", strings.ToUpper(e.Member), "$Name", title,
		"$snake", snake, "$SNAKE", strings.ToUpper(snake),
		"$underscore", strings.ReplaceAll(snake, "_", escape('_')),
		"$value", strconv.Quote(value), "$other", strconv.Quote(other),
		"$deep", strings.Repeat("[", 101)+strings.Repeat("]", 101),
		"$brackets", strings.Repeat("[", 20000),
	)
	text := ""
	if v.Text != nil {
		text = strings.ReplaceAll(*v.Text, "$text", strings.ReplaceAll(e.Text, "@", ""))
	} else {
		text = strings.ReplaceAll(e.Text, "@", ","+fill.Replace(v.Members))
	}
	return regexp.MustCompile(`<[0-9a-f]{2}>`).ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[1:3], 16, 8)
		return string([]byte{byte(n)})
	})
}

// snakeOf is the proto name for a JSON name.
func snakeOf(name string) string {
	var b strings.Builder
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}
