package wire

import (
	"errors"
	"strings"
	"testing"

	"staff0/a2a"
)

// TestDecodeRefuses has a row for each way not to be a call, with the code of JSON-RPC 2.0 §5.1 and
// A2A §9.5, and the id that the answer must carry.
func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat("[", a2a.MaxDepth) + strings.Repeat("]", a2a.MaxDepth)
	for _, c := range []struct {
		name, body string
		want       error
		id         string
	}{
		{"an empty body", ``, a2a.ErrParse, ""},
		{"blanks only", " \n ", a2a.ErrParse, ""},
		{"no JSON", `hello`, a2a.ErrParse, ""},
		{"a cut body", `{"jsonrpc":"2.0","id":1,"method":"GetTask"`, a2a.ErrParse, ""},
		{"trailing garbage", `{"jsonrpc":"2.0","id":1,"method":"GetTask"}x`, a2a.ErrParse, ""},
		{"two calls in a row",
			`{"jsonrpc":"2.0","id":1,"method":"A"}{"jsonrpc":"2.0","id":2,"method":"B"}`,
			a2a.ErrParse, ""},
		{"a byte that is not UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
			a2a.ErrParse, ""},
		{"a byte that is not UTF-8 in a member nobody reads",
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"A\",\"x\":\"\xc3\x28\"}", a2a.ErrParse, ""},
		{"a surrogate in UTF-8", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xed\xa0\x80\"}",
			a2a.ErrParse, ""},
		{"a raw line break in a string", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\nb\"}",
			a2a.ErrParse, ""},
		{"an unknown escape", `{"jsonrpc":"2.0","id":1,"method":"\x"}`, a2a.ErrParse, ""},
		{"a short escape", `{"jsonrpc":"2.0","id":1,"method":"\u12"}`, a2a.ErrParse, ""},
		{"an escape that is no hex", `{"jsonrpc":"2.0","id":1,"method":"\u12g4"}`,
			a2a.ErrParse, ""},
		{"an escape at the end", `{"method":"\`, a2a.ErrParse, ""},
		{"an escape cut off at the end", `{"method":"\u12`, a2a.ErrParse, ""},
		{"a string without an end", `{"method":"abc`, a2a.ErrParse, ""},
		{"a comma too many in an object", `{"jsonrpc":"2.0",}`, a2a.ErrParse, ""},
		{"a comma too many in an array", `[1,]`, a2a.ErrParse, ""},
		{"a missing comma", `{"a":1 "b":2}`, a2a.ErrParse, ""},
		{"a missing colon", `{"a" 1}`, a2a.ErrParse, ""},
		{"a name that is no string", `{1:2}`, a2a.ErrParse, ""},
		{"brackets that do not match", `{"a":[1}`, a2a.ErrParse, ""},
		{"a number with a leading zero", `{"id":01}`, a2a.ErrParse, ""},
		{"a number without digits", `{"id":-}`, a2a.ErrParse, ""},
		{"a number that ends in a point", `{"id":1.}`, a2a.ErrParse, ""},
		{"a number with an empty exponent", `{"id":1e+}`, a2a.ErrParse, ""},
		{"a number with a plus", `{"id":+1}`, a2a.ErrParse, ""},
		{"NaN", `{"id":NaN}`, a2a.ErrParse, ""},
		{"half a word", `{"id":nul}`, a2a.ErrParse, ""},
		{"a wrong word", `{"id":trve}`, a2a.ErrParse, ""},
		{"a false friend", `{"id":falsch}`, a2a.ErrParse, ""},
		{"a byte order mark", "\ufeff{}", a2a.ErrParse, ""},
		{"a comment", `{} // hi`, a2a.ErrParse, ""},
		{"nesting at the bound that never closes", strings.Repeat("[", a2a.MaxDepth),
			a2a.ErrParse, ""},

		{"a string", `"GetTask"`, a2a.ErrInvalidRequest, ""},
		{"a number", `1`, a2a.ErrInvalidRequest, ""},
		{"null", `null`, a2a.ErrInvalidRequest, ""},
		{"an empty batch", `[]`, a2a.ErrInvalidRequest, ""},
		{"a batch", `[{"jsonrpc":"2.0","id":1,"method":"GetTask"}]`, a2a.ErrInvalidRequest, ""},
		{"an empty object", `{}`, a2a.ErrInvalidRequest, ""},
		{"no version", `{"id":1,"method":"GetTask"}`, a2a.ErrInvalidRequest, "1"},
		{"version 1.0", `{"jsonrpc":"1.0","id":1,"method":"GetTask"}`, a2a.ErrInvalidRequest, "1"},
		{"the version as a number", `{"jsonrpc":2.0,"id":"x","method":"GetTask"}`,
			a2a.ErrInvalidRequest, `"x"`},
		{"no method", `{"jsonrpc":"2.0","id":"x"}`, a2a.ErrInvalidRequest, `"x"`},
		{"a method that is no string", `{"jsonrpc":"2.0","id":7,"method":7}`, a2a.ErrInvalidRequest,
			"7"},
		{"a null method", `{"jsonrpc":"2.0","id":7,"method":null}`, a2a.ErrInvalidRequest, "7"},
		{"names in capitals", `{"JSONRPC":"2.0","ID":1,"Method":"GetTask"}`, a2a.ErrInvalidRequest,
			""},
		{"an object as id", `{"jsonrpc":"2.0","id":{},"method":"GetTask"}`, a2a.ErrInvalidRequest,
			""},
		{"an array as id", `{"jsonrpc":"2.0","id":[1],"method":"GetTask"}`, a2a.ErrInvalidRequest,
			""},
		{"a boolean as id", `{"jsonrpc":"2.0","id":true,"method":"GetTask"}`, a2a.ErrInvalidRequest,
			""},
		{"an id above 1 KiB", `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", maxIDSize-1) +
			`","method":"GetTask"}`, a2a.ErrInvalidRequest, ""},
		{"two ids", `{"jsonrpc":"2.0","id":1,"id":2,"method":"GetTask"}`, a2a.ErrInvalidRequest,
			""},
		{"two methods, one escaped",
			`{"jsonrpc":"2.0","id":1,"method":"GetTask","m\u0065thod":"CancelTask"}`,
			a2a.ErrInvalidRequest, ""},
		{"a member twice deep inside",
			`{"jsonrpc":"2.0","id":1,"method":"A","params":{"x":[{"a":1,"a":1}]}}`,
			a2a.ErrInvalidRequest, ""},
		{"a member twice among many",
			`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"9":1}`,
			a2a.ErrInvalidRequest, ""},
		{"an early member twice among many",
			`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"2":1}`,
			a2a.ErrInvalidRequest, ""},
		{"nesting beyond the bound", `{"jsonrpc":"2.0","id":1,"method":"A","params":{"a":` + deep +
			`}}`, a2a.ErrInvalidRequest, ""},

		{"params as an array", `{"jsonrpc":"2.0","id":5,"method":"GetTask","params":["x"]}`,
			a2a.ErrInvalidParams, "5"},
		{"params as a string", `{"jsonrpc":"2.0","id":5,"method":"GetTask","params":"x"}`,
			a2a.ErrInvalidParams, "5"},
		{"params as a number", `{"jsonrpc":"2.0","id":5,"method":"GetTask","params":0}`,
			a2a.ErrInvalidParams, "5"},
		{"params as a boolean", `{"jsonrpc":"2.0","id":5,"method":"GetTask","params":false}`,
			a2a.ErrInvalidParams, "5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := Decode([]byte(c.body))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if string(req.ID) != c.id {
				t.Errorf("id %q, want %q", req.ID, c.id)
			}
			if got, want := string(req.ID.Append(nil)), c.id; want == "" && got != "null" {
				t.Errorf("the answer would carry id %s", got)
			}
		})
	}
}

