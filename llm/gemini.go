package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// DefaultGeminiURL is Google's public endpoint.
	DefaultGeminiURL = "https://generativelanguage.googleapis.com"
	// DefaultGeminiModel is the model that is asked unless another is set.
	DefaultGeminiModel = "gemini-3.8-flash"

	// maxGeminiBody bounds an answer; a tool call of three strings is far smaller.
	maxGeminiBody = 1 << 20
	// maxOutputTokens leaves room for thinking, which Gemini 3 takes out of the
	// same budget (facts/gemini.md §7): a small cap yields MAX_TOKENS and nothing.
	maxOutputTokens = 4096
)

var (
	// ErrModelUnavailable means no usable HTTP answer: network, quota, overload.
	ErrModelUnavailable = errors.New(
		"the model is unavailable; the built-in rules answer meanwhile")
	// ErrModelConfiguration means the key, the model's name or the base URL is
	// wrong and no attempt will succeed until the operator mends it.
	ErrModelConfiguration = errors.New(
		"the model refuses our settings: check GOOGLE_API_KEY, STAFF0_GEMINI_MODEL and " +
			"GOOGLE_GEMINI_BASE_URL")
	// ErrModelAnswer means an answer without the one function call asked for.
	ErrModelAnswer = errors.New("the model gave no usable answer")
)

// Gemini is a [Model] over Google's REST API: stateless generateContent, one
// forced function call, one attempt (facts/gemini.md §§1, 3). The key goes to
// BaseURL in a header and nowhere else.
type Gemini struct {
	endpoint string
	key      string
	client   *http.Client
	log      *slog.Logger
}

// GeminiConfig configures [NewGemini]. APIKey is required.
type GeminiConfig struct {
	// APIKey is taken as it is, spaces around it trimmed; its form is not
	// checked, since Google changes it (AIza…, AQ.…).
	APIKey string
	// BaseURL and ModelName default to Google's. The URL must be https, or http
	// to a loopback address.
	BaseURL, ModelName string
	// HTTPClient's transport and timeout are used; redirects are never followed.
	HTTPClient *http.Client
	Log        *slog.Logger
}

// String keeps the key out of whatever prints a Gemini.
func (g *Gemini) String() string { return "gemini" }

// GoString keeps the key out of %#v.
func (g *Gemini) GoString() string { return "gemini" }

// LogValue keeps the key out of logs.
func (g *Gemini) LogValue() slog.Value { return slog.StringValue("gemini") }

// NewGemini checks the configuration; it makes no request.
func NewGemini(c GeminiConfig) (*Gemini, error) {
	key := strings.TrimSpace(c.APIKey)
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("llm: no usable Gemini key: set GOOGLE_API_KEY to the key alone")
	}
	base, model := c.BaseURL, strings.TrimPrefix(c.ModelName, "models/")
	if base == "" {
		base = DefaultGeminiURL
	}
	if model == "" {
		model = DefaultGeminiModel
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, errors.New(
			"llm: the Gemini base URL must be https, or http to a loopback address: set " +
				"GOOGLE_GEMINI_BASE_URL to scheme and host")
	}
	hc := &http.Client{}
	if c.HTTPClient != nil {
		*hc = *c.HTTPClient
	}
	if hc.Timeout <= 0 || hc.Timeout > modelTimeout {
		hc.Timeout = modelTimeout
	}
	// A redirect would carry the key to a host that somebody else named.
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	hc.Jar = nil
	return &Gemini{
		endpoint: strings.TrimSuffix(u.String(), "/") + "/v1beta/models/" + url.PathEscape(model) +
			":generateContent",
		key: key, client: hc, log: c.Log,
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// The request, camelCase only: gateways do not take snake_case. Sampling
// parameters and thinkingBudget are left out, newer models answer 400 to some.
type (
	geminiPart struct {
		Text string `json:"text"`
	}
	geminiContent struct {
		Role  string       `json:"role,omitempty"`
		Parts []geminiPart `json:"parts"`
	}
	geminiFunction struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parametersJsonSchema"`
	}
	geminiTool struct {
		FunctionDeclarations []geminiFunction `json:"functionDeclarations"`
	}
	geminiRequest struct {
		Contents          []geminiContent `json:"contents"`
		SystemInstruction geminiContent   `json:"systemInstruction"`
		Tools             []geminiTool    `json:"tools"`
		ToolConfig        struct {
			FunctionCallingConfig struct {
				Mode                 string   `json:"mode"`
				AllowedFunctionNames []string `json:"allowedFunctionNames"`
			} `json:"functionCallingConfig"`
		} `json:"toolConfig"`
		GenerationConfig struct {
			MaxOutputTokens int `json:"maxOutputTokens"`
		} `json:"generationConfig"`
	}
)

