package wire

import (
	"fmt"
	"slices"
	"sync"

	"staff0/a2a"
)

// CardPayload is what a signature of the card covers (§8.4.1): the card of 1.0 without its
// signatures and without members that have their default value, unless they are REQUIRED or were
// set though optional, in canonical form (RFC 8785).
//
// A card whose Struct members hold what is no I-JSON has no payload.
func CardPayload(card *a2a.AgentCard) ([]byte, error) {
	text, err := MarshalCard(card, CardV10)
	if err != nil {
		return nil, err
	}
	doc, err := parseIJSON(text)
	if err != nil {
		return nil, fmt.Errorf("the agent card %w", err)
	}
	return canonical(cardMessage().reduce(doc)), nil
}

// CardPayloads are the texts that whoever signed the card may have signed, each once. Only a
// signature tells which it was, and whoever verifies it hands out no more than the signed text
// says, so to try several weakens nothing.
//
//   - The card as it was received, less its signatures. A signer of a later version signs members that we do not know.
//   - What the specification asks for, of which CardPayload is our own: a server may send default values that were not signed, and members of
//     0.3 beside those of 1.0.
//   - What the official JS and Python SDKs sign: the same, but every empty text, list and object is left out, at any depth and even where it is
//     REQUIRED or optional and set.
//   - What the JS SDK signs if it is given a card that it has parsed (a2aproject/a2a-js#663): security schemes are lost. Such a card says less, and
//     no other signature holds for it.
func CardPayloads(data []byte) ([][]byte, error) {
	doc, err := parseIJSON(withoutBOM(data))
	if err != nil {
		return nil, err
	}
	all, _ := doc.(map[string]any)
	delete(all, "signatures")
	reduced := cardMessage().reduce(all)
	payloads := [][]byte{canonical(all), canonical(reduced)}
	if card, ok := prune(reduced).(map[string]any); ok {
		payloads = append(payloads, canonical(card))
		delete(card, "securitySchemes")
		payloads = append(payloads, canonical(card))
	}
	slices.SortFunc(payloads, slices.Compare)
	return slices.CompactFunc(payloads, slices.Equal), nil
}

// prune leaves out whatever is empty or null, and what is empty once that is left out. The
// outermost value stays.
func prune(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if member = prune(member); !isDefault(member) {
				out[name] = member
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, element := range v {
			if element = prune(element); !isDefault(element) {
				out = append(out, element)
			}
		}
		return out
	}
	return value
}

// isDefault: false is not meant, which the SDKs keep where they know that it was set.
func isDefault(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// presence tells when a member stands in the payload (§5.7).
type presence uint8

const (
	implicit presence = iota // unless it has its default value
	explicit                 // if it was sent: "optional", one of a oneof, or a message
	// always; a REQUIRED message is explicit here, for it has no default value to stand in
	required
)

type kind uint8

const (
	single kind = iota // a text, a flag, a message, or a Struct
	list
	table // a map: its names are data
)

type member struct {
	presence presence
	kind     kind
	// of the value, of each element, or of each value of a table; nil if they have none
	of message
}

// message is a message of a2a.proto by the JSON names of its members.
type message map[string]member

// reduce is the message with the members that it defines and their presence obeyed. What is of
// another type than it should be stays as it is.
func (m message) reduce(value any) any {
	doc, ok := value.(map[string]any)
	if !ok || m == nil {
		return value
	}
	out := make(map[string]any, len(m))
	for name, def := range m {
		v := doc[name] // null is absent
		switch {
		case v == nil && def.presence == required:
			switch def.kind {
			case single:
				out[name] = ""
			case list:
				out[name] = []any{}
			case table:
				out[name] = map[string]any{}
			}
		case v == nil, def.presence == implicit && (isDefault(v) || v == false):
		default:
			out[name] = def.reduce(v)
		}
	}
	return out
}

func (d member) reduce(value any) any {
	switch v := value.(type) {
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = d.of.reduce(element)
		}
		return out
	case map[string]any:
		if d.kind != table {
			return d.of.reduce(v)
		}
		out := make(map[string]any, len(v))
		for name, element := range v {
			out[name] = d.of.reduce(element)
		}
		return out
	}
	return value
}

// cardMessage is AgentCard of a2a.proto (1.0.1) less signatures.
var cardMessage = sync.OnceValue(func() message {
	plain, needed, set := member{}, member{presence: required}, member{presence: explicit}
	names, neededNames := member{kind: list}, member{presence: required, kind: list}
	scopes, neededScopes := member{kind: table}, member{presence: required, kind: table}
	one := func(m message) member { return member{presence: explicit, of: m} }
	many := func(m message) member { return member{kind: list, of: m} }
	neededMany := func(m message) member { return member{presence: required, kind: list, of: m} }

	requirement := many(message{"schemes": {kind: table, of: message{"list": names}}})
	// of the deprecated two, each less one
	flow := message{"authorizationUrl": plain, "tokenUrl": plain, "refreshUrl": plain,
		"scopes": scopes}
	flows := message{
		"authorizationCode": one(message{
			"authorizationUrl": needed, "tokenUrl": needed, "refreshUrl": plain,
			"scopes": neededScopes, "pkceRequired": plain,
		}),
		"clientCredentials": one(message{"tokenUrl": needed, "refreshUrl": plain,
			"scopes": neededScopes}),
		"deviceCode": one(message{"deviceAuthorizationUrl": needed, "tokenUrl": needed,
			"refreshUrl": plain, "scopes": neededScopes}),
		"implicit": one(flow),
		"password": one(flow),
	}
	scheme := message{
		"apiKeySecurityScheme": one(message{"description": plain, "location": needed,
			"name": needed}),
		"httpAuthSecurityScheme": one(message{"description": plain, "scheme": needed,
			"bearerFormat": plain}),
		"oauth2SecurityScheme": one(message{"description": plain, "flows": one(flows),
			"oauth2MetadataUrl": plain}),
		"openIdConnectSecurityScheme": one(
			message{"description": plain, "openIdConnectUrl": needed}),
		"mtlsSecurityScheme": one(message{"description": plain}),
	}
	return message{
		"name": needed, "description": needed, "version": needed, "documentationUrl": set,
		"iconUrl": set,
		"supportedInterfaces": neededMany(message{"url": needed, "protocolBinding": needed,
			"tenant": plain, "protocolVersion": needed}),
		"provider": one(message{"url": needed, "organization": needed}),
		"capabilities": one(message{
			"streaming": set, "pushNotifications": set, "extendedAgentCard": set,
			"extensions": many(message{"uri": plain, "description": plain, "required": plain,
				"params": one(nil)}),
		}),
		"securitySchemes":      {kind: table, of: scheme},
		"securityRequirements": requirement,
		"defaultInputModes":    neededNames,
		"defaultOutputModes":   neededNames,
		"skills": neededMany(message{
			"id": needed, "name": needed, "description": needed, "tags": neededNames,
			"examples": names, "inputModes": names, "outputModes": names,
			"securityRequirements": requirement,
		}),
	}
})
