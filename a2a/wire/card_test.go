package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"staff0/a2a"
)

func readCard(t *testing.T, data []byte) *a2a.AgentCard {
	t.Helper()
	card, err := UnmarshalCard(data)
	if err != nil {
		t.Fatal(err)
	}
	return card
}

func writeCard(t *testing.T, card *a2a.AgentCard, form CardForm) []byte {
	t.Helper()
	data, err := MarshalCard(card, form)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The golden cards are written as they were read.
func TestCardGolden(t *testing.T) {
	v10 := readFile(t, "card_v10.json")
	equalJSON(t, writeCard(t, readCard(t, v10), CardV10), v10)

	v03 := readFile(t, "card_v03.json")
	equalJSON(t, writeCard(t, readCard(t, v03), CardV03), v03)

	// The 0.3 form of the 1.0 card is the 0.3 card; a skill says its modes, which the short example
	// leaves out.
	old := parse(t, writeCard(t, readCard(t, v10), CardV03)).(map[string]any)
	skill := old["skills"].([]any)[0].(map[string]any)
	delete(skill, "inputModes")
	delete(skill, "outputModes")
	if want := parse(t, v03); !reflect.DeepEqual(any(old), want) {
		t.Errorf("got  %v\nwant %v", old, want)
	}
}

// The union holds the members of both forms side by side, less the requirements in the form of 1.0.
func TestCardUnion(t *testing.T) {
	card := readCard(t, readFile(t, "card_v10.json"))
	union := parse(t, writeCard(t, card, CardUnion)).(map[string]any)
	want := parse(t, writeCard(t, card, CardV10)).(map[string]any)
	var merge func(into, from map[string]any)
	merge = func(into, from map[string]any) {
		delete(into, "securityRequirements")
		for name, value := range from {
			switch have := into[name].(type) {
			case map[string]any:
				merge(have, value.(map[string]any))
			case []any:
				if name == "skills" {
					merge(have[0].(map[string]any), value.([]any)[0].(map[string]any))
				}
			default:
				into[name] = value
			}
		}
	}
	merge(want, parse(t, writeCard(t, card, CardV03)).(map[string]any))
	if !reflect.DeepEqual(union, want) {
		t.Errorf("got  %v\nwant %v", union, want)
	}
	text := string(writeCard(t, card, CardUnion))
	if strings.Contains(text, "securityRequirements") ||
		!strings.Contains(text, `"type":"oauth2"`) ||
		!strings.Contains(text, `"oauth2SecurityScheme"`) {
		t.Errorf("the union is %s", text)
	}
	// Read again it is the same card: the requirements are there in the form of 0.3.
	if got := readCard(t, []byte(text)); !reflect.DeepEqual(got, card) {
		t.Errorf("got  %+v\nwant %+v", got, card)
	}
}

func TestCardWithoutOldInterface(t *testing.T) {
	card := &a2a.AgentCard{Name: "n",
		SupportedInterfaces: []a2a.AgentInterface{{URL: "https://x",
			ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: Version10}}}
	union := writeCard(t, card, CardUnion)
	for _, member := range []string{"protocolVersion\":\"0.3", "preferredTransport",
		"stateTransitionHistory", "additionalInterfaces"} {
		if strings.Contains(string(union), member) {
			t.Errorf("%s in %s", member, union)
		}
	}
	if _, err := MarshalCard(card, CardV03); err == nil {
		t.Error("a 0.3 card was written for an agent that does not speak it")
	}
	if _, err := V03.GetExtendedAgentCard.AppendResult(nil, nil, card); err == nil {
		t.Error("a 0.3 card was sent for an agent that does not speak it")
	}
}

// A list that must be there is never null (a null breaks every strict reader), and texts are not
// escaped for HTML.
func TestCardHasNoNulls(t *testing.T) {
	card := &a2a.AgentCard{
		Description:          "a <b> & c",
		SupportedInterfaces:  []a2a.AgentInterface{{URL: "u", ProtocolVersion: "0.3.0"}},
		Skills:               []a2a.AgentSkill{{}},
		SecurityRequirements: []a2a.SecurityRequirement{{Schemes: map[string]a2a.StringList{"s": {}}}},
	}
	for _, form := range []CardForm{CardUnion, CardV10, CardV03} {
		text := string(writeCard(t, card, form))
		if strings.Contains(text, "null") {
			t.Errorf("form %d: %s", form, text)
		}
		if !strings.Contains(text, "a <b> & c") {
			t.Errorf("form %d: %s", form, text)
		}
		if got := strings.Contains(text, `"signatures"`); got {
			t.Errorf("form %d is signed", form)
		}
	}
	empty := string(writeCard(t, &a2a.AgentCard{}, CardV10))
	for _, list := range []string{"supportedInterfaces", "defaultInputModes", "defaultOutputModes",
		"skills"} {
		if !strings.Contains(empty, `"`+list+`":[]`) {
			t.Errorf("no %s in %s", list, empty)
		}
	}
}

// A signature covers one form.
func TestUnionIsNotSigned(t *testing.T) {
	card := readCard(t, readFile(t, "card_v10.json"))
	card.Signatures = []a2a.AgentCardSignature{{Protected: "p", Signature: "s"}}
	for form, want := range map[CardForm]bool{CardUnion: false, CardV10: true, CardV03: true} {
		if got := strings.Contains(string(writeCard(t, card, form)),
			`"signatures":[{`); got != want {
			t.Errorf("form %d: signed is %v", form, got)
		}
	}
	if got := readCard(t, writeCard(t, card, CardV10)); !reflect.DeepEqual(got, card) {
		t.Error("the signature was lost")
	}
}

// Every kind of scheme survives in every form.
func TestCardSchemes(t *testing.T) {
	flow := &a2a.OAuthFlow{AuthorizationURL: "a", TokenURL: "t", RefreshURL: "r",
		Scopes: map[string]string{"s": "d"}}
	schemes := map[string]a2a.SecurityScheme{
		"key": {APIKey: &a2a.APIKeySecurityScheme{Description: "d", Location: "header",
			Name: "X"}},
		"http": {HTTPAuth: &a2a.HTTPAuthSecurityScheme{Description: "d", Scheme: "Bearer",
			BearerFormat: "JWT"}},
		"oauth": {OAuth2: &a2a.OAuth2SecurityScheme{Description: "d",
			Flows:             a2a.OAuthFlows{AuthorizationCode: flow, ClientCredentials: flow},
			OAuth2MetadataURL: "m"}},
		"oidc": {OpenIDConnect: &a2a.OpenIDConnectSecurityScheme{Description: "d",
			OpenIDConnectURL: "u"}},
		"mtls": {MutualTLS: &a2a.MutualTLSSecurityScheme{Description: "d"}},
		"odd":  {},
	}
	for _, form := range []CardForm{CardUnion, CardV10, CardV03} {
		card := &a2a.AgentCard{
			SupportedInterfaces: []a2a.AgentInterface{{URL: "u",
				ProtocolBinding: a2a.BindingJSONRPC, ProtocolVersion: Version03}},
			SecuritySchemes: schemes,
		}
		if got := readCard(t, writeCard(t, card, form)).SecuritySchemes; !reflect.DeepEqual(got,
			schemes) {
			t.Errorf("form %d: %+v", form, got)
		}
	}
}

func TestUnmarshalCard(t *testing.T) {
	yes := true
	one := []a2a.AgentInterface{{URL: "u", ProtocolBinding: "JSONRPC", ProtocolVersion: "0.3"}}
	need := []a2a.SecurityRequirement{{Schemes: map[string]a2a.StringList{"o": {List: []string{"r"}}}}}
	for _, c := range []struct {
		name, card string
		want       a2a.AgentCard
	}{
		{"0.2.0: an address and no version", `{"url":"u"}`,
			a2a.AgentCard{SupportedInterfaces: one}},
		{"0.3: the main interface comes first and once",
			`{"protocolVersion":"0.3.0","url":"u","preferredTransport":"JSONRPC","additionalInterfaces":[{"url":"g","transport":"GRPC"},{"url":"u","transport":"JSONRPC"}]}`,
			a2a.AgentCard{SupportedInterfaces: []a2a.AgentInterface{one[0],
				{URL: "g", ProtocolBinding: "GRPC", ProtocolVersion: "0.3"}}}},
		{"0.2.5 keeps its version", `{"protocolVersion":"0.2.5","url":"u"}`,
			a2a.AgentCard{SupportedInterfaces: []a2a.AgentInterface{{URL: "u",
				ProtocolBinding: "JSONRPC", ProtocolVersion: "0.2"}}}},
		{"0.3: an extended card", `{"url":"u","supportsAuthenticatedExtendedCard":true}`,
			a2a.AgentCard{SupportedInterfaces: one,
				Capabilities: a2a.AgentCapabilities{ExtendedAgentCard: &yes}}},
		{"0.3: security", `{"url":"u","security":[{"o":["r"]}]}`,
			a2a.AgentCard{SupportedInterfaces: one, SecurityRequirements: need}},
		{"1.0 members win over those of 0.3",
			`{"url":"old","protocolVersion":"0.3.0","supportedInterfaces":[{"url":"u","protocolBinding":"JSONRPC","protocolVersion":"0.3","tenant":""}],"security":[{"x":[]}],"securityRequirements":[{"schemes":{"o":{"list":["r"]}}}]}`,
			a2a.AgentCard{SupportedInterfaces: one, SecurityRequirements: need}},
		{"Go SDK: bare lists of scopes",
			`{"url":"u","securityRequirements":[{"schemes":{"o":["r"]}}]}`,
			a2a.AgentCard{SupportedInterfaces: one, SecurityRequirements: need}},
		{"members nobody knows", `{"url":"u","future":{"x":[1]},"capabilities":{"telepathy":true}}`,
			a2a.AgentCard{SupportedInterfaces: one}},
		{"nulls", `{"url":"u","skills":null,"provider":null,"securitySchemes":null,"defaultInputModes":null}`, a2a.AgentCard{SupportedInterfaces: one}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := readCard(t, []byte(c.card)); !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got  %+v\nwant %+v", *got, c.want)
			}
		})
	}
}

