package wire

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"staff0/a2a"
)

// cardDoc has the members of both generations (§4.4.1, 0.3 §5.5).
type cardDoc struct {
	// 0.3
	ProtocolVersion string `json:"protocolVersion,omitempty"`
	Name            string `json:"name"`
	Description     string `json:"description"`
	// 0.3
	URL string `json:"url,omitempty"`
	// 0.3
	PreferredTransport string `json:"preferredTransport,omitempty"`
	// 0.3
	AdditionalInterfaces []interfaceV03 `json:"additionalInterfaces,omitempty"`
	// 1.0
	SupportedInterfaces []a2a.AgentInterface `json:"supportedInterfaces,omitzero"`
	Provider            *a2a.AgentProvider   `json:"provider,omitempty"`
	Version             string               `json:"version"`
	DocumentationURL    string               `json:"documentationUrl,omitempty"`
	Capabilities        capabilitiesDoc      `json:"capabilities"`
	// 0.3
	SupportsAuthenticatedExtendedCard *bool                `json:"supportsAuthenticatedExtendedCard,omitempty"`
	SecuritySchemes                   map[string]schemeDoc `json:"securitySchemes,omitempty"`
	// 1.0
	SecurityRequirements []requirementV10 `json:"securityRequirements,omitempty"`
	// 0.3
	Security           []map[string][]string    `json:"security,omitempty"`
	DefaultInputModes  []string                 `json:"defaultInputModes"`
	DefaultOutputModes []string                 `json:"defaultOutputModes"`
	Skills             []skillDoc               `json:"skills"`
	Signatures         []a2a.AgentCardSignature `json:"signatures,omitempty"`
	IconURL            string                   `json:"iconUrl,omitempty"`
}

// interfaces are the addresses of a card of 0.3: the main one first, which the list often repeats.
// Cards before 0.2.5 have no version and no transport; JSON-RPC was the only one.
func (c *cardDoc) interfaces() []a2a.AgentInterface {
	version := majorMinor(c.ProtocolVersion)
	if version == "" {
		version = Version03
	}
	var out []a2a.AgentInterface
	seen := map[a2a.AgentInterface]bool{}
	add := func(url, transport string) {
		if transport == "" {
			transport = a2a.BindingJSONRPC
		}
		i := a2a.AgentInterface{URL: url, ProtocolBinding: transport, ProtocolVersion: version}
		if url != "" && !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	add(c.URL, c.PreferredTransport)
	for _, i := range c.AdditionalInterfaces {
		add(i.URL, i.Transport)
	}
	return out
}

type interfaceV03 struct {
	URL       string `json:"url"`
	Transport string `json:"transport"`
}

type capabilitiesDoc struct {
	Streaming              *bool                `json:"streaming,omitempty"`
	PushNotifications      *bool                `json:"pushNotifications,omitempty"`
	StateTransitionHistory *bool                `json:"stateTransitionHistory,omitempty"` // 0.3
	Extensions             []a2a.AgentExtension `json:"extensions,omitempty"`
	ExtendedAgentCard      *bool                `json:"extendedAgentCard,omitempty"` // 1.0
}

type skillDoc struct {
	ID                   string                `json:"id"`
	Name                 string                `json:"name"`
	Description          string                `json:"description"`
	Tags                 []string              `json:"tags"`
	Examples             []string              `json:"examples,omitempty"`
	InputModes           []string              `json:"inputModes,omitempty"`
	OutputModes          []string              `json:"outputModes,omitempty"`
	SecurityRequirements []requirementV10      `json:"securityRequirements,omitempty"` // 1.0
	Security             []map[string][]string `json:"security,omitempty"`             // 0.3
}

// requirementV10 is {"schemes":{"name":{"list":["scope"]}}} (§4.5.2).
type requirementV10 struct {
	Schemes map[string]scopeList `json:"schemes"`
}

// scopeList is {"list":[…]}; the official Go SDK writes the bare list, which is read as well.
type scopeList []string

func (l scopeList) MarshalJSON() ([]byte, error) {
	return appendValue(nil, struct {
		List []string `json:"list"`
	}{filled(l)})
}

// UnmarshalJSONFrom reads either form.
func (l *scopeList) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != jsontext.KindBeginObject {
		return json.UnmarshalDecode(d, (*[]string)(l))
	}
	var wrapped struct {
		List []string `json:"list"`
	}
	err := json.UnmarshalDecode(d, &wrapped)
	*l = wrapped.List
	return err
}

func requirementsToV10(requirements []a2a.SecurityRequirement) []requirementV10 {
	var out []requirementV10
	for _, r := range requirements {
		schemes := make(map[string]scopeList, len(r.Schemes))
		for name, scopes := range r.Schemes {
			schemes[name] = scopes.List
		}
		out = append(out, requirementV10{Schemes: schemes})
	}
	return out
}

