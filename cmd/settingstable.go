package cmd

import (
	"fmt"
	"strings"

	"staff0/ciba"
	"staff0/ciba/idp"
	"staff0/ciba/oauth"
)

// commands is a set of commands that use the same settings.
type commands uint16

const (
	forAsk     commands = 1 << iota // client ask, chat, card and task
	forToken                        // client token
	forHook                         // client hook
	forAgent                        // agent
	forStore                        // agent show and backup
	forCardKey                      // agent card-key
	forAPI                          // api
	forRecords                      // api import and list

	forClient    = forAsk | forToken
	forProviders = forClient | forAgent | forAPI
)

// class is how much a setting is worth to somebody who can write the .env of a working directory.
type class uint8

const (
	harmless   class = iota
	credential       // shown to the party that the setting names
	fileName         // names a file; .env never does
	address          // where something goes or comes from
	policy           // who may be told or asked what, and how a token is judged
	database         // where tasks or records are kept
)

// party is a set of those to whom credentials are shown.
type party uint8

const (
	toProvider party = 1 << iota // the identity provider
	toGemini
	toWebhooks // receivers of webhooks, by way of the agent
)

// setting is one row of the table of settings. Names, types and defaults of the values are in the
// tags of the struct settings.
type setting struct {
	name  string
	uses  commands // the commands that use it, and check it before they do anything
	class class
	// party is whose a credential is. Of the other classes it is whose credential, if it comes from
	// elsewhere, keeps .env from having a say in this.
	party  party
	secret bool // may come from the file that NAME_FILE names
	// known is a value of the development pair, which is nobody's credential.
	known func() string
	// whether a value of another class than fileName names a file, too
	namesOne func(value string) bool
	standard string                  // in words, the default that is not a single value
	check    func(s *settings) error // nil if any value of its type is good
	doc      string
}