func TestUnmarshalCardRefuses(t *testing.T) {
	for name, card := range map[string]string{
		"nothing":                        ``,
		"HTML":                           `<!doctype html>`,
		"a list":                         `[]`,
		"null":                           `null`,
		"no address":                     `{"name":"x"}`,
		"an empty address":               `{"url":"","additionalInterfaces":[{"transport":"GRPC"}]}`,
		"an address that is a number":    `{"url":1}`,
		"two addresses":                  `{"url":"https://a","url":"https://b"}`,
		"two addresses, one escaped":     `{"url":"https://a","\u0075rl":"https://b"}`,
		"two token endpoints":            `{"url":"u","securitySchemes":{"o":{"oauth2SecurityScheme":{"flows":{"clientCredentials":{"tokenUrl":"a","tokenUrl":"b"}}}}}}`,
		"scopes that are a text":         `{"url":"u","securityRequirements":[{"schemes":{"o":"r"}}]}`,
		"scopes that are a wrapped text": `{"url":"u","securityRequirements":[{"schemes":{"o":{"list":"r"}}}]}`,
		"too deep": `{"url":"u","x":` +
			strings.Repeat("[", a2a.MaxDepth) + strings.Repeat("]", a2a.MaxDepth) + `}`,
		"bytes that are not UTF-8": "{\"url\":\"u\",\"name\":\"\xff\"}",
		"two cards":                `{"url":"u"}{"url":"u"}`,
		"too large": `{"url":"u","x":"` + strings.Repeat("x", MaxCardSize) +
			`"}`,
	} {
		if _, err := UnmarshalCard([]byte(card)); !errors.Is(err, a2a.ErrInvalidAgentResponse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	pad := `{"url":"u","x":"`
	if _, err := UnmarshalCard([]byte(pad + strings.Repeat("x", MaxCardSize-len(pad)-2) +
		`"}`)); err != nil {
		t.Errorf("a card at the bound: %v", err)
	}
}

// The extended card travels as a pure card of its version.
func TestExtendedCard(t *testing.T) {
	card := readCard(t, readFile(t, "card_v10.json"))
	for d, form := range map[*Dialect]CardForm{V10: CardV10, V03: CardV03} {
		answer, err := d.GetExtendedAgentCard.AppendResult(nil, ID("1"), card)
		if err != nil {
			t.Fatal(err)
		}
		res, err := DecodeResponse(answer)
		if err != nil || !bytes.Equal(res.Result, writeCard(t, card, form)) {
			t.Errorf("%s: %s, %v", d.Version, res.Result, err)
		}
		if _, err := d.GetExtendedAgentCard.DecodeResult(res.Result); err != nil {
			t.Error(err)
		}
		if !json.Valid(answer) {
			t.Errorf("%s is not JSON", answer)
		}
	}
}

// TestCardsWithManyAddresses: the addresses of a card are told apart with work in proportion to
// their number. Comparing each with all others took seconds for a card of the largest size.
func TestCardsWithManyAddresses(t *testing.T) {
	const n = 15_000
	var text strings.Builder
	text.WriteString(`{"url":"u","additionalInterfaces":[`)
	for i := range n {
		text.WriteString(`{"url":"https://a.example/` + strconv.Itoa(i) + `","transport":"GRPC"},`)
	}
	text.WriteString(`{"url":"u","transport":"JSONRPC"}]}`)
	card := readCard(t, []byte(text.String()))
	if got := len(card.SupportedInterfaces); got != n+1 {
		t.Errorf("%d addresses", got)
	}
}
