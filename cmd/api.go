package cmd

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	"github.com/spf13/cobra"

	"staff0/hrapi"
)

func (p *program) newAPI() *cobra.Command {
	s := p.settings
	var flags serverFlags
	c := &cobra.Command{
		Use:   "api",
		Short: "Run the HR API: each person's employment record, for that person's own token",
		Long: `api serves GET /employees/{id}, where id is the person's subject at the identity provider, to whoever shows an
access token of that very person. Anyone else's id is refused before it is looked up.

On the development identity provider an empty database is filled with sample people.`,
		Example: `  staff0 api
  staff0 api import --example > employees.csv
  staff0 api import employees.csv
  staff0 api list`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.begin(c, forAPI); err != nil {
				return err
			}
			return flags.serve(c.Context(), p.err,
				func(ctx context.Context, ln net.Listener, log *slog.Logger) (*service, error) {
					s.log(log)
					return s.newAPIService(ctx, ln, log)
				})
		},
	}
	flags.register(c, defaultAPIAddr)
	s.providerFlags(c)
	s.apiDatabaseFlag(c)
	s.tlsFlags(c)
	c.AddCommand(p.newAPIImport(), p.newAPIList())
	return c
}

// newAPIService makes the HR API as a server. It opens to callers once the identity provider has
// been found.
func (s *settings) newAPIService(
	ctx context.Context, ln net.Listener, log *slog.Logger,
) (*service, error) {
	tlsConfig, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	db, err := s.openEmployees(ctx)
	if err != nil {
		return nil, err
	}
	g := new(gate)
	return &service{
		name: "the HR API", ln: ln, handler: g, log: log, tls: tlsConfig, close: db.Close,
		start: func(ctx context.Context) error {
			return s.openAPI(ctx, g, db, isLoopback(ln), log)
		},
	}, nil
}

// openAPI finds the provider and lets callers in.
func (s *settings) openAPI(
	ctx context.Context, g *gate, db *employees, loopback bool, log *slog.Logger,
) error {
	up, err := s.upstream(ctx, roleAPI, loopback, log)
	if err != nil {
		return err
	}
	if err := s.samplePeople(ctx, db, up.development, log); err != nil {
		return err
	}
	handler, err := hrapi.NewHandler(hrapi.Config{Records: db, Verifier: up.verifier(s.APIAudience),
		Ready: up.keys.Ready, Log: log})
	if err != nil {
		return startError(err, "check the settings of the HR API")
	}
	if err := up.ready(ctx, log); err != nil {
		return err
	}
	g.set(routes{"": handler.ServeHTTP})
	log.Info("the HR API is ready", "issuer", up.issuer, "provider", string(up.kind))
	return nil
}

// samplePeople fills an empty database on the development provider, and refuses sample people with
// any other.
func (s *settings) samplePeople(
	ctx context.Context, db *employees, dev bool, log *slog.Logger,
) error {
	if dev {
		seeded, err := db.Seed(ctx)
		if err != nil {
			return startError(err, "another database in STAFF0_API_DATABASE")
		}
		if seeded {
			log.Info("the database was empty; it now holds the sample people")
		}
		return nil
	}
	sample, err := db.Sample(ctx)
	switch {
	case err != nil:
		return startError(err, "check STAFF0_API_DATABASE")
	case sample:
		return startError(
			errors.New("the database holds the sample people of the development identity "+
				"provider, and the provider is another one"),
			"staff0 api import FILE, or another database in STAFF0_API_DATABASE")
	}
	return nil
}

func (p *program) newAPIImport() *cobra.Command {
	s := p.settings
	var options hrapi.ImportOptions
	var example bool
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Read employees from a CSV or JSON file into the HR API's database",
		Long: `import reads a CSV file (separated by commas, semicolons or tabs), a JSON array or one JSON object a line, checks every
line, and changes nothing if there is a bad one. FILE may be - for standard input.`,
		Example: `  staff0 api import --example > employees.csv
  staff0 api import employees.csv
  staff0 api import --full employees.csv`,
		Args: func(c *cobra.Command, args []string) error {
			if example {
				return noArgs(c, args)
			}
			return needArgs("FILE")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if example {
				_, err := io.WriteString(p.out, hrapi.Example())
				return err
			}
			if err := p.begin(c, forRecords); err != nil {
				return err
			}
			in := p.in
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return usageError(err.Error(), "check the path")
				}
				defer f.Close()
				in = f
			}
			db, err := s.openEmployees(c.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			sum, err := db.Import(c.Context(), in, options)
			var tooMany *hrapi.TooManyEndedError
			switch {
			case errors.As(err, &tooMany):
				return startError(err, "--force, if that is really what happened")
			case err != nil:
				return startError(err, "mend the file; staff0 api import --example shows one")
			}
			if sum.SampleRemoved > 0 {
				fmt.Fprintf(p.err, "The %d sample people were removed.\n", sum.SampleRemoved)
			}
			fmt.Fprintf(p.err, "%d added, %d changed, %d confirmed, %d ended.\n", sum.Added,
				sum.Changed, sum.Confirmed, sum.Ended)
			return nil
		},
	}
	s.apiDatabaseFlag(c)
	c.Flags().BoolVar(&options.Full, "full", false,
		"the file is the whole staff: whoever is missing from it has left")
	c.Flags().BoolVar(&options.Force, "force", false,
		"with --full, even if more than a tenth of the staff has left")
	c.Flags().BoolVar(&example, "example", false, "print a file to start from")
	return c
}

func (p *program) newAPIList() *cobra.Command {
	s := p.settings
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the employees in the HR API's database, as CSV",
		Example: "  staff0 api list\n  staff0 api list > backup.csv",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.begin(c, forRecords); err != nil {
				return err
			}
			db, err := s.openEmployees(c.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			w := csv.NewWriter(p.out)
			if err := w.Write(hrapi.Columns()); err != nil {
				return err
			}
			for record, err := range db.List(c.Context()) {
				if err != nil {
					return startError(err, "check STAFF0_API_DATABASE")
				}
				values := record.Values()
				if isTerminal(p.out) {
					for i := range values {
						values[i] = escape(values[i])
					}
				}
				if err := w.Write(values); err != nil {
					return err
				}
			}
			w.Flush()
			return w.Error()
		},
	}
	s.apiDatabaseFlag(c)
	return c
}