// settingTable are all settings, in the order of the README.
var settingTable = []setting{
	{name: "HR_AUTH0_DOMAIN", uses: forProviders, class: address, party: toProvider,
		doc: "Auth0 tenant domain: the issuer is `https://DOMAIN/`"},
	{name: "STAFF0_ISSUER", uses: forProviders, class: address, party: toProvider,
		standard: "`http://localhost:10052/`",
		doc:      "any OpenID provider, exactly as in its `iss`"},
	{name: "STAFF0_PROVIDER", uses: forProviders, class: policy, party: toProvider,
		check: (*settings).checkProvider,
		doc:   "kind of provider: `auto`, `auth0`, `keycloak`, `generic`"},
	{name: "STAFF0_MANAGEMENT_URL", uses: forAgent, class: address, party: toProvider,
		standard: "`api/v2/` under the issuer", check: (*settings).checkManagementURL,
		doc: "`URL` of Auth0's Management API, also the audience of its tokens: with a custom " +
			"domain, `https://TENANT.REGION.auth0.com/api/v2/`"},
	{name: "A2A_CLIENT_AUTH0_CLIENT_ID", uses: forClient, class: credential, party: toProvider,
		standard: "the development pair",
		known:    knownClient(knownBank), doc: "the asker's client id"},
	{name: "A2A_CLIENT_AUTH0_CLIENT_SECRET", uses: forClient, class: credential, party: toProvider,
		secret: true,
		known:  knownSecret(knownBank), standard: "the development pair",
		doc: "the asker's client secret"},
	{name: "A2A_CLIENT_AUTH0_CLIENT_KEY", uses: forClient, class: credential, party: toProvider,
		secret: true,
		doc:    "in place of the secret, the asker's key for `private_key_jwt`: PKCS #8 in PEM"},
	{name: "HR_AGENT_AUTH0_CLIENT_ID", uses: forAgent, class: credential, party: toProvider,
		standard: "the development pair",
		known:    knownClient(knownAgent), doc: "the agent's client id"},
	{name: "HR_AGENT_AUTH0_CLIENT_SECRET", uses: forAgent, class: credential, party: toProvider,
		secret: true,
		known:  knownSecret(knownAgent), standard: "the development pair",
		doc: "the agent's client secret"},
	{name: "HR_AGENT_AUTH0_CLIENT_KEY", uses: forAgent, class: credential, party: toProvider,
		secret: true,
		doc:    "in place of the secret, the agent's key for `private_key_jwt`: PKCS #8 in PEM"},
	{name: "HR_AGENT_AUTH0_AUDIENCE", uses: forClient | forAgent, class: policy, party: toProvider,
		doc: "audience of the asker's token"},
	{name: "HR_API_AUTH0_AUDIENCE", uses: forAgent | forAPI, class: policy, party: toProvider,
		doc: "audience of the employee's token"},
	{name: "HR_API_BASE_URL", uses: forAgent, class: address, party: toProvider,
		check: (*settings).checkAPIBaseURL,
		doc:   "`URL` of the HR API"},
	{name: "GOOGLE_API_KEY", uses: forAgent, class: credential, party: toGemini, secret: true,
		doc: "key of the Gemini API; wins over `GEMINI_API_KEY`"},
	{name: "GEMINI_API_KEY", uses: forAgent, class: credential, party: toGemini, secret: true,
		doc: "key of the Gemini API"},
	{name: "GOOGLE_GEMINI_BASE_URL", uses: forAgent, class: address, party: toGemini,
		standard: "Google's",
		doc:      "address of the Gemini API"},
	{name: "STAFF0_GEMINI_MODEL", uses: forAgent, doc: "the Gemini model"},
	{name: "STAFF0_MODEL", uses: forAgent, check: (*settings).checkModel,
		doc: "what reads the question: `auto` (Gemini if there is a key), `gemini`, `rules`"},
	{name: "STAFF0_DIRECTORY", uses: forAgent, class: policy, party: toProvider,
		namesOne: isFileDirectory, standard: "by provider",
		check: (*settings).checkDirectory,
		doc: "how an identifier becomes a person: `auth0` (Management API), `hint` (the " +
			"address is the login hint), `file:PATH` (CSV `email,subject,employee_id,login_hint`)"},
	{name: "STAFF0_COMPANY", uses: forAgent | forAPI, doc: "name in sentences"},
	{name: "STAFF0_EMAIL_DOMAIN", uses: forAgent, class: policy, party: toProvider,
		check: (*settings).checkEmailDomain,
		doc: "domains of the company's addresses, separated by commas; the first completes a " +
			"bare user name"},
	{name: "STAFF0_EMPLOYEE_NUMBER", uses: forAgent, class: policy, party: toProvider,
		check: (*settings).checkEmployeeNumber,
		doc: "what an employee number looks like as a whole, a regular expression; digits alone " +
			"count only behind a label"},
	{name: "STAFF0_PUBLIC_URL", uses: forAgent, class: address, party: toProvider,
		standard: "the listening address",
		check:    (*settings).checkPublicURL,
		doc:      "base `URL` that callers use, for the agent card"},
	{name: "STAFF0_AGENT_DATABASE", uses: forAgent | forStore | forCardKey, class: database,
		party: toProvider, standard: "`sqlite:agent.db`",
		doc: "`sqlite:FILE`, `memory:` or `postgres://…`; a name alone is in the state directory"},
	{name: "STAFF0_API_DATABASE", uses: forAgent | forAPI | forRecords, class: database,
		party: toProvider, standard: "`sqlite:employees.db`",
		doc: "`sqlite:FILE` or `memory:`; a name alone is in the state directory. Never the " +
			"agent's"},
	{name: "STAFF0_DISCLOSURE", uses: forAgent, class: policy, party: toProvider,
		check: (*settings).checkDisclosure,
		doc: "who is told what: `guarded`, or `open` for closed circles where addresses are " +
			"no secret"},
	{name: "STAFF0_CONSENT_EXPIRY", uses: forAgent, class: policy, party: toProvider,
		check: (*settings).checkExpiry,
		doc:   "how long a person has to answer, 2 s to 15 min"},
	{name: "STAFF0_WAITING_STATE", uses: forAgent, check: (*settings).checkWaitingState,
		doc: "what callers that do not activate the consent extension get while a person is " +
			"asked: `working` or `auth_required`"},
	{name: "STAFF0_KEEPALIVE", uses: forAgent, check: (*settings).checkKeepAlive,
		doc: "how often something is sent while a call waits, 100 ms to 1 min"},
	{name: "STAFF0_QUESTIONS_PER_ASKER", uses: forAgent, class: policy, party: toProvider,
		standard: "`600/min`; `off` with the development provider",
		doc:      "how many questions one asker may send; units `s`, `min`, `h`, `d`"},
	{name: "STAFF0_BYTES_PER_ASKER", uses: forAgent, class: policy, party: toProvider,
		doc: "what the store keeps for one asker; beyond it the asker's oldest ended tasks go " +
			"early, none younger than an hour; also `off`"},
	{name: "STAFF0_POLL_RATE", uses: forAgent, standard: "`0`", check: (*settings).checkPollRate,
		doc: "maximum polls per second to the identity provider, over all tasks; 0 is no limit"},
	{name: "STAFF0_RETENTION", uses: forAgent, class: policy, party: toProvider,
		check: (*settings).checkRetention,
		doc:   "how long finished tasks are kept"},
	{name: "STAFF0_WEBHOOK_ALLOW", uses: forAgent, class: policy, party: toProvider,
		doc: "hosts, `host:port` and origins besides the public internet that webhooks may be " +
			"delivered to, separated by commas"},
	{name: "STAFF0_WEBHOOK_SECRET", uses: forAsk | forHook, class: credential, party: toWebhooks,
		secret: true,
		doc: "what the agent shows to the webhooks of this client, and `staff0 client hook` " +
			"asks for"},
	{name: "STAFF0_CARD_KEY", uses: forAgent | forCardKey, class: fileName,
		standard: "`card-key.pem` in the state directory",
		doc:      "PEM `FILE` of the key that signs the agent card, made if need be"},
	{name: "STAFF0_CA_FILE", uses: forProviders, class: fileName, standard: "the system's",
		check: (*settings).checkCAFile,
		doc: "PEM `FILE` of certificate authorities to trust beside the system's, for every " +
			"server that is called but webhooks"},
	{name: "STAFF0_TLS_CERT", uses: forAgent | forAPI, class: fileName,
		doc: "certificate `FILE`, PEM"},
	{name: "STAFF0_TLS_KEY", uses: forAgent | forAPI, class: fileName, doc: "key `FILE`, PEM"},
	{name: "STAFF0_AGENT", uses: forAsk, class: address, party: toProvider | toWebhooks,
		doc: "`URL` of the agent to ask"},
}