func requirementsToV03(requirements []a2a.SecurityRequirement) []map[string][]string {
	var out []map[string][]string
	for _, r := range requirements {
		schemes := make(map[string][]string, len(r.Schemes))
		for name, scopes := range r.Schemes {
			schemes[name] = filled(scopes.List)
		}
		out = append(out, schemes)
	}
	return out
}

// requirementsFrom takes the 1.0 form, and the form of 0.3 where there is none.
func requirementsFrom(v10 []requirementV10, v03 []map[string][]string) []a2a.SecurityRequirement {
	var out []a2a.SecurityRequirement
	for _, r := range v10 {
		schemes := make(map[string]a2a.StringList, len(r.Schemes))
		for name, scopes := range r.Schemes {
			schemes[name] = a2a.StringList{List: scopes}
		}
		out = append(out, a2a.SecurityRequirement{Schemes: schemes})
	}
	if len(v10) > 0 {
		return out
	}
	for _, r := range v03 {
		schemes := make(map[string]a2a.StringList, len(r))
		for name, scopes := range r {
			schemes[name] = a2a.StringList{List: scopes}
		}
		out = append(out, a2a.SecurityRequirement{Schemes: schemes})
	}
	return out
}

// schemeDoc has the one member of 1.0 (§4.5.1) and the members of 0.3 (0.3 §5.5.3, as in OpenAPI),
// told apart by type.
type schemeDoc struct {
	a2a.SecurityScheme

	Type              string          `json:"type,omitempty"`
	Description       string          `json:"description,omitempty"`
	In                string          `json:"in,omitempty"`
	Name              string          `json:"name,omitempty"`
	Scheme            string          `json:"scheme,omitempty"`
	BearerFormat      string          `json:"bearerFormat,omitempty"`
	Flows             *a2a.OAuthFlows `json:"flows,omitempty"`
	OAuth2MetadataURL string          `json:"oauth2MetadataUrl,omitempty"`
	OpenIDConnectURL  string          `json:"openIdConnectUrl,omitempty"`
}

func schemeToDoc(s *a2a.SecurityScheme, v10, v03 bool) schemeDoc {
	var doc schemeDoc
	if v10 {
		doc.SecurityScheme = *s
	}
	if !v03 {
		return doc
	}
	switch {
	case s.APIKey != nil:
		doc.Type, doc.Description, doc.In, doc.Name = "apiKey", s.APIKey.Description,
			s.APIKey.Location, s.APIKey.Name
	case s.HTTPAuth != nil:
		doc.Type, doc.Description, doc.Scheme, doc.BearerFormat = "http", s.HTTPAuth.Description,
			s.HTTPAuth.Scheme, s.HTTPAuth.BearerFormat
	case s.OAuth2 != nil:
		doc.Type, doc.Description, doc.Flows = "oauth2", s.OAuth2.Description, &s.OAuth2.Flows
		doc.OAuth2MetadataURL = s.OAuth2.OAuth2MetadataURL
	case s.OpenIDConnect != nil:
		doc.Type, doc.Description, doc.OpenIDConnectURL = "openIdConnect",
			s.OpenIDConnect.Description, s.OpenIDConnect.OpenIDConnectURL
	case s.MutualTLS != nil:
		doc.Type, doc.Description = "mutualTLS", s.MutualTLS.Description
	}
	return doc
}

// schemeFromDoc prefers the 1.0 member. A scheme of a kind that neither generation knows comes out
// empty: it can be named, not met.
func schemeFromDoc(doc *schemeDoc) a2a.SecurityScheme {
	if doc.SecurityScheme != (a2a.SecurityScheme{}) {
		return doc.SecurityScheme
	}
	var s a2a.SecurityScheme
	switch doc.Type {
	case "apiKey":
		s.APIKey = &a2a.APIKeySecurityScheme{Description: doc.Description, Location: doc.In,
			Name: doc.Name}
	case "http":
		s.HTTPAuth = &a2a.HTTPAuthSecurityScheme{Description: doc.Description, Scheme: doc.Scheme,
			BearerFormat: doc.BearerFormat}
	case "oauth2":
		s.OAuth2 = &a2a.OAuth2SecurityScheme{Description: doc.Description,
			OAuth2MetadataURL: doc.OAuth2MetadataURL}
		if doc.Flows != nil {
			s.OAuth2.Flows = *doc.Flows
		}
	case "openIdConnect":
		s.OpenIDConnect = &a2a.OpenIDConnectSecurityScheme{Description: doc.Description,
			OpenIDConnectURL: doc.OpenIDConnectURL}
	case "mutualTLS":
		s.MutualTLS = &a2a.MutualTLSSecurityScheme{Description: doc.Description}
	}
	return s
}
