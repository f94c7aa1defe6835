package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"staff0/a2a"
)

// MaxCardSize bounds a card that is read. Ours has about 2 KiB.
const MaxCardSize = 1 << 20

// CardForm says for which version of the protocol a card is written.
type CardForm uint8

const (
	// CardUnion is one document that both generations read: the members of either, side by side,
	// less securityRequirements on the card and its skills. The official Go SDK (2.3, 2.4) rejects
	// a whole card over the correct form of those; the scheme itself and the challenge of a 401
	// tell a client the same. Where the card names no interface of 0.3, the members of 0.3 are left
	// out.
	CardUnion CardForm = iota
	// CardV10 is the card of 1.0 and nothing else.
	CardV10
	// CardV03 is the card of 0.3 and nothing else. It needs an interface of 0.3.
	CardV03
)

// MarshalCard writes a card. Lists that the specification requires are written even when they are
// empty, never as null.
func MarshalCard(card *a2a.AgentCard, form CardForm) ([]byte, error) {
	doc := cardDoc{
		Name: card.Name, Description: card.Description, Provider: card.Provider,
		Version: card.Version, IconURL: card.IconURL,
		DocumentationURL: card.DocumentationURL, DefaultInputModes: filled(card.DefaultInputModes),
		DefaultOutputModes: filled(card.DefaultOutputModes),
		Capabilities: capabilitiesDoc{
			Streaming:         card.Capabilities.Streaming,
			PushNotifications: card.Capabilities.PushNotifications,
			Extensions:        card.Capabilities.Extensions,
		},
		Skills: make([]skillDoc, 0, len(card.Skills)),
	}
	old := oldInterfaces(card)
	if form == CardV03 && len(old) == 0 {
		return nil, errors.New("the card names no interface of protocol " + Version03)
	}
	v10, v03 := form != CardV03, form != CardV10 && len(old) > 0
	if form != CardUnion {
		doc.Signatures = card.Signatures // a signature covers one form only, so none of the union
	}
	if v10 {
		doc.SupportedInterfaces = filled(card.SupportedInterfaces)
		doc.Capabilities.ExtendedAgentCard = card.Capabilities.ExtendedAgentCard
		if form == CardV10 {
			doc.SecurityRequirements = requirementsToV10(card.SecurityRequirements)
		}
	}
	if v03 {
		fillV03(&doc, card, old)
	}
	if len(card.SecuritySchemes) > 0 {
		doc.SecuritySchemes = make(map[string]schemeDoc, len(card.SecuritySchemes))
		for name, scheme := range card.SecuritySchemes {
			doc.SecuritySchemes[name] = schemeToDoc(&scheme, v10, v03)
		}
	}
	for i := range card.Skills {
		s := &card.Skills[i]
		skill := skillDoc{
			ID: s.ID, Name: s.Name, Description: s.Description, Tags: filled(s.Tags),
			Examples:   s.Examples,
			InputModes: s.InputModes, OutputModes: s.OutputModes,
		}
		if form == CardV10 {
			skill.SecurityRequirements = requirementsToV10(s.SecurityRequirements)
		}
		if v03 {
			skill.Security = requirementsToV03(s.SecurityRequirements)
		}
		doc.Skills = append(doc.Skills, skill)
	}
	return appendValue(nil, &doc)
}

// filled makes an empty list of none.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func oldInterfaces(card *a2a.AgentCard) []a2a.AgentInterface {
	var old []a2a.AgentInterface
	for _, i := range card.SupportedInterfaces {
		if v := majorMinor(i.ProtocolVersion); v == Version03 || v == version02 {
			old = append(old, i)
		}
	}
	return old
}

func fillV03(doc *cardDoc, card *a2a.AgentCard, old []a2a.AgentInterface) {
	doc.ProtocolVersion = old[0].ProtocolVersion
	if strings.Count(doc.ProtocolVersion, ".") == 1 {
		doc.ProtocolVersion += ".0" // cards of 0.3 carry the patch (0.3 §5.5)
	}
	doc.URL, doc.PreferredTransport = old[0].URL, old[0].ProtocolBinding
	for _, i := range old {
		doc.AdditionalInterfaces = append(doc.AdditionalInterfaces,
			interfaceV03{URL: i.URL, Transport: i.ProtocolBinding})
	}
	doc.SupportsAuthenticatedExtendedCard = card.Capabilities.ExtendedAgentCard
	no := false
	doc.Capabilities.StateTransitionHistory = &no
	doc.Security = requirementsToV03(card.SecurityRequirements)
}

