package a2a

// AgentCard describes an agent: what it does, where and how it is reached, and what a caller must
// show (§4.4.1).
type AgentCard struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// the first one is preferred (§8.3.1)
	SupportedInterfaces []AgentInterface `json:"supportedInterfaces"`
	Provider            *AgentProvider   `json:"provider,omitempty"`
	// of the agent, not of the protocol
	Version          string                    `json:"version"`
	DocumentationURL string                    `json:"documentationUrl,omitempty"`
	Capabilities     AgentCapabilities         `json:"capabilities"`
	SecuritySchemes  map[string]SecurityScheme `json:"securitySchemes,omitempty"`
	// any one of them suffices
	SecurityRequirements []SecurityRequirement `json:"securityRequirements,omitempty"`
	DefaultInputModes    []string              `json:"defaultInputModes"`
	DefaultOutputModes   []string              `json:"defaultOutputModes"`
	Skills               []AgentSkill          `json:"skills"`
	Signatures           []AgentCardSignature  `json:"signatures,omitempty"`
	IconURL              string                `json:"iconUrl,omitempty"`
}

// Bindings of the protocol (§5).
const (
	BindingJSONRPC  = "JSONRPC"
	BindingHTTPJSON = "HTTP+JSON"
	BindingGRPC     = "GRPC"
)

// AgentInterface is one address of an agent (§4.4.6).
type AgentInterface struct {
	URL             string `json:"url"`
	ProtocolBinding string `json:"protocolBinding"`
	Tenant          string `json:"tenant,omitempty"` // to be repeated in every request (§8.3.2)
	ProtocolVersion string `json:"protocolVersion"`  // Major.Minor (§3.6)
}

// AgentProvider is who runs the agent (§4.4.2).
type AgentProvider struct {
	URL          string `json:"url"`
	Organization string `json:"organization"`
}

// AgentCapabilities says which optional features the agent has (§4.4.3). Nil is "not said", which
// callers read as no.
type AgentCapabilities struct {
	Streaming         *bool            `json:"streaming,omitempty"`
	PushNotifications *bool            `json:"pushNotifications,omitempty"`
	Extensions        []AgentExtension `json:"extensions,omitempty"`
	ExtendedAgentCard *bool            `json:"extendedAgentCard,omitempty"`
}

// AgentExtension is an extension that the agent speaks, or demands (§4.4.4).
type AgentExtension struct {
	URI         string `json:"uri"`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
	Params      Struct `json:"params,omitempty"`
}

// AgentSkill is one thing the agent can do (§4.4.5).
type AgentSkill struct {
	ID                   string                `json:"id"`
	Name                 string                `json:"name"`
	Description          string                `json:"description"`
	Tags                 []string              `json:"tags"`
	Examples             []string              `json:"examples,omitempty"`
	InputModes           []string              `json:"inputModes,omitempty"`
	OutputModes          []string              `json:"outputModes,omitempty"`
	SecurityRequirements []SecurityRequirement `json:"securityRequirements,omitempty"`
}

// AgentCardSignature is a JWS over the card (§8.4).
type AgentCardSignature struct {
	Protected string `json:"protected"`
	Signature string `json:"signature"`
	Header    Struct `json:"header,omitempty"`
}
