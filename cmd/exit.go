package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"staff0/ciba/oauth"
	"staff0/hrapi"
)

// The exit codes of client and demo; the servers use the first three.
const (
	exitYes          = 0
	exitFailed       = 1
	exitUsage        = 2
	exitCredentials  = 3
	exitDeclined     = 4
	exitNotConfirmed = 5
	exitAsk          = 6
	exitNo           = 7
	exitUnreachable  = 8
	exitInterrupted  = 130
)

// exitError is an error with the code to leave with and a hint what to try.
type exitError struct {
	code   int
	hint   string
	err    error
	silent bool // everything has been said already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is a fault in what was typed or set.
func usageError(text, hint string) error {
	return &exitError{code: exitUsage, err: errors.New(text), hint: hint}
}

// startError is a fault that keeps a server from starting.
func startError(err error, hint string) error {
	return &exitError{code: exitFailed, err: err, hint: hint}
}

// leave is an end with nothing more to say.
func leave(code int) error {
	if code == 0 {
		return nil
	}
	return &exitError{code: code, silent: true}
}

// exitCode tells the code for an error, and prints it with its hint.
func exitCode(errOut io.Writer, err error) int {
	if err == nil {
		return 0
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{code: exitFailed, err: err}
		switch {
		case errors.Is(err, context.Canceled):
			e.code = exitInterrupted
		case errors.Is(err, oauth.ErrInvalidClient):
			e.code, e.hint = exitCredentials, "check the client id and secret"
		case errors.Is(err, oauth.ErrUnreachable):
			e.code, e.hint = exitUnreachable,
				"check that the identity provider runs and that its address is right"
		}
	}
	if !e.silent {
		text := escape(err.Error())
		var file *hrapi.ImportError
		// it has a line for each line, and none of them comes from another party
		if errors.As(err, &file) {
			text = escapeLines(err.Error())
		}
		fmt.Fprintf(errOut, "staff0: %s\n", text)
		if e.hint != "" {
			fmt.Fprintf(errOut, "Try: %s\n", e.hint)
		}
	}
	return e.code
}
