package wire

import (
	"errors"
	"strings"
	"testing"

	"staff0/a2a"
)

// The example of §8.4.1, with the REQUIRED members that it leaves out.
func TestCardPayloadKeepsWhatTheSpecificationKeeps(t *testing.T) {
	no := false
	card := &a2a.AgentCard{Name: "Example Agent",
		Capabilities: a2a.AgentCapabilities{Streaming: &no, PushNotifications: &no,
			Extensions: []a2a.AgentExtension{}}}
	want := `{"capabilities":{"pushNotifications":false,"streaming":false},"defaultInputModes":[],"defaultOutputModes":[],"description":"",` +
		`"name":"Example Agent","skills":[],"supportedInterfaces":[],"version":""}`
	if got, err := CardPayload(card); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

func TestCardPayload(t *testing.T) {
	for _, c := range []struct {
		rule       string
		card       a2a.AgentCard
		has, hasnt string
	}{
		{
			"signatures are not signed",
			a2a.AgentCard{Signatures: []a2a.AgentCardSignature{{Protected: "p", Signature: "s"}}},
			`"name":""`, "signatures",
		},
		{
			"a requirement without scopes keeps its scheme",
			a2a.AgentCard{SecurityRequirements: []a2a.SecurityRequirement{{Schemes: map[string]a2a.StringList{"s": {List: []string{}}}}, {}}},
			`"securityRequirements":[{"schemes":{"s":{}}},{}]`, "list",
		},
		{
			"an empty scheme stays",
			a2a.AgentCard{SecuritySchemes: map[string]a2a.SecurityScheme{"m": {MutualTLS: &a2a.MutualTLSSecurityScheme{}}}},
			`"securitySchemes":{"m":{"mtlsSecurityScheme":{}}}`, "null",
		},
		{
			"the REQUIRED members of a flow stay",
			a2a.AgentCard{SecuritySchemes: map[string]a2a.SecurityScheme{"o": {OAuth2: &a2a.OAuth2SecurityScheme{
				Flows: a2a.OAuthFlows{AuthorizationCode: &a2a.OAuthFlow{}},
			}}}},
			`{"authorizationCode":{"authorizationUrl":"","scopes":{},"tokenUrl":""}}`, "null",
		},
		{
			"a deprecated flow has none",
			a2a.AgentCard{SecuritySchemes: map[string]a2a.SecurityScheme{"o": {OAuth2: &a2a.OAuth2SecurityScheme{Flows: a2a.OAuthFlows{Password: &a2a.OAuthFlow{}}}}}},
			`{"password":{}}`, "null",
		},
		{
			"an extension is a Struct as it came",
			a2a.AgentCard{Capabilities: a2a.AgentCapabilities{Extensions: []a2a.AgentExtension{{URI: "u", Params: a2a.Struct(`{"b":"","a":null,"c":{"x":[]}}`)}}}},
			`{"extensions":[{"params":{"a":null,"b":"","c":{"x":[]}},"uri":"u"}]}`, "required",
		},
		{
			"texts are not escaped for HTML or JavaScript",
			a2a.AgentCard{Description: "<b> & \u2028"}, "\"<b> & \u2028\"", `\u`,
		},
	} {
		got, err := CardPayload(&c.card)
		if err != nil || !strings.Contains(string(got), c.has) ||
			strings.Contains(string(got), c.hasnt) {
			t.Errorf("%s: %s, %v", c.rule, got, err)
		}
	}
	bad := &a2a.AgentCard{Capabilities: a2a.AgentCapabilities{Extensions: []a2a.AgentExtension{{Params: a2a.Struct(`{"a":"\ud800"}`)}}}}
	if got, err := CardPayload(bad); !errors.Is(err, a2a.ErrNotJSON) || got != nil {
		t.Errorf("half a surrogate pair was signed: %s, %v", got, err)
	}
	bad.Capabilities.Extensions[0].Params = a2a.Struct(`{`)
	if _, err := CardPayload(bad); err == nil {
		t.Error("half an object was signed")
	}
}
