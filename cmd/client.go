package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"staff0/a2a"
	"staff0/a2a/a2aclient"
	"staff0/a2a/hrclient"
	"staff0/ciba/oauth"
)

func (p *program) newClient() *cobra.Command {
	c := &cobra.Command{
		Use:   "client",
		Short: "Ask an HR agent, as another company's agent would",
		Long: `client asks an HR agent over A2A. Its credentials go to the configured identity provider and its token to the
configured agent, whatever a card says.

Card, texts and data of an agent are untrusted input: escape what you print, and do not feed them to a model as
instructions.`,
		Example: `  staff0 client ask "Does jdoe work here?"
  staff0 client ask --json "Is E1001 an active employee?" && open-the-account`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.newAsk(), p.newChat(), p.newCard(), p.newTask(), p.newToken(), p.newHook())
	return c
}

// asker is the asking side: the agent's client, and where people approve when the provider is the
// development one.
type asker struct {
	*a2aclient.Client
	phone  string            // "" with any other provider, or none
	tokens oauth.TokenSource // nil if the agent wants no token
}

// connect finds the agent, and the provider if the agent wants a token, and prepares to call it.
// Both are waited for a little, for they may have been started together. A card that was found and
// cannot be used is in the error (*unusableCard).
func (s *settings) connect(ctx context.Context, wire wireFlags, pins ...string) (*asker, error) {
	if _, ok := bindings[wire.binding]; !ok {
		return nil, usageError(fmt.Sprintf("%q is no binding", wire.binding),
			"--binding is jsonrpc or rest")
	}
	base, err := a2aclient.ParseBase(s.Agent)
	if err != nil {
		return nil, usageError(err.Error(),
			"set STAFF0_AGENT or --agent to an https address, or http on this machine")
	}
	configured, _ := s.issuer()
	issuer, err := oauth.ParseEndpoint(configured)
	if err != nil {
		return nil, startError(err, "check STAFF0_ISSUER or HR_AUTH0_DOMAIN")
	}
	hc := s.httpClient(0)
	card, err := a2aclient.Patiently(ctx, a2aclient.DefaultPatience,
		func(ctx context.Context) (*a2a.AgentCard, error) {
			if len(pins) > 0 {
				return a2aclient.ResolvePinned(ctx, hc, base, pins...)
			}
			return a2aclient.Resolve(ctx, hc, base)
		})
	if err != nil {
		return nil, clientError(err)
	}
	wants, err := a2aclient.WantsToken(card, issuer)
	if err != nil {
		return nil, clientError(&unusableCard{card, err})
	}
	a := new(asker)
	// an agent without security is asked without a provider, and without credentials for one
	if wants {
		up, err := s.askersProvider(ctx)
		if err != nil {
			return nil, err
		}
		a.tokens = up.tokens(s.AgentAudience, hrclient.Scope)
		if up.development {
			a.phone = up.metadata.Issuer
		}
	}
	a.Client, err = a2aclient.New(card, a2aclient.Config{
		Base: base, HTTPClient: hc, Issuer: issuer, Tokens: a.tokens, Version: wire.version,
		Binding:    bindings[wire.binding],
		Extensions: []string{hrclient.ConsentExtension}, Patience: a2aclient.DefaultPatience,
	})
	if err != nil {
		return nil, clientError(&unusableCard{card, err})
	}
	return a, nil
}

// unusableCard is a card with the reason why this client cannot use it.
type unusableCard struct {
	card *a2a.AgentCard
	err  error
}

func (e *unusableCard) Error() string { return e.err.Error() }
func (e *unusableCard) Unwrap() error { return e.err }

// askersProvider finds the provider that the asking side gets its tokens from. It may have been
// started together with this program, so it is waited for a little.
func (s *settings) askersProvider(ctx context.Context) (*upstream, error) {
	short, cancel := context.WithTimeoutCause(ctx, a2aclient.DefaultPatience, errProviderSilent)
	defer cancel()
	up, err := s.upstream(short, roleClient, true, slog.New(slog.DiscardHandler))
	if errors.Is(err, errProviderSilent) {
		issuer, _ := s.issuer()
		return nil, &exitError{code: exitUnreachable,
			err:  fmt.Errorf("the identity provider %s cannot be reached", issuer),
			hint: "start it (staff0 idp), or set STAFF0_ISSUER"}
	}
	return up, err
}

var errProviderSilent = errors.New("the identity provider cannot be reached")

