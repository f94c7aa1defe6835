package a2aclient_test

import (
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

func TestTheInterfaceIsTheFirstThatBothSpeakUnlessAVersionIsPinned(t *testing.T) {
	both := func(c *a2a.AgentCard) {
		c.SupportedInterfaces = []a2a.AgentInterface{
			{URL: agentURL + "/rest", ProtocolBinding: a2a.BindingHTTPJSON, ProtocolVersion: "1.0"},
			{URL: agentURL + "/future", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "3.0"},
			{URL: agentURL + "/old", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "0.3.0"},
			{URL: agentURL + "/new", ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: "1.0.1", Tenant: "hr"},
		}
	}
	for _, tt := range []struct{ pinned, path, version, params string }{
		{"", "/old", wire.Version03, `{"id":"t1"}`},
		{"0.3", "/old", wire.Version03, `{"id":"t1"}`},
		{"1.0", "/new", wire.Version10, `{"tenant":"hr","id":"t1"}`},
		{"1.0.1", "/new", wire.Version10, `{"tenant":"hr","id":"t1"}`},
	} {
		a := newAgent(t).on("GetTask", result(plainTask("WORKING"))).on("tasks/get", result(oldTask("working")))
		conf := config(t, inProcess{a})
		conf.Version = tt.pinned
		c, err := a2aclient.New(card(both), conf)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.GetTask(t.Context(), &a2a.GetTaskRequest{ID: "t1", Tenant: "another"}); err != nil {
			t.Fatal(err)
		}
		got := a.calls[0]
		if got.r.URL.Path != tt.path || c.Version() != tt.version || got.r.Header.Get("A2A-Version") != tt.version || string(got.Params) != tt.params {
			t.Errorf("pinned %q: %s %s with %q, params %s", tt.pinned, got.r.URL.Path, c.Version(), got.r.Header.Get("A2A-Version"), got.Params)
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
}