// UnmarshalCard reads a card of any form. Where a card has interfaces of 1.0, its 1.0 members
// count, and those of 0.3 fill what is missing.
//
// A card is what a caller trusts an agent by. It is refused if it is larger than MaxCardSize,
// nested deeper than a2a.MaxDepth, or names any member twice, since two readers would see two
// cards. Texts in it are the agent's and must be escaped before a person sees them. The error is an
// *a2a.Error of ErrInvalidAgentResponse.
func UnmarshalCard(data []byte) (*a2a.AgentCard, error) {
	if len(data) > MaxCardSize {
		return nil, invalidResponse(fmt.Errorf("the agent card is larger than %d bytes",
			MaxCardSize))
	}
	card, err := decodeCard(withoutBOM(data))
	var fault *a2a.DecodeError
	switch {
	case err == nil:
		return card, nil
	case errors.As(err, &fault) && fault.Cause != nil:
		return nil, invalidResponse(fmt.Errorf("the agent card %w", fault.Cause))
	}
	return nil, invalidResponse(fmt.Errorf("reading the agent card: %w", err))
}

// withoutBOM passes over a byte order mark, which editors leave before files (RFC 8259 §8.1).
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

func decodeCard(data []byte) (*a2a.AgentCard, error) {
	var doc cardDoc
	if err := a2a.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if !isObject(data) { // null
		return nil, errors.New("it is not an object")
	}
	card := &a2a.AgentCard{
		Name: doc.Name, Description: doc.Description, SupportedInterfaces: doc.SupportedInterfaces,
		Provider: doc.Provider, Version: doc.Version,
		DocumentationURL: doc.DocumentationURL, IconURL: doc.IconURL, Signatures: doc.Signatures,
		Capabilities: a2a.AgentCapabilities{
			Streaming:         doc.Capabilities.Streaming,
			PushNotifications: doc.Capabilities.PushNotifications,
			Extensions:        doc.Capabilities.Extensions,
			ExtendedAgentCard: doc.Capabilities.ExtendedAgentCard,
		},
		SecurityRequirements: requirementsFrom(doc.SecurityRequirements, doc.Security),
		DefaultInputModes:    doc.DefaultInputModes, DefaultOutputModes: doc.DefaultOutputModes,
	}
	if len(card.SupportedInterfaces) == 0 {
		card.SupportedInterfaces = doc.interfaces()
	}
	if len(card.SupportedInterfaces) == 0 {
		return nil, errors.New("it names no address")
	}
	if card.Capabilities.ExtendedAgentCard == nil {
		card.Capabilities.ExtendedAgentCard = doc.SupportsAuthenticatedExtendedCard
	}
	if len(doc.SecuritySchemes) > 0 {
		card.SecuritySchemes = make(map[string]a2a.SecurityScheme, len(doc.SecuritySchemes))
		for name, scheme := range doc.SecuritySchemes {
			card.SecuritySchemes[name] = schemeFromDoc(&scheme)
		}
	}
	for i := range doc.Skills {
		s := &doc.Skills[i]
		card.Skills = append(card.Skills, a2a.AgentSkill{
			ID: s.ID, Name: s.Name, Description: s.Description, Tags: s.Tags, Examples: s.Examples,
			InputModes: s.InputModes, OutputModes: s.OutputModes,
			SecurityRequirements: requirementsFrom(s.SecurityRequirements, s.Security),
		})
	}
	return card, nil
}

func cardCodec(form CardForm) Codec[*a2a.AgentCard] {
	return Codec[*a2a.AgentCard]{
		Append: func(b []byte, card *a2a.AgentCard) ([]byte, error) {
			doc, err := MarshalCard(card, form)
			return append(b, doc...), err
		},
		Decode: decodeCard,
	}
}