// The answer: every member may be missing (facts/gemini.md §5.1).
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

// Call makes one attempt. Its errors wrap one of the three sentinels and hold
// neither the key nor a word of the request or of the answer.
func (g *Gemini) Call(ctx context.Context, req *Request) (*ToolCall, error) {
	var body geminiRequest
	body.SystemInstruction = geminiContent{Parts: []geminiPart{{req.System}}}
	body.Contents = []geminiContent{{Role: "user", Parts: []geminiPart{{req.Text}}}}
	body.Tools = []geminiTool{{[]geminiFunction{{req.Tool.Name, req.Tool.Description,
		req.Tool.Parameters}}}}
	body.ToolConfig.FunctionCallingConfig.Mode = "ANY"
	body.ToolConfig.FunctionCallingConfig.AllowedFunctionNames = []string{req.Tool.Name}
	body.GenerationConfig.MaxOutputTokens = maxOutputTokens
	raw, err := json.Marshal(&body)
	if err != nil {
		return nil, fmt.Errorf("llm: encoding the request: %w", ErrModelConfiguration)
	}
	hr, err := http.NewRequestWithContext(ctx, http.MethodPost, g.endpoint, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("llm: %w", ErrModelConfiguration)
	}
	hr.Header.Set("Content-Type", "application/json")
	hr.Header.Set("X-Goog-Api-Key", g.key)
	start := time.Now()
	res, err := g.client.Do(hr)
	if err != nil {
		// The cause may quote the URL and whatever a proxy said; its kind is enough.
		reason := "no connection"
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			reason = "no answer in time"
		}
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			reason = "no answer in time"
		}
		return nil, fmt.Errorf("llm: %s: %w", reason, ErrModelUnavailable)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("llm: HTTP %d: %w", res.StatusCode, statusError(res.StatusCode))
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxGeminiBody+1))
	if err != nil {
		return nil, fmt.Errorf("llm: the answer broke off: %w", ErrModelUnavailable)
	}
	if len(answer) > maxGeminiBody {
		return nil, fmt.Errorf("llm: the answer exceeds %d bytes: %w", maxGeminiBody,
			ErrModelAnswer)
	}
	var out geminiResponse
	if json.Unmarshal(answer, &out) != nil {
		return nil, fmt.Errorf("llm: the answer is not the JSON expected: %w", ErrModelAnswer)
	}
	if g.log != nil {
		g.log.LogAttrs(ctx, slog.LevelInfo, "model answered",
			slog.String("model_version", short(out.ModelVersion)),
			slog.String("model_stage", short(out.ModelStatus.ModelStage)),
			slog.String("retirement", short(out.ModelStatus.RetirementTime)),
			slog.Duration("took", time.Since(start)))
	}
	return out.call(req.Tool.Name)
}

// statusError sorts HTTP answers by who can mend them (facts/gemini.md §6).
// Quota and overload are not waited for: the rules' answer is ready.
func statusError(status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return ErrModelConfiguration
	}
	return ErrModelUnavailable
}

// call takes the one call out of the answer and fails closed on all else:
// blocked prompts, every finish reason but STOP, half calls, two calls, text.
func (r *geminiResponse) call(name string) (*ToolCall, error) {
	if r.PromptFeedback.BlockReason != "" || len(r.Candidates) == 0 {
		return nil, fmt.Errorf("llm: blocked or empty (%s): %w",
			short(r.PromptFeedback.BlockReason), ErrModelAnswer)
	}
	c := &r.Candidates[0]
	// Local servers leave the reason out (facts/gemini.md §11).
	if c.FinishReason != "STOP" && c.FinishReason != "" {
		return nil, fmt.Errorf("llm: finished with %s: %w", short(c.FinishReason), ErrModelAnswer)
	}
	var found *ToolCall
	for i := range c.Content.Parts {
		f := c.Content.Parts[i].FunctionCall
		switch {
		case f == nil:
		case found != nil:
			return nil, fmt.Errorf("llm: two function calls: %w", ErrModelAnswer)
		case f.Name != name:
			return nil, fmt.Errorf("llm: a function that was not declared: %w", ErrModelAnswer)
		default:
			found = &ToolCall{Name: f.Name, Arguments: f.Args}
		}
	}
	if found == nil {
		return nil, fmt.Errorf("llm: no function call: %w", ErrModelAnswer)
	}
	if len(found.Arguments) == 0 {
		found.Arguments = json.RawMessage("{}")
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