// later are settings that this version does not act on.
var later = []string{
	"STAFF0_PROMPTS_PER_PERSON", "STAFF0_PROMPTS_PER_ASKER", "STAFF0_ASKERS",
	"STAFF0_CIBA_MODE",
}

// settingRow returns the row of a setting.
func settingRow(name string) *setting {
	for i := range settingTable {
		if settingTable[i].name == name {
			return &settingTable[i]
		}
	}
	panic("cmd: the table of settings has no row for " + name)
}

// settingNames returns all names that may be set: those of the table, and NAME_FILE for every
// secret.
func settingNames() []string {
	var all []string
	for i := range settingTable {
		all = append(all, settingTable[i].name)
		if settingTable[i].secret {
			all = append(all, settingTable[i].name+"_FILE")
		}
	}
	return all
}

func knownClient(i int) func() string { return func() string { return idp.DefaultClients()[i].ID } }

func knownSecret(i int) func() string {
	return func() string { return idp.DefaultClients()[i].Secret.Reveal() }
}

func isFileDirectory(value string) bool { return strings.HasPrefix(value, "file:") }

func (s *settings) checkProvider() error {
	_, err := s.provider(new(oauth.Metadata))
	return err
}

func (s *settings) checkAPIBaseURL() error {
	_, err := checkURL("HR_API_BASE_URL", s.APIBaseURL)
	return err
}

func (s *settings) checkManagementURL() error {
	if s.ManagementURL == "" {
		return nil
	}
	_, err := checkURL("STAFF0_MANAGEMENT_URL", s.ManagementURL)
	return err
}

func (s *settings) checkCAFile() error {
	_, err := s.wayOut()
	return err
}

func (s *settings) checkPublicURL() error {
	if s.PublicURL == "" {
		return nil
	}
	_, err := checkURL("STAFF0_PUBLIC_URL", s.PublicURL)
	return err
}

func (s *settings) checkModel() error {
	_, err := s.model(nil)
	return err
}

func (s *settings) checkDirectory() error {
	switch {
	case s.Directory == "", s.Directory == "auth0", s.Directory == "hint",
		isFileDirectory(s.Directory):
		return nil
	}
	return usageError(fmt.Sprintf("unknown directory %q", s.Directory),
		"STAFF0_DIRECTORY is auth0, hint or file:PATH")
}

func (s *settings) checkDisclosure() error {
	_, err := s.policy()
	return err
}

// checkExpiry bounds the time that a person has to answer.
func (s *settings) checkExpiry() error {
	if s.ConsentExpiry < minConsentExpiry || s.ConsentExpiry > maxConsentExpiry {
		return usageError(fmt.Sprintf("STAFF0_CONSENT_EXPIRY is %v", s.ConsentExpiry),
			"it must be between 2s and 15m")
	}
	return nil
}

func (s *settings) checkWaitingState() error {
	if s.WaitingState != "working" && s.WaitingState != "auth_required" {
		return usageError(fmt.Sprintf("unknown waiting state %q", s.WaitingState),
			"STAFF0_WAITING_STATE is working or auth_required")
	}
	return nil
}

func (s *settings) checkKeepAlive() error {
	if s.KeepAlive < minKeepAlive || s.KeepAlive > maxKeepAlive {
		return usageError(fmt.Sprintf("STAFF0_KEEPALIVE is %v", s.KeepAlive),
			"it must be between 100ms and 1m")
	}
	return nil
}

func (s *settings) checkPollRate() error {
	if s.PollRate < 0 {
		return usageError("STAFF0_POLL_RATE is negative", "0 for no limit, or polls a second")
	}
	return nil
}

func (s *settings) checkRetention() error {
	if s.Retention < minRetention {
		return usageError(fmt.Sprintf("STAFF0_RETENTION is %v", s.Retention),
			"an hour at least: clients come back to finished tasks")
	}
	return nil
}

// providerKinds are the words of STAFF0_PROVIDER beside auto.
var providerKinds = []ciba.Provider{ciba.Auth0, ciba.Keycloak, ciba.Generic}

func (s *settings) checkEmailDomain() error {
	for _, domain := range s.emailDomains() {
		if domain == "" || strings.ContainsAny(domain, "@/: \t") {
			return usageError(fmt.Sprintf("STAFF0_EMAIL_DOMAIN is %q", s.EmailDomain),
				"name domains, such as staff0.com,staff0.example")
		}
	}
	return nil
}

func (s *settings) checkEmployeeNumber() error {
	_, err := s.employeeNumber()
	return err
}