// clientError gives an error of the asking side its exit code and its hint.
func clientError(err error) error {
	var (
		exit        *exitError
		unreachable *a2aclient.UnreachableError
		answered    *a2aclient.HTTPError
		card        *a2aclient.CardError
		pin         *a2aclient.PinError
		oauthError  *oauth.Error
	)
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case errors.Is(err, context.Canceled):
		return &exitError{code: exitInterrupted, err: errors.New("interrupted")}
	case errors.As(err, &unreachable):
		return &exitError{code: exitUnreachable, err: err,
			hint: "start the agent (staff0 agent), or set STAFF0_AGENT"}
	case errors.Is(err, oauth.ErrUnreachable):
		return &exitError{code: exitUnreachable, err: err,
			hint: "start the identity provider (staff0 idp), or set STAFF0_ISSUER"}
	case errors.As(err, &answered):
		switch answered.Status {
		case http.StatusUnauthorized:
			return &exitError{code: exitCredentials, err: err,
				hint: "check that client and agent have the same issuer and audience"}
		case http.StatusForbidden:
			return &exitError{code: exitCredentials, err: err, hint: "the client needs the scope " +
				hrclient.Scope + " at the identity provider"}
		case http.StatusTooManyRequests:
			return &exitError{code: exitUnreachable, err: err,
				hint: "wait a while: the agent takes only so many calls of yours in a time"}
		case http.StatusBadGateway, http.StatusGatewayTimeout:
			return &exitError{code: exitUnreachable, err: err,
				hint: "see whether the agent runs: what stands in front of it gets no answer"}
		case http.StatusServiceUnavailable:
			return &exitError{code: exitUnreachable, err: err,
				hint: "the agent is starting, or waits for its identity provider; see its log"}
		}
		return &exitError{code: exitFailed, err: err,
			hint: "see whether STAFF0_AGENT is the address of an A2A agent"}
	case errors.As(err, &oauthError):
		if oauthError.Temporary() {
			return &exitError{code: exitUnreachable, err: err, hint: "try again later"}
		}
		return &exitError{code: exitCredentials, err: err,
			hint: "check client id, client secret and audience at the identity provider"}
	case errors.As(err, &pin):
		return &exitError{code: exitUsage, err: err,
			hint: "the key as staff0 agent card-key prints it, or a file with it"}
	case errors.As(err, &card) && card.Elsewhere != "":
		return &exitError{code: exitFailed, err: err,
			hint: "have the agent name the address in its card at which it is called (of staff0 " +
				"agent that is STAFF0_PUBLIC_URL), " +
				"or set STAFF0_AGENT or --agent to the one that it names, if that is the agent"}
	case errors.As(err, &card):
		return &exitError{code: exitFailed, err: err, hint: cardHint}
	case errors.Is(err, a2a.ErrTaskNotFound):
		return &exitError{code: exitFailed,
			err:  errors.New("there is no such task, or it is not yours"),
			hint: "staff0 client task list"}
	case errors.Is(err, a2a.ErrMethodNotFound):
		return &exitError{code: exitFailed, err: err,
			hint: "staff0 client card; another version or binding of the agent may have it"}
	case errors.Is(err, a2a.ErrTaskNotCancelable):
		return &exitError{code: exitFailed,
			err:  errors.New("the task has ended and cannot be canceled"),
			hint: "staff0 client task get ID"}
	}
	return &exitError{code: exitFailed, err: err, hint: "see the log of the agent"}
}

const cardHint = "staff0 client card"

// withClient is what the commands of the asking side have in common.
func (p *program) withClient(c *cobra.Command, wire wireFlags, pins ...string) (*asker, error) {
	if err := p.begin(c, forAsk); err != nil {
		return nil, err
	}
	p.settings.log(slog.New(slog.NewTextHandler(p.err, nil)))
	return p.settings.connect(c.Context(), wire, pins...)
}

// wireFlags pin how the agent is spoken to. The zero value leaves it to the card.
type wireFlags struct{ version, binding string }

func (f *wireFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.version, "a2a-version", "", "protocol version to insist on: 1.0 or 0.3")
	c.Flags().StringVar(&f.binding, "binding", "",
		"binding to insist on: jsonrpc or rest (HTTP+JSON)")
}

// bindings are the words for them.
var bindings = map[string]string{"": "", "jsonrpc": a2a.BindingJSONRPC, "rest": a2a.BindingHTTPJSON}

