package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"staff0/a2a"
)

// FuzzDecode: whatever is decoded is JSON to encoding/json too, means the same there, and its id
// comes back to the byte. Whatever is not JSON is ErrParse, and only that.
func FuzzDecode(f *testing.F) {
	for _, file := range []string{"v10.txtar", "v03.txtar"} {
		for _, e := range examples(f, file) {
			f.Add(e.body)
		}
	}
	f.Add([]byte(
		`{"jsonrpc":"2\u002e0","id":"\ud800","method":"\u0000","params":{"":[-0.0e-0,true,false,null]}}`))
	f.Add([]byte(`[{"jsonrpc":"2.0"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := Decode(body)
		isJSON := json.Valid(body)
		if err != nil {
			if errors.Is(err, a2a.ErrParse) && len(req.ID) > 0 {
				t.Fatal("an id out of what is not JSON")
			}
			if !isJSON && !errors.Is(err, a2a.ErrParse) && !errors.Is(err, a2a.ErrInvalidRequest) {
				t.Fatalf("not JSON, but %v", err)
			}
			if !json.Valid(V10.AppendError(nil, req.ID, err)) ||
				!json.Valid(V03.AppendError(nil, req.ID, err)) {
				t.Fatal("the answer is not JSON")
			}
			return
		}
		if !isJSON {
			t.Fatal("was taken for JSON")
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatal(err)
		}
		var method string
		if err := json.Unmarshal(members["method"], &method); err != nil || method != req.Method {
			t.Fatalf("method %q, want %q", req.Method, method)
		}
		if !bytes.Equal(members["id"], req.ID) {
			t.Fatalf("id %s, want %s", req.ID, members["id"])
		}
		if req.Params != nil && !bytes.Equal(members["params"], req.Params) {
			t.Fatalf("params %s, want %s", req.Params, members["params"])
		}
	})
}

func fuzzDialect(f *testing.F, d, via *Dialect, file string) {
	for _, e := range examples(f, file) {
		f.Add(e.op, e.request, e.body)
	}
	f.Fuzz(func(t *testing.T, op string, request bool, body []byte) {
		if _, ok := operations()[op]; !ok {
			return
		}
		e := example{op: op, request: request}
		first, err := e.translate(d, d, body)
		if err != nil {
			return
		}
		second, err := e.translate(d, d, first)
		if err != nil {
			t.Fatalf("does not read what it wrote: %v\n%s", err, first)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("first  %s\nsecond %s", first, second)
		}
		if op == "ListTasks" || op == "GetExtendedAgentCard" {
			return // not in both, and not the same in both
		}
		there, err := e.translate(d, via, first)
		if err != nil {
			t.Fatalf("into %s: %v\n%s", via.Version, err, first)
		}
		back, err := e.translate(via, d, there)
		if err != nil {
			if d == V10 && representable(first) {
				t.Fatalf("out of %s: %v\n%s", via.Version, err, there)
			}
			return
		}
		again, err := e.translate(d, via, back)
		if err != nil {
			t.Fatalf("into %s a second time: %v\n%s", via.Version, err, back)
		}
		// What one way through the other version keeps, each further one keeps too.
		if !reflect.DeepEqual(parse(t, there), parse(t, again)) {
			t.Fatalf("first  %s\nsecond %s", there, again)
		}
	})
}

// representable leaves out what 0.3 has no form for: a task without an id in an event, and parts of
// no kind.
func representable(message []byte) bool {
	return !bytes.Contains(message, []byte(`"id":""`))
}

func FuzzV10(f *testing.F) { fuzzDialect(f, V10, V03, "v10.txtar") }
func FuzzV03(f *testing.F) { fuzzDialect(f, V03, V10, "v03.txtar") }

// FuzzEvents: what was written is read back, and no stream makes the reader panic, or hold more
// than its bound.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: a\n\n"), []byte(`{"a":1}`), "keep-alive")
	f.Add([]byte("\ufeffid: 1\r\nevent: x\rdata\n\n"), []byte("{\n}"), "a\nb")
	f.Fuzz(func(t *testing.T, stream, data []byte, comment string) {
		for e, err := range Events(bytes.NewReader(stream)) {
			if err == nil && len(e.Data) > MaxEventSize {
				t.Fatal("above the bound")
			}
		}
		rec := httptest.NewRecorder()
		w := NewEventWriter(rec)
		for range 2 {
			if err := errors.Join(w.Comment(comment), w.Send(data)); err != nil {
				t.Fatal(err)
			}
		}
		want := []byte(strings.NewReplacer("\n", " ", "\r", " ").Replace(string(data)))
		if len(bytes.TrimSpace(want)) == 0 {
			return
		}
		n := 0
		for e, err := range Events(rec.Body) {
			if err != nil || !bytes.Equal(e.Data, want) {
				t.Fatalf("got %q, %v; want %q", e.Data, err, want)
			}
			n++
		}
		if n != 2 {
			t.Fatalf("%d events of 2", n)
		}
	})
}

// FuzzCard: a card that was read is written in every form it can have, and reads the same again.
func FuzzCard(f *testing.F) {
	f.Add(readFile(f, "card_v10.json"))
	f.Add(readFile(f, "card_v03.json"))
	f.Fuzz(func(t *testing.T, data []byte) {
		card, err := UnmarshalCard(data)
		if err != nil {
			return
		}
		first, err := MarshalCard(card, CardV10)
		if err != nil {
			return // parameters of an extension that encoding/json does not take
		}
		again, err := UnmarshalCard(first)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		second, err := MarshalCard(again, CardV10)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("first  %s\nsecond %s\n%v", first, second, err)
		}
		if _, err := MarshalCard(card, CardUnion); err != nil {
			t.Fatal(err)
		}
	})
}
