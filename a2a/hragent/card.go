package hragent

import (
	"fmt"
	"time"

	"staff0/a2a"
	"staff0/a2a/hrclient"
)

// SchemeName is what the agent card calls the way to authenticate.
const SchemeName = "oauth2_m2m_client"

// SkillID names the one thing that the agent does.
const SkillID = "is_active_employee"

// Version of the agent, for the card.
const Version = "1.0.0"

// CardConfig is what the card says beyond what is the same everywhere.
type CardConfig struct {
	Company      string
	Organization string // URL of whoever runs the agent
	Interfaces   []a2a.AgentInterface
	TokenURL     string
	Scope        string // that callers need
	Disclosure   Disclosure
	Expiry       time.Duration // how long a person has to answer
}

// InputModes and OutputModes are the media types that the agent takes and gives.
func InputModes() []string  { return []string{"text/plain"} }
func OutputModes() []string { return []string{"text/plain", "application/json"} }

// Card describes the agent. Callers authenticate by OAuth 2.0 client credentials, for they are
// programs and nobody sits before them.
func Card(c CardConfig) *a2a.AgentCard {
	yes := true
	require := []a2a.SecurityRequirement{{Schemes: map[string]a2a.StringList{SchemeName: {List: []string{c.Scope}}}}}
	return &a2a.AgentCard{
		Name: c.Company + " HR Agent",
		Description: "Tells an authorised caller whether a person works at " + c.Company +
			", after that person has agreed on their own device.",
		SupportedInterfaces: c.Interfaces,
		Provider:            &a2a.AgentProvider{Organization: c.Company, URL: c.Organization},
		Version:             Version,
		Capabilities: a2a.AgentCapabilities{Streaming: &yes, PushNotifications: &yes,
			ExtendedAgentCard: &yes, Extensions: []a2a.AgentExtension{consentExtension()}},
		SecuritySchemes: map[string]a2a.SecurityScheme{SchemeName: {OAuth2: &a2a.OAuth2SecurityScheme{
			Description: "OAuth 2.0 client credentials at the identity provider of " + c.Company,
			Flows: a2a.OAuthFlows{ClientCredentials: &a2a.OAuthFlow{
				TokenURL: c.TokenURL,
				Scopes:   map[string]string{c.Scope: "Ask whether a person works at " + c.Company},
			}},
		}}},
		SecurityRequirements: require,
		DefaultInputModes:    InputModes(),
		DefaultOutputModes:   OutputModes(),
		Skills: []a2a.AgentSkill{{
			ID:   SkillID,
			Name: "Check Employment Status Tool",
			Description: "Says whether one person, named by work e-mail or employee " +
				"number, works at " + c.Company + ". The person is asked for consent first.",
			Tags: []string{"employment status"},
			Examples: []string{"Does John Doe with email jdoe@staff0.com work at " +
				c.Company + "?"},
			InputModes:           InputModes(),
			OutputModes:          OutputModes(),
			SecurityRequirements: require,
		}},
	}
}

// consentExtension says what a caller finds in the metadata of statuses, and what it gets by
// activating the extension. Nobody has to: the sentences say the same.
func consentExtension() a2a.AgentExtension {
	return a2a.AgentExtension{
		URI: hrclient.ConsentExtension,
		Description: "While a person is asked, and at the end, the status says in its metadata " +
			"under this URI: code, which the person sees on their " +
			"device, too, so show it to them; deadline, until when they may answer; outcome, one " +
			"of yes, no, name_mismatch, declined, not_confirmed, " +
			"refused. Nothing has to be sent for it. Without activation the task stays WORKING " +
			"meanwhile, and a blocking call returns with the answer. A " +
			"message whose request activates the extension begins a turn that says AUTH_REQUIRED " +
			"instead: its blocking call returns there, with code and " +
			"deadline, and its stream stays open until the end.",
	}
}

// ExtendedCard is the card for callers with a token: how a question is answered, and within which
// limits.
func ExtendedCard(c CardConfig) *a2a.AgentCard {
	card := *Card(c)
	limits := fmt.Sprintf(
		" One person for each question, by work e-mail, employee number or subject; up to 8 KiB "+
			"of text for each task. The person has %v to "+
			"answer; nothing has to be sent meanwhile. Equal questions of one client share a "+
			"prompt, "+
			"and for a while its outcome.", c.Expiry)
	policy := " Unknown people, people who do not answer and people who cannot be asked look " +
		"alike: not confirmed, when the time is up. A refusal is told at once."
	if c.Disclosure == Open {
		policy = " That nobody can be asked by an address is told at once, and so is a refusal."
	}
	skills := append([]a2a.AgentSkill(nil), card.Skills...)
	skills[0].Description += limits + policy
	skills[0].Examples = append(skills[0].Examples[:1:1], "Is E1001 an active employee?",
		"Please confirm the employment of Alice Smith (asmith@staff0.com).")
	card.Skills = skills
	return &card
}
