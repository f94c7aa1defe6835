package cmd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"staff0/ciba/idp"
)

// idpOptions are the flags of idp.
type idpOptions struct {
	serverFlags
	clients, people, alg string
	interval             time.Duration
	approve              string
	approveAfter         time.Duration
	anyAddress           bool
}

func (p *program) newIDP() *cobra.Command {
	var o idpOptions
	c := &cobra.Command{
		Use:   "idp",
		Short: "Run an identity provider for development, with the employee's phone as a web page",
		Long: `idp speaks what Auth0 speaks, as far as staff0 needs it, with known secrets and sample people. Its start page is
the employee's phone: it shows who asks for what, and takes the decision. On a terminal it takes y or n as well.

It is for development: whoever can reach it decides for everybody. It therefore listens on this machine only.`,
		Example: `  staff0 idp
  staff0 idp --approve auto --approve-after 3s
  curl -s localhost:10052/approvals`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.serve(c.Context(), p.err,
				func(_ context.Context, ln net.Listener, log *slog.Logger) (*service, error) {
					cfg, err := o.config(ln)
					if err != nil {
						return nil, err
					}
					cfg.Log = log
					var keys *keyboard
					if f, ok := foregroundTerminal(p.in); ok {
						keys = newKeyboard(f, p.err)
						cfg.OnRequest = keys.arrived
					}
					provider, err := idp.New(cfg)
					if err != nil {
						return nil, usageError(err.Error(), c.CommandPath()+" --help")
					}
					fmt.Fprintf(p.err, "The employee's phone, for development: %s\n",
						provider.Issuer())
					if keys != nil && cfg.Approve == idp.Ask {
						go keys.run(provider)
					}
					return &service{name: "the development identity provider", ln: ln,
						handler: provider, log: log}, nil
				})
		},
	}
	o.register(c, defaultIDPAddr)
	f := c.Flags()
	f.StringVar(&o.clients, "clients", "",
		"JSON `FILE` with OAuth clients, instead of the known ones")
	f.StringVar(&o.people, "people", "",
		"CSV or JSON `FILE` with people, as for staff0 api import, instead of the sample people")
	f.StringVar(&o.alg, "alg", "RS256", "signature of tokens: RS256, PS256, ES256 or EdDSA")
	f.DurationVar(&o.interval, "interval", idp.DefaultInterval,
		"least time between two polls, in whole seconds")
	f.StringVar(&o.approve, "approve", "ask", "who decides: ask, auto or deny")
	f.DurationVar(&o.approveAfter, "approve-after", 0, "how long auto and deny wait")
	f.BoolVar(&o.anyAddress, "insecure-any-address", false,
		"listen on and answer to other addresses than this machine's: everybody there decides "+
			"for everybody")
	return c
}

// config turns the flags into what the provider is made of.
func (o *idpOptions) config(ln net.Listener) (idp.Config, error) {
	if !isLoopback(ln) && !o.anyAddress {
		return idp.Config{},
			usageError("the development identity provider listens on this machine only",
				"--addr 127.0.0.1:10052")
	}
	if !isLoopback(ln) && (o.clients == "" || o.people == "") {
		return idp.Config{},
			usageError("everybody knows the secrets of the built-in clients, so they are for "+
				"this machine only", "--clients FILE and --people FILE")
	}
	cfg := idp.Config{
		Issuer: baseURL(ln, false) + "/", Alg: o.alg, Interval: o.interval,
		Approve: idp.Mode(o.approve), ApproveAfter: o.approveAfter,
		InsecureAnyAddress: o.anyAddress,
	}
	var err error
	if o.clients != "" {
		if cfg.Clients, err = parseFile(o.clients, idp.ParseClients); err != nil {
			return idp.Config{}, err
		}
	}
	if o.people != "" {
		if cfg.People, err = parseFile(o.people, idp.ParsePeople); err != nil {
			return idp.Config{}, err
		}
	}
	return cfg, nil
}

func parseFile[T any](path string, parse func(io.Reader) (T, error)) (value T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return value, usageError(err.Error(), "check the path")
	}
	defer f.Close()
	if value, err = parse(f); err != nil {
		err = usageError(fmt.Sprintf("%s: %v", path, err), "fix the file")
	}
	return value, err
}

// describeApproval says who asks for what, for the person at the keyboard.
func describeApproval(a idp.Approval) string {
	who, code := a.ClientLabel, a.BindingMessage
	if m, ok := idp.ReadMessage(a.BindingMessage); ok {
		if m.Asker != "" {
			who = m.Asker
		}
		code = m.Code
	}
	return escape(
		fmt.Sprintf(
			"%s, your phone: %q wants to know whether you work at Staff0. Code %s. Approve?",
			a.Name, who, code))
}
