package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

var (
	// ErrModelUnavailable means no usable HTTP answer: network, quota, overload.
	ErrModelUnavailable = errors.New("the model is unavailable")
	// ErrModelConfiguration means that no attempt will succeed until the operator mends something.
	ErrModelConfiguration = errors.New("the model refuses our settings")
	// ErrModelAnswer means an answer without the one function call asked for.
	ErrModelAnswer = errors.New("the model gave no usable answer")
	// ErrModelPaused means that the model was not asked, since it has failed several times.
	ErrModelPaused = errors.New("the model is left out for a while")
)

// The answer: every member may be missing.
type geminiResponse struct {
	Candidates []struct {
		Content struct {
			Parts []struct {
				FunctionCall *struct {
					Name string          `json:"name"`
					Args json.RawMessage `json:"args"`
				} `json:"functionCall"`
			} `json:"parts"`
		} `json:"content"`
		FinishReason string `json:"finishReason"`
	} `json:"candidates"`
	PromptFeedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	ModelVersion string `json:"modelVersion"`
	ModelStatus  struct {
		ModelStage     string `json:"modelStage"`
		RetirementTime string `json:"retirementTime"`
	} `json:"modelStatus"`
}

// refusal says what an HTTP answer refuses, and who can mend it. Quota and
// overload are not waited for: the rules' answer is ready.
func refusal(status int, body []byte) error {
	var e struct {
		Error struct {
			Status  string `json:"status"`
			Message string `json:"message"`
			Details []struct {
				Reason     string `json:"reason"`
				Violations []struct {
					QuotaID string `json:"quotaId"`
				} `json:"violations"`
			} `json:"details"`
		} `json:"error"`
	}
	// Some servers put an array around it, others answer with HTML.
	text := strings.TrimSpace(string(body))
	if err := json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")),
		&e); err != nil {
		e.Error.Status = ""
	}
	reason, quota := "", ""
	for _, d := range e.Error.Details {
		if d.Reason != "" {
			reason = d.Reason
		}
		for _, v := range d.Violations {
			quota = v.QuotaID
		}
	}
	what := fmt.Sprintf("HTTP %d", status)
	for _, word := range []string{e.Error.Status, reason, quota} {
		if word = short(word); word != "" {
			what += " " + word
		}
	}
	kind := ErrModelUnavailable
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		kind = ErrModelConfiguration
	}
	return fmt.Errorf("%w (%s): %s", kind, what, remedy(status, e.Error.Status, reason,
		e.Error.Message, quota))
}

// remedy is what to do about a refusal. The message is looked at and never repeated: it may quote
// the key.
func remedy(status int, code, reason, message, quota string) string {
	message = strings.ToLower(message)
	switch {
	case strings.Contains(message, "leaked"):
		return "the key was reported as leaked and is blocked: make another one and set " +
			"GOOGLE_API_KEY"
	case strings.Contains(message, "location"):
		return "Google does not serve the model from this place: use another address in " +
			"GOOGLE_GEMINI_BASE_URL, or STAFF0_MODEL=rules"
	case status == http.StatusNotFound:
		return "there is no such model, or no longer: set STAFF0_GEMINI_MODEL"
	case strings.HasPrefix(reason, "API_KEY"), status == http.StatusUnauthorized,
		status == http.StatusForbidden:
		return "the key is wrong, or is not for this API: check GOOGLE_API_KEY"
	case code == "FAILED_PRECONDITION":
		return "billing is not set up for the key's project, which the free tier needs here, too"
	case status == http.StatusBadRequest:
		return "check GOOGLE_API_KEY, STAFF0_GEMINI_MODEL and GOOGLE_GEMINI_BASE_URL"
	case strings.Contains(quota, "PerDay"):
		return "the quota of the day is used up; the rules decide until tomorrow"
	case status == http.StatusTooManyRequests:
		return "the quota is used up for the moment"
	}
	return "nothing to do, it is asked again with the next question"
}

// call takes the one call out of the answer and fails closed on all else:
// blocked prompts, every finish reason but STOP, half calls, two calls, text.
func (r *geminiResponse) call(name string) (*ToolCall, error) {
	if r.PromptFeedback.BlockReason != "" || len(r.Candidates) == 0 {
		return nil, fmt.Errorf("blocked or empty %s: %w",
			short(r.PromptFeedback.BlockReason), ErrModelAnswer)
	}
	c := &r.Candidates[0]
	// Local servers leave the reason out.
	if c.FinishReason != "STOP" && c.FinishReason != "" {
		return nil, fmt.Errorf("finished with %s: %w", short(c.FinishReason), ErrModelAnswer)
	}
	var found *ToolCall
	for i := range c.Content.Parts {
		f := c.Content.Parts[i].FunctionCall
		switch {
		case f == nil:
		case strings.TrimPrefix(f.Name, "default_api.") != name: // a prefix that some models add
			return nil, fmt.Errorf("a function that was not declared: %w", ErrModelAnswer)
		case found != nil && string(found.Arguments) != string(f.Args):
			return nil, fmt.Errorf("two function calls: %w", ErrModelAnswer)
		default:
			found = &ToolCall{Name: name, Arguments: f.Args}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("no function call: %w", ErrModelAnswer)
	}
	if len(found.Arguments) == 0 || found.Arguments[0] != '{' {
		return nil, fmt.Errorf("a function call without arguments: %w", ErrModelAnswer)
	}
	return found, nil
}

// short keeps a word of a foreign answer fit for a log: an identifier's
// characters, and few of them.
func short(text string) string {
	text = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("-_.:", r) {
			return r
		}
		return -1
	}, text)
	return text[:min(len(text), 64)]
}

// What opens the breaker, and for how long.
const (
	breakerFaults = 3
	breakerWindow = time.Minute
	breakerPause  = 30 * time.Second
)

// breaker leaves a model out that has just failed several times, or every question would wait for
// it. Only what the model or the way to it did counts, never what a text causes.
type breaker struct {
	mu     sync.Mutex
	faults [breakerFaults]time.Time // the latest, in turn
	next   int
	until  time.Time
}

func (b *breaker) closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !time.Now().Before(b.until)
}

// note takes in how a call went, and reports whether the breaker opens.
func (b *breaker) note(err error) bool {
	if !errors.Is(err, ErrModelUnavailable) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.faults[b.next] = now
	b.next = (b.next + 1) % breakerFaults
	first := b.faults[b.next] // of the last three
	if first.IsZero() || now.Sub(first) > breakerWindow || now.Before(b.until) {
		return false
	}
	b.until = now.Add(breakerPause)
	return true
}
