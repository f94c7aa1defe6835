package wire

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"staff0/a2a"
)

// TestFor is the table of the doc comment, with every spelling.
func TestFor(t *testing.T) {
	const (
		new = "GetTask"
		old = "tasks/get"
	)
	for _, c := range []struct {
		version, method string
		want            *Dialect
		err             error
	}{
		{"1.0", new, V10, nil},
		{"1.0.1", new, V10, nil},
		{"", new, V10, nil},
		{"0.3", new, V10, a2a.ErrMethodNotFound},
		{"0.3.0", new, V10, a2a.ErrMethodNotFound},
		{"0.2", new, V10, a2a.ErrVersionNotSupported},
		{"0.2.5", new, V10, a2a.ErrVersionNotSupported},
		{"1.1", new, V10, a2a.ErrVersionNotSupported},
		{"2.0", new, V10, a2a.ErrVersionNotSupported},
		{"abc", new, V10, a2a.ErrVersionNotSupported},
		{"1", new, V10, a2a.ErrVersionNotSupported},
		{"1.0.", new, V10, a2a.ErrVersionNotSupported},
		{"1.0.x", new, V10, a2a.ErrVersionNotSupported},
		{"1.0.1.1", new, V10, a2a.ErrVersionNotSupported},
		{"v1.0", new, V10, a2a.ErrVersionNotSupported},
		{"1.0,0.3", new, V10, a2a.ErrVersionNotSupported},

		{"0.3", old, V03, nil},
		{"0.3.0", old, V03, nil},
		{"", old, V03, nil},
		{"0.2", old, V03, nil},
		{"0.2.6", old, V03, nil},
		{"1.0", old, V03, a2a.ErrMethodNotFound},
		{"1.1", old, V03, a2a.ErrVersionNotSupported},
		{"0.1", old, V03, a2a.ErrVersionNotSupported},
		{"abc", old, V03, a2a.ErrVersionNotSupported},

		{"1.0", "getTask", V10, a2a.ErrMethodNotFound},
		{"1.0", "Gettask", V10, a2a.ErrMethodNotFound},
		{"1.0", "NoSuch", V10, a2a.ErrMethodNotFound},
		{"", "tasks/send", V03, a2a.ErrMethodNotFound}, // 0.1
		{"", "Tasks/Get", V03, a2a.ErrMethodNotFound},
		{"0.3", "foo", V03, a2a.ErrMethodNotFound},
		{"", "foo", V10, a2a.ErrMethodNotFound},
		{"", "", V10, a2a.ErrMethodNotFound},
		{"1.0", "", V10, a2a.ErrMethodNotFound},
		{"0.3", "", V03, a2a.ErrMethodNotFound},
		{"9.9", "", V10, a2a.ErrVersionNotSupported},
		{"2.0", "NoSuch", V10, a2a.ErrVersionNotSupported},
	} {
		d, err := For(c.version, c.method)
		if d != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("For(%q, %q) = %v, %v; want %v, %v", c.version, c.method, d.Version, err,
				c.want.Version, c.err)
		}
	}
}

// An unsupported version says which ones are; 0.3 has no code for it (§5.4, 0.3 §8.2).
func TestUnsupportedVersionIsTold(t *testing.T) {
	d, err := For("2.0", "GetTask")
	equalJSON(t, d.AppendError(nil, ID("1"), err), []byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32009,"message":"Protocol version is not supported","data":[
		{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"VERSION_NOT_SUPPORTED","domain":"a2a-protocol.org","metadata":{"supportedVersions":"1.0,0.3"}}]}}`))
	d, err = For("2.0", "tasks/get")
	if got := string(d.AppendError(nil, ID("1"), err)); !strings.Contains(got, `"code":-32600`) {
		t.Errorf("0.3 got %s", got)
	}
}

func TestRequestVersion(t *testing.T) {
	for _, c := range []struct {
		name   string
		header []string
		query  string
		want   string
	}{
		{"nothing", nil, "", ""},
		{"an empty header", []string{""}, "", ""},
		{"the header", []string{" 1.0 "}, "", "1.0"},
		{"the query", nil, "A2A-Version=0.3", "0.3"},
		{"the header wins over the query", []string{"1.0"}, "A2A-Version=0.3", "1.0"},
		{"an empty header leaves it to the query", []string{""}, "A2A-Version=0.3", "0.3"},
		{"the same twice", []string{"1.0", "1.0"}, "", "1.0"},
		{"the same but for the patch", []string{"1.0", "1.0.1"}, "", "1.0"},
		{"two that conflict", []string{"1.0", "0.3"}, "", "1.0,0.3"},
		{"two that conflict in one header", []string{"1.0, 0.3"}, "", "1.0, 0.3"},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got := RequestVersion(http.Header{"A2a-Version": c.header}, query)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if strings.Contains(got, ",") {
			if _, err := For(got, "GetTask"); !errors.Is(err, a2a.ErrVersionNotSupported) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for version, want := range map[string]*Dialect{
		"1.0": V10, "1.0.1": V10, "0.3": V03, "0.3.0": V03, "0.2": V03, "0.2.6": V03, "": nil,
		"0.1": nil, "1": nil, "1.1": nil, "2.0": nil,
	} {
		if got := Lookup(version); got != want {
			t.Errorf("Lookup(%q) = %v", version, got)
		}
	}
	if !slices.Equal(Versions(), []string{V10.Version, V03.Version}) {
		t.Errorf("Versions() = %v", Versions())
	}
	if V10.ErrorEvents || !V03.ErrorEvents {
		t.Error("only 0.3 tells an early error as an event")
	}
	if V10.Extensions != "A2A-Extensions" || V03.Extensions != "X-A2A-Extensions" {
		t.Error("extensions header")
	}
}
