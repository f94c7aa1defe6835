package a2aclient_test

import (
	"net/http"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
)

func TestNewNeedsWhatItNeeds(t *testing.T) {
	for why, change := range map[string]func(*a2aclient.Config){
		"no base":                         func(c *a2aclient.Config) { c.Base = nil },
		"no HTTP client":                  func(c *a2aclient.Config) { c.HTTPClient = nil },
		"no tokens, though one is wanted": func(c *a2aclient.Config) { c.Tokens = nil },
		"a version that nobody speaks":    func(c *a2aclient.Config) { c.Version = "2.0" },
		"a binding that nobody speaks": func(c *a2aclient.Config) {
			c.Binding = a2a.BindingGRPC
		},
	} {
		conf := config(t, nil)
		change(&conf)
		if _, err := a2aclient.New(card(), conf); err == nil {
			t.Errorf("%s: no error", why)
		}
	}
	if _, err := a2aclient.New(nil, config(t, nil)); err == nil {
		t.Error("no card: no error")
	}
}

// The example agent of the Python SDK names no version: its clients, and those of the JS SDK, speak
// 1.0 with it.
func TestAnInterfaceWithoutAVersionSpeaks10(t *testing.T) {
	unversioned := func(c *a2a.AgentCard) {
		c.SupportedInterfaces = []a2a.AgentInterface{{URL: agentURL + "/",
			ProtocolBinding: a2a.BindingJSONRPC}}
	}
	for pinned, speaks := range map[string]string{"": wire.Version10, "1.0": wire.Version10,
		"0.3": ""} {
		conf := config(t, nil)
		conf.Version = pinned
		c, err := a2aclient.New(card(unversioned), conf)
		switch {
		case speaks == "" && err == nil:
			t.Errorf("pinned %q: no error", pinned)
		case speaks != "" && (err != nil || c.Version() != speaks):
			t.Errorf("pinned %q: %v", pinned, err)
		}
	}
}

func TestTheInterfaceIsTheFirstThatBothSpeakUnlessSomethingIsPinned(t *testing.T) {
	many := func(c *a2a.AgentCard) {
		c.SupportedInterfaces = []a2a.AgentInterface{
			{URL: agentURL + "/grpc", ProtocolBinding: a2a.BindingGRPC, ProtocolVersion: "1.0"},
			{URL: agentURL + "/future", ProtocolBinding: a2a.BindingJSONRPC,
				ProtocolVersion: "3.0"},
			{URL: agentURL + "/v1", ProtocolBinding: a2a.BindingHTTPJSON, ProtocolVersion: "0.3"},
			{URL: agentURL + "/old", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "0.3.0"},
			{URL: agentURL + "/rest", ProtocolBinding: a2a.BindingHTTPJSON, ProtocolVersion: "1.0"},
			{URL: agentURL + "/new", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "1.0.1",
				Tenant: "hr"},
		}
	}
	for _, tt := range []struct{ version, binding, path, speaks, in, params string }{
		{"", "", "/old", wire.Version03, a2a.BindingJSONRPC, `{"id":"t1"}`},
		{"0.3", "", "/old", wire.Version03, a2a.BindingJSONRPC, `{"id":"t1"}`},
		{"1.0", "", "/rest/tasks/t1", wire.Version10, a2a.BindingHTTPJSON, ""},
		{"", a2a.BindingHTTPJSON, "/rest/tasks/t1", wire.Version10, a2a.BindingHTTPJSON, ""},
		{"1.0", a2a.BindingJSONRPC, "/new", wire.Version10, a2a.BindingJSONRPC,
			`{"tenant":"hr","id":"t1"}`},
		{"1.0.1", a2a.BindingJSONRPC, "/new", wire.Version10, a2a.BindingJSONRPC,
			`{"tenant":"hr","id":"t1"}`},
	} {
		a := newAgent(t).on("GetTask", result(plainTask("WORKING"))).on("tasks/get",
			result(oldTask("working")))
		var params, path, asked string
		conf := config(t, inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path, asked = r.URL.Path, r.Header.Get("A2A-Version")
			if strings.HasPrefix(path, "/rest") {
				_, _ = w.Write([]byte(plainTask("WORKING")))
				return
			}
			a.ServeHTTP(w, r)
			params = string(a.calls[0].Params)
		})})
		conf.Version, conf.Binding = tt.version, tt.binding
		c, err := a2aclient.New(card(many), conf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.GetTask(t.Context(),
			&a2a.GetTaskRequest{ID: "t1", Tenant: "another"}); err != nil {
			t.Fatal(err)
		}
		if path != tt.path || c.Version() != tt.speaks || c.Binding() != tt.in ||
			asked != tt.speaks || params != tt.params {
			t.Errorf("pinned %q and %q: %s %s %s with %q, params %s", tt.version, tt.binding, path,
				c.Version(), c.Binding(), asked, params)
		}
		if c.Card().Name != "agent" {
			t.Error("the card is lost")
		}
	}

	conf := config(t, nil)
	conf.Version = "1.0"
	_, err := a2aclient.New(card(of03), conf) // no silent downgrade (§3.6.3)
	if err == nil || !strings.Contains(err.Error(), "in version 1.0") {
		t.Errorf("error %v", err)
	}
	conf.Version, conf.Binding = "", a2a.BindingHTTPJSON
	if _, err := a2aclient.New(card(), conf); err == nil ||
		!strings.Contains(err.Error(), "no interface of HTTP+JSON in version") {
		t.Errorf("error %v", err)
	}
}