// TestDecodeAccepts has the envelopes that official clients send, and the odd ones that are legal.
func TestDecodeAccepts(t *testing.T) {
	for _, c := range []struct {
		name, body string
		id, method string
		params     string
	}{
		{"JavaScript: a number as id",
			`{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}}`, "1", "GetTask",
			`{"id":"t"}`},
		{"Go: a UUID as id",
			`{"jsonrpc":"2.0","method":"tasks/get","params":{"id":"t"},"id":"0a1b-2c"}`,
			`"0a1b-2c"`, "tasks/get", `{"id":"t"}`},
		{"JavaScript 1.3.0: empty params",
			`{"jsonrpc":"2.0","id":2,"method":"GetExtendedAgentCard","params":{}}`, "2",
			"GetExtendedAgentCard", `{}`},
		{"0.3 clients: no params",
			`{"jsonrpc":"2.0","id":2,"method":"agent/getAuthenticatedExtendedCard"}`, "2",
			"agent/getAuthenticatedExtendedCard", ""},
		{"null params", `{"jsonrpc":"2.0","id":2,"method":"ListTasks","params":null}`, "2",
			"ListTasks", ""},
		{"a notification", `{"jsonrpc":"2.0","method":"GetTask"}`, "", "GetTask", ""},
		{"id null", `{"jsonrpc":"2.0","id":null,"method":"GetTask"}`, "null", "GetTask", ""},
		{"a negative id", `{"jsonrpc":"2.0","id":-1,"method":"A"}`, "-1", "A", ""},
		{"a fraction as id", `{"jsonrpc":"2.0","id":1.50e+3,"method":"A"}`, "1.50e+3", "A", ""},
		{"an id beyond 64 bits",
			`{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"A"}`,
			"123456789012345678901234567890", "A", ""},
		{"an empty id", `{"jsonrpc":"2.0","id":"","method":"A"}`, `""`, "A", ""},
		{"an id with escapes", `{"jsonrpc":"2.0","id":"\u00e9\"\/","method":"A"}`, `"\u00e9\"\/"`,
			"A", ""},
		{"members nobody knows",
			`{"jsonrpc":"2.0","id":1,"method":"A","auth":{"x":[true,false,null,1.5]},"":0}`, "1",
			"A", ""},
		{"an escaped method and version",
			`{"jsonrpc":"2\u002e0","id":1,"m\u0065thod":"Get\u0054ask"}`, "1", "GetTask", ""},
		{"blanks everywhere",
			" {\n\t\"jsonrpc\" : \"2.0\" ,\r\n \"id\" : 1 , \"method\" : \"A\" , \"params\" : " +
				"{ } } \n", "1", "A", "{ }"},
		{"text beyond ASCII",
			`{"jsonrpc":"2.0","id":"号","method":"A","params":{"a":"é\ud83d\ude00"}}`, `"号"`, "A",
			`{"a":"é\ud83d\ude00"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := Decode([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if string(req.ID) != c.id || req.Method != c.method || string(req.Params) != c.params {
				t.Errorf("got id %s, method %s, params %s", req.ID, req.Method, req.Params)
			}
		})
	}
}

// The bounds are inclusive.
func TestDecodeBounds(t *testing.T) {
	inside := a2a.MaxDepth - 2 // the body and params are two
	body := `{"jsonrpc":"2.0","id":1,"method":"A","params":{"a":` +
		strings.Repeat("[", inside) + strings.Repeat("]", inside) + `}}`
	if _, err := Decode([]byte(body)); err != nil {
		t.Errorf("nesting at the bound: %v", err)
	}
	id := strings.Repeat("x", maxIDSize-2)
	if _, err := Decode([]byte(`{"jsonrpc":"2.0","id":"` + id + `","method":"A"}`)); err != nil {
		t.Errorf("an id at the bound: %v", err)
	}
}

// An object of very many members costs what its length costs: quadratic, this would take minutes.
func TestManyMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"jsonrpc":"2.0","id":1,"method":"A","params":{"n":0`)
	for i := range 200_000 {
		b.WriteString(`,"`)
		for n := i; ; n /= 26 {
			b.WriteByte('a' + byte(n%26))
			if n < 26 {
				break
			}
		}
		b.WriteString(`_":0`)
	}
	b.WriteString(`}}`)
	if _, err := Decode([]byte(b.String())); err != nil {
		t.Fatal(err)
	}
}

func TestIDs(t *testing.T) {
	for _, c := range []struct {
		a, b  ID
		equal bool
	}{
		{ID(`"a"`), ID(`"a"`), true},
		{ID(`"a"`), ID(`"\u0061"`), true},
		{ID(`"a"`), ID(`"b"`), false},
		{ID(`"1"`), ID(`1`), false},
		{ID(`1`), ID(`1`), true},
		{ID(`1`), ID(`2`), false},
		{nil, ID(`null`), true},
		{nil, ID(`"x"`), false},
	} {
		if c.a.Equal(c.b) != c.equal || c.b.Equal(c.a) != c.equal {
			t.Errorf("%s and %s: equal should be %v", c.a, c.b, c.equal)
		}
	}
}

func TestDecodeResponse(t *testing.T) {
	for _, c := range []struct {
		name, body    string
		result, fault string
		bad           bool
	}{
		{"a success", `{"jsonrpc":"2.0","id":1,"result":{"a":1}}`, `{"a":1}`, "", false},
		{"a null result", `{"jsonrpc":"2.0","id":1,"result":null}`, `null`, "", false},
		{"an error", `{"jsonrpc":"2.0","id":null,"error":{"code":-1}}`, "", `{"code":-1}`, false},
		{"an error without id", `{"jsonrpc":"2.0","error":{"code":-1}}`, "", `{"code":-1}`, false},
		{"a null error beside a result", `{"jsonrpc":"2.0","id":1,"result":{},"error":null}`, `{}`,
			"", false},
		{"both", `{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":-1}}`, "", "", true},
		{"neither", `{"jsonrpc":"2.0","id":1}`, "", "", true},
		{"only a null error", `{"jsonrpc":"2.0","id":1,"error":null}`, "", "", true},
		{"no version", `{"id":1,"result":{}}`, "", "", true},
		{"an id of a wrong kind", `{"jsonrpc":"2.0","id":[],"result":{}}`, "", "", true},
		{"two results", `{"jsonrpc":"2.0","id":1,"result":{},"result":{}}`, "", "", true},
		{"HTML", `<html>`, "", "", true},
		{"nothing", ``, "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := DecodeResponse([]byte(c.body))
			if c.bad {
				if !errors.Is(err, a2a.ErrInvalidAgentResponse) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil || string(res.Result) != c.result || string(res.Error) != c.fault {
				t.Errorf("got %s, %s, %v", res.Result, res.Error, err)
			}
		})
	}
}

// A success has a result and no error, an error the reverse (JSON-RPC 2.0 §5): JavaScript takes the
// mere presence of an error for one.
func TestAnswersHaveOneOfTwo(t *testing.T) {
	id := ID(`7`)
	for _, c := range []struct {
		name, want string
		append     func() ([]byte, error)
	}{
		{"delete in 1.0", `{"jsonrpc":"2.0","id":7,"result":{}}`, func() ([]byte, error) {
			return V10.DeleteTaskPushNotificationConfig.AppendResult(nil, id, Nothing{})
		}},
		{"delete in 0.3", `{"jsonrpc":"2.0","id":7,"result":null}`, func() ([]byte, error) {
			return V03.DeleteTaskPushNotificationConfig.AppendResult(nil, id, Nothing{})
		}},
		{"an empty list of tasks",
			`{"jsonrpc":"2.0","id":7,"result":{"tasks":[],"nextPageToken":"","pageSize":50,"totalSize":0}}`, func() ([]byte, error) {
				return V10.ListTasks.AppendResult(nil, id, &a2a.ListTasksResponse{PageSize: 50})
			}},
		{"an empty list of webhooks in 1.0", `{"jsonrpc":"2.0","id":7,"result":{"configs":[]}}`,
			func() ([]byte, error) {
				return V10.ListTaskPushNotificationConfigs.AppendResult(nil, id,
					&a2a.ListTaskPushNotificationConfigsResponse{})
			}},
		{"an empty list of webhooks in 0.3", `{"jsonrpc":"2.0","id":7,"result":[]}`,
			func() ([]byte, error) {
				return V03.ListTaskPushNotificationConfigs.AppendResult(nil, id,
					&a2a.ListTaskPushNotificationConfigsResponse{})
			}},
		{"an error to a notification",
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"Method not found"}}`,
			func() ([]byte, error) {
				return V10.AppendError(nil, nil, a2a.ErrMethodNotFound), nil
			}},
	} {
		got, err := c.append()
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}
