package hrapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// maxRetryAfter bounds the pause that an answer may ask for. A person waits.
const maxRetryAfter = 5 * time.Minute

// TemporaryError says that the HR API could not answer at the moment and that
// asking again may help: no connection, a cut answer, 408, 429 or 5xx.
type TemporaryError struct {
	Status     int           // HTTP status; 0 if there was no answer
	RetryAfter time.Duration // what the answer asked for, 5 min at most; 0 if nothing
	Err        error         // the cause if there was no answer
}

func (e *TemporaryError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf(
			"hrapi: the HR API cannot be reached: %v; check that it runs and that its address "+
				"is right", e.Err)
	}
	return fmt.Sprintf("hrapi: the HR API cannot answer at the moment (%d); try again", e.Status)
}

func (e *TemporaryError) Unwrap() error { return e.Err }

// AnswerError says that what came back is no answer of an HR API. Asking again
// will not mend it.
type AnswerError struct {
	Status int
	Reason string // fixed texts only, nothing out of the answer
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("hrapi: the answer of the HR API (%d) cannot be used: %s", e.Status,
		e.Reason)
}

// sendError sorts what went wrong on the way.
func sendError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("hrapi: %w", context.Cause(ctx))
	}
	// A certificate that is not trusted now will not be trusted in a second.
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return fmt.Errorf("hrapi: the certificate of the HR API is not trusted: %w", err)
	}
	return &TemporaryError{Err: err}
}
