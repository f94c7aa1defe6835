package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"staff0/a2a"
)

// canonicalText is the canonical form of a JSON text.
func canonicalText(text []byte) ([]byte, error) {
	value, err := parseIJSON(text)
	if err != nil {
		return nil, err
	}
	return canonical(value), nil
}

// RFC 8785 appendix B: doubles by their bits, and how they are printed.
func TestCanonicalNumbersOfTheRFC(t *testing.T) {
	for _, c := range []struct {
		bits uint64
		want string
	}{
		{0x0000000000000000, "0"},
		{0x8000000000000000, "0"},
		{0x0000000000000001, "5e-324"},
		{0x8000000000000001, "-5e-324"},
		{0x7fefffffffffffff, "1.7976931348623157e+308"},
		{0xffefffffffffffff, "-1.7976931348623157e+308"},
		{0x4340000000000000, "9007199254740992"},
		{0xc340000000000000, "-9007199254740992"},
		{0x4430000000000000, "295147905179352830000"},
		{0x44b52d02c7e14af5, "9.999999999999997e+22"},
		{0x44b52d02c7e14af6, "1e+23"},
		{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
		{0x444b1ae4d6e2ef4e, "999999999999999700000"},
		{0x444b1ae4d6e2ef4f, "999999999999999900000"},
		{0x444b1ae4d6e2ef50, "1e+21"},
		{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		{0x3eb0c6f7a0b5ed8d, "0.000001"},
		{0x41b3de4355555553, "333333333.3333332"},
		{0x41b3de4355555554, "333333333.33333325"},
		{0x41b3de4355555555, "333333333.3333333"},
		{0x41b3de4355555556, "333333333.3333334"},
		{0x41b3de4355555557, "333333333.33333343"},
		{0xbecbf647612f3696, "-0.0000033333333333333333"},
		{0x43143ff3c1cb0959, "1424953923781206.2"},
	} {
		f := math.Float64frombits(c.bits)
		if got := string(canonical(f)); got != c.want {
			t.Errorf("%016x: got %s, want %s", c.bits, got, c.want)
		}
		if got, err := canonicalText([]byte(c.want)); err != nil || string(got) != c.want {
			t.Errorf("%s does not stay as it is: %s, %v", c.want, got, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ rule, text, want string }{
		{
			"the example of RFC 8785 §3.2.2",
			`{
			   "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			   "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
			   "literals": [null, true, false]
			 }`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		},
		{
			"the example of RFC 8785 §3.2.3: names in the order of their UTF-16 code units",
			`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
			  "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			`{"\r":"Carriage Return","1":"One","` + "\u0080" +
				`":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",` +
				`"😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`,
		},
		{"a name comes before those that it begins", `{"ab":1,"a":2,"":3,"b":4,"abc":5}`,
			`{"":3,"a":2,"ab":1,"abc":5,"b":4}`},
		{"digits sort as text", `{"10":1,"9":2}`, `{"10":1,"9":2}`},
		{"two names beyond U+FFFF sort by code point", `{"😁":1,"😀":2,"a😁":3,"a😀":4}`,
			`{"a😀":4,"a😁":3,"😀":2,"😁":1}`},
		{"U+D7FF comes before a surrogate and U+E000 after", `{"\ue000":1,"😀":2,"\ud7ff":3}`,
			"{\"\ud7ff\":3,\"😀\":2,\"\ue000\":1}"},
		{"members of members are sorted, elements are not", `[{"b":{"z":1,"y":2},"a":[3,1,2]}]`,
			`[{"a":[3,1,2],"b":{"y":2,"z":1}}]`},
		{"every control character has its one escape",
			`"\u0000\u0008\u0009\u000a\u000b\u000c\u000d\u001F"`, `"\u0000\b\t\n\u000b\f\r\u001f"`},
		{"nothing else is escaped", `"\u007f\u2028\u2029\u003c\u003e\u0026\/é"`,
			"\"\u007f\u2028\u2029<>&/é\""},
		{"a letter and an accent are not made one", `"A\u030a"`, "\"A\u030a\""},
		{"pairs of surrogates become one character", `"\ud83d\ude00\ud83d\uDE01"`, `"😀😁"`},
		{"a backslash before what looks like a surrogate", `"\\ud800"`, `"\\ud800"`},
		{"empty things", `[ { } , [ ] , "" ]`, `[{},[],""]`},
		{"a bare value", ` true `, `true`},
		{"minus zero is zero", `[-0,-0.0,0e5,-1e-400]`, `[0,0,0,0]`},
		{"integers are numbers like any other", `[1.0,1e2,100,-5E0]`, `[1,100,100,-5]`},
		{"what a double cannot tell apart is one",
			`[9007199254740993,0.1000000000000000055511151231257827]`, `[9007199254740992,0.1]`},
		{"where the exponent begins", `[1e20,1e21,1e-6,1e-7,1.5e-10]`,
			`[100000000000000000000,1e+21,0.000001,1e-7,1.5e-10]`},
	} {
		got, err := canonicalText([]byte(c.text))
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", c.rule, got, err, c.want)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for _, c := range []struct {
		rule, text string
		want       error
	}{
		{"nothing", ``, a2a.ErrNotJSON},
		{"two values", `1 2`, a2a.ErrNotJSON},
		{"what is not UTF-8", "\"\xff\"", a2a.ErrNotJSON},
		{"a surrogate in UTF-8", "\"\xed\xa0\x80\"", a2a.ErrNotJSON},
		{"a member named twice", `{"a":1,"a":1}`, a2a.ErrNamedTwice},
		{"a member named twice, once in escapes", `{"a":1,"\u0061":2}`, a2a.ErrNamedTwice},
		{"a member named twice further in", `[{"b":{"a":1,"a":2}}]`, a2a.ErrNamedTwice},
		{"a high surrogate at the end", `"\ud800"`, a2a.ErrNotJSON},
		{"a high surrogate before a letter", `"\ud800a"`, a2a.ErrNotJSON},
		{"a high surrogate before another escape", `"\uD800\n"`, a2a.ErrNotJSON},
		{"two high surrogates", `"\ud83d\ud83d\ude00"`, a2a.ErrNotJSON},
		{"a low surrogate", `"\ude00"`, a2a.ErrNotJSON},
		{"the halves in the wrong order", `"\ude00\ud83d"`, a2a.ErrNotJSON},
		{"half a pair in a name", `{"\ud800":1}`, a2a.ErrNotJSON},
		{"a number beyond doubles", `[1e309]`, errNumber},
		{"NaN", `NaN`, a2a.ErrNotJSON},
		{"101 arrays in one another", strings.Repeat("[", 101) + strings.Repeat("]", 101),
			a2a.ErrTooDeep},
	} {
		if got, err := canonicalText([]byte(c.text)); err != c.want || got != nil {
			t.Errorf("%s: got %s, %v", c.rule, got, err)
		}
	}
}

// FuzzCanonical: the form is JSON of the same meaning, it is its own form, and another spelling of
// the same value has the same form.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`{"b":[1,2.50,-0],"a":{"\ud83d\ude00":null,"\ufb33":true}}`,
		`"\u0000\u001f\u2028<>&\\ud800"`, `[1e21,1e-7,5e-324,9007199254740993]`, `"\ud800"`,
		`{"a":1,"a":2}`, `{"":"","\/":"/"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := canonicalText(text)
		if err != nil {
			return
		}
		if !reflect.DeepEqual(parse(t, first), parse(t, text)) {
			t.Fatalf("%s became %s", text, first)
		}
		again, err := canonicalText(first)
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("first %s, again %s, %v", first, again, err)
		}
		// other blanks, order, escapes and numbers
		spelled, err := json.MarshalIndent(parse(t, text), " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if other, err := canonicalText(spelled); err != nil || !bytes.Equal(first, other) {
			t.Fatalf("%s\nbecame %s, %v\nwant   %s", spelled, other, err, first)
		}
	})
}
