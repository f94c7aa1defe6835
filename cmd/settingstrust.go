package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// origin is the kind of place that a value comes from.
type origin uint8

const (
	fromDefault origin = iota
	fromDotenv
	fromEnvironment
	fromFlag
)

// source is where a setting got its value.
type source struct {
	origin origin
	line   int    // of .env; 0 if it was not found there
	flag   string // name of the flag
	file   string // name of the NAME_FILE through which a secret came
	known  bool   // the value is one of the development pair, which everybody knows
}

// String says where the value comes from, for an error.
func (s source) String() string {
	var where string
	switch s.origin {
	case fromDotenv:
		where = ".env"
		if s.line > 0 {
			where = fmt.Sprintf("line %d of .env", s.line)
		}
	case fromEnvironment:
		where = "the environment"
	case fromFlag:
		return "the flag --" + s.flag
	default:
		return "the default"
	}
	if s.file != "" {
		return fmt.Sprintf("the file that %s in %s names", s.file, where)
	}
	return where
}

// begin readies the settings for a command: it notes which flags were given, and checks all that
// the command uses. Every command that uses settings calls it before anything else.
func (p *program) begin(c *cobra.Command, uses commands) error {
	if p.settingsErr != nil {
		return p.settingsErr
	}
	for key, name := range c.Annotations {
		if flag, ok := strings.CutPrefix(key, settingAnnotation); ok && c.Flags().Changed(flag) {
			p.settings.sources[name] = source{origin: fromFlag, flag: flag}
		}
	}
	return p.settings.check(uses)
}

// check checks the settings that a command uses: first where they come from, then what they are.
//
// Whoever can put a file into a working directory must not be able to collect credentials with it,
// to have a file of the user's read, or to weaken what a command with credentials does. So .env
// names no file; and beside a credential that comes from elsewhere it sets nothing that decides
// where that credential goes or, for a credential for the identity provider, what is done with it.
func (s *settings) check(uses commands) error {
	elsewhere := map[party]*setting{} // a credential that does not come from .env
	for i := range settingTable {
		d := &settingTable[i]
		from := s.sources[d.name]
		if d.uses&uses != 0 && d.class == credential && from.origin > fromDotenv && !from.known {
			elsewhere[d.party] = d
		}
	}
	for i := range settingTable {
		d := &settingTable[i]
		if d.uses&uses == 0 || s.sources[d.name].origin != fromDotenv {
			continue
		}
		if err := s.checkDotenv(d, elsewhere); err != nil {
			return err
		}
	}
	for i := range settingTable {
		d := &settingTable[i]
		if d.uses&uses == 0 {
			continue
		}
		// A value that cannot be read does not matter where a flag has replaced it.
		if err := s.unreadable[d.name]; err != nil && s.sources[d.name].origin != fromFlag {
			return err
		}
		if d.check != nil {
			if err := d.check(s); err != nil {
				return err
			}
		}
	}
	if uses&(forAgent|forAPI) != 0 {
		s.checkStateDirectory()
	}
	return nil
}

// checkDotenv refuses a value out of .env that .env may not set.
func (s *settings) checkDotenv(d *setting, elsewhere map[party]*setting) error {
	from := s.sources[d.name]
	if d.class == fileName || from.file != "" || s.directoryFile(d) {
		name := d.name
		if from.file != "" {
			name = from.file
		}
		return usageError(fmt.Sprintf("%s, in %s, names a file", name,
			source{origin: fromDotenv, line: from.line}),
			"set it in the environment: a .env that happens to lie in the working directory must "+
				"not have other files read")
	}
	if d.class == credential {
		return nil
	}
	for _, p := range []party{toProvider, toGemini, toWebhooks} {
		if other := elsewhere[p]; other != nil && d.party&p != 0 {
			return usageError(fmt.Sprintf("%s comes from %s, but %s from %s", d.name, from,
				other.name, s.sources[other.name]),
				"set both in the same place, so that no file decides where a credential goes and "+
					"what is done with it")
		}
	}
	return nil
}

// directoryFile reports whether d is a setting of another class whose value names a file.
func (s *settings) directoryFile(d *setting) bool {
	return d.namesOne != nil && d.namesOne(s.given[d.name])
}

// checkStateDirectory warns of a state directory that was there before and is open to others. Files
// in it are made with mode 0600, but their names, sizes and times are to be seen.
func (s *settings) checkStateDirectory() {
	if info, err := os.Stat(s.stateDir); err == nil && info.IsDir() && openToOthers(info) {
		s.warnings = append(s.warnings,
			fmt.Sprintf("the state directory %s is open to other users; chmod go-rwx it",
				s.stateDir))
	}
}