func (p *program) newToken() *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Print an access token for the agent, for curl",
		Example: `  curl -s localhost:10050 -H "Authorization: Bearer $(staff0 client token)" -H 'Content-Type: application/json' \
    -d '{"jsonrpc":"2.0","id":1,"method":"ListTasks"}'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.begin(c, forToken); err != nil {
				return err
			}
			up, err := p.settings.askersProvider(c.Context())
			if err != nil {
				return clientError(err)
			}
			token, err := up.tokens(p.settings.AgentAudience, hrclient.Scope).Token(c.Context())
			if err != nil {
				return clientError(err)
			}
			fmt.Fprintln(p.out, token.AccessToken.Reveal())
			return nil
		},
	}
	p.settings.askerFlags(c)
	return c
}

func (p *program) newCard() *cobra.Command {
	var asJSON bool
	var wire wireFlags
	var pins []string
	c := &cobra.Command{
		Use:   "card",
		Short: "Fetch the agent card and check that this client can use the agent",
		Long: `card fetches the agent card and checks that this client can use the agent. With --pin the card must be signed by that key:
a public JWK, a thumbprint of one, or a file with either. No address in the card is followed to a key.`,
		Example: `  staff0 client card
  staff0 client card --agent https://hr.example --json
  staff0 client card --pin "$(staff0 agent card-key)"`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			keys, err := readPins(pins)
			if err != nil {
				return err
			}
			a, err := p.withClient(c, wire, keys...)
			var unusable *unusableCard
			card := (*a2a.AgentCard)(nil)
			switch {
			case err == nil:
				card = a.Card()
			case errors.As(err, &unusable): // it is shown all the same, for there is the fault
				card = unusable.card
			default:
				return cardError(err)
			}
			if asJSON {
				return errors.Join(cardError(err), writeJSON(p.out, card))
			}
			printCard(p.out, card, len(keys) > 0)
			if err != nil {
				return cardError(err)
			}
			fmt.Fprintln(p.out, fit(a))
			return nil
		},
	}
	p.settings.askerFlags(c)
	wire.register(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print the card as JSON, in its 1.0 form")
	c.Flags().StringArrayVar(&pins, "pin", nil,
		"the card must be signed by this `KEY`: a public JWK, its thumbprint, or a file; may be "+
			"repeated")
	return c
}

// maxPinFile bounds a file with a key.
const maxPinFile = 64 << 10

// readPins takes keys as they are, or out of the files that they name.
func readPins(pins []string) ([]string, error) {
	var keys []string
	for _, pin := range pins {
		if f, err := os.Open(pin); err == nil {
			text, err := io.ReadAll(io.LimitReader(f, maxPinFile))
			f.Close()
			if err != nil {
				return nil, usageError(err.Error(), "check the file")
			}
			pin = string(text)
		}
		keys = append(keys, strings.TrimSpace(pin))
	}
	return keys, nil
}

// cardError replaces the hint to run the command that has just been run.
func cardError(err error) error {
	var exit *exitError
	if errors.As(err, &exit) && exit.hint == cardHint {
		exit.hint = "STAFF0_AGENT or --agent with the address of another agent, or the operator " +
			"of this one"
	}
	return err
}

func printCard(w io.Writer, card *a2a.AgentCard, pinned bool) {
	fmt.Fprintf(w, "%s %s\n%s\n", escape(card.Name), escape(card.Version), escape(card.Description))
	for _, s := range card.Skills {
		fmt.Fprintf(w, "\nskill %s: %s\n  %s\n", escape(s.ID), escape(s.Name),
			escape(s.Description))
		for _, example := range s.Examples {
			fmt.Fprintf(w, "  for example: %s\n", escape(example))
		}
	}
	fmt.Fprintln(w)
	for _, i := range card.SupportedInterfaces {
		spoken := i.ProtocolBinding
		if i.ProtocolVersion != "" { // the interfaces of a 0.3 card name none
			spoken += " " + i.ProtocolVersion
		}
		fmt.Fprintf(w, "%s at %s\n", escape(spoken), escape(i.URL))
	}
	if pinned {
		fmt.Fprintln(w, "The card is signed by the pinned key.")
	}
}

// fit says how this client gets on with an agent.
func fit(a *asker) string {
	if a.tokens == nil {
		return "This client speaks " + a.Version() + " with it, and it wants no credentials."
	}
	return "This client speaks " + a.Version() + " with it, and its credentials fit."
}

// command is a command line that a person can paste into a POSIX shell: every word that is not
// plain stands in quotes.
func command(args ...string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		if words[i] = arg; !plainWord(arg) {
			words[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// plainWord reports whether no shell sees more in a word than its characters.
func plainWord(s string) bool {
	return s != "" && s[0] != '=' && !strings.ContainsFunc(s, func(r rune) bool {
		return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') &&
			!strings.ContainsRune("-_./:@,+=%", r)
	})
}
