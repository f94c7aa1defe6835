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
	// DefaultGeminiModel is the model that is asked unless another is set: Google recommends it for
	// classification, and it answers in less than a second.
	DefaultGeminiModel = "gemini-3.5-flash-lite"

	// maxGeminiBody bounds an answer; a tool call of four strings is far smaller.
	maxGeminiBody = 1 << 20
	// maxOutputTokens leaves room for thinking, which Gemini 3 takes out of the
	// same budget: a small cap yields MAX_TOKENS and nothing.
	maxOutputTokens = 4096
)

// Gemini is a [Model] over Google's REST API: stateless generateContent, one
// forced function call, one attempt. The key goes to
// BaseURL in a header and nowhere else.
type Gemini struct {
	model    string
	endpoint string // of the model
	thinking string // how much it is to think; empty leaves it to the model
	key      string
	client   *http.Client
	log      *slog.Logger
	breaker  breaker
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
		model:    model,
		endpoint: strings.TrimSuffix(u.String(), "/") + "/v1beta/models/" + url.PathEscape(model),
		thinking: thinkingOf(model), key: key, client: hc, log: c.Log,
	}, nil
}

// Model is the name of the model, and Address where it is asked.
func (g *Gemini) Model() string { return g.model }

// Address is the URL of the model, without the key.
func (g *Gemini) Address() string { return g.endpoint }

// thinkingOf is the least that a model thinks. From Gemini 3 on all do, and reading a question
// takes none; the lite ones do the least by themselves, and MINIMAL is an error for others.
func thinkingOf(model string) string {
	generation, ok := strings.CutPrefix(model, "gemini-")
	if !ok || generation < "3" || strings.Contains(model, "lite") {
		return ""
	}
	return "LOW"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// object is one of JSON.
type object = map[string]any

// request is the body of a call, camelCase only: gateways do not take snake_case. Sampling
// parameters and thinkingBudget are left out, newer models answer 400 to some.
func (g *Gemini) request(req *Request) object {
	said := func(text string) object { return object{"parts": []object{{"text": text}}} }
	asked := said(req.Text)
	asked["role"] = "user"
	generation := object{"maxOutputTokens": maxOutputTokens}
	if g.thinking != "" {
		generation["thinkingConfig"] = object{"thinkingLevel": g.thinking}
	}
	return object{
		"systemInstruction": said(req.System),
		"contents":          []object{asked},
		"tools": []object{{"functionDeclarations": []object{{"name": req.Tool.Name,
			"description": req.Tool.Description, "parametersJsonSchema": req.Tool.Parameters}}}},
		"toolConfig": object{"functionCallingConfig": object{"mode": "ANY",
			"allowedFunctionNames": []string{req.Tool.Name}}},
		"generationConfig": generation,
	}
}

// Call makes one attempt. Its errors wrap one of the sentinels and hold neither the key nor a word
// of the request or of the answer's text.
func (g *Gemini) Call(ctx context.Context, req *Request) (*ToolCall, error) {
	if !g.breaker.closed() {
		return nil, ErrModelPaused
	}
	raw, err := json.Marshal(g.request(req))
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", ErrModelConfiguration)
	}
	start := time.Now()
	var out geminiResponse
	err = g.do(ctx, http.MethodPost, g.endpoint+":generateContent", raw, &out)
	// What the caller's leaving has ended says nothing of the model.
	if opened := ctx.Err() != context.Canceled && g.breaker.note(err); opened && g.log != nil {
		g.log.Warn("the model is left out for a while, the rules decide", "pause", breakerPause)
	}
	if err != nil {
		return nil, err
	}
	call, err := out.call(req.Tool.Name)
	if g.log != nil {
		g.log.LogAttrs(ctx, slog.LevelInfo, "model answered", slog.Bool("usable", err == nil),
			slog.String("model_version", short(out.ModelVersion)),
			slog.String("model_stage", short(out.ModelStatus.ModelStage)),
			slog.String("retirement", short(out.ModelStatus.RetirementTime)),
			slog.Duration("took", time.Since(start)))
	}
	return call, err
}

// Check looks whether the model is there and takes the key. Whatever is wrong, questions are read
// all the same, by the rules.
func (g *Gemini) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, modelTimeout)
	defer cancel()
	var model struct{}
	return g.do(ctx, http.MethodGet, g.endpoint, nil, &model)
}

// do makes one request and reads the JSON that comes back.
func (g *Gemini) do(ctx context.Context, method, address string, body []byte, into any) error {
	hr, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return ErrModelConfiguration
	}
	if body != nil {
		hr.Header.Set("Content-Type", "application/json")
	}
	hr.Header.Set("X-Goog-Api-Key", g.key)
	res, err := g.client.Do(hr)
	if err != nil {
		// The cause may quote the URL and whatever a proxy said; its kind is enough.
		reason := "no connection"
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() ||
			errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			reason = "no answer in time"
		}
		return fmt.Errorf("%s: %w", reason, ErrModelUnavailable)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxGeminiBody+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return refusal(res.StatusCode, answer)
	case err != nil:
		return fmt.Errorf("the answer broke off: %w", ErrModelUnavailable)
	case len(answer) > maxGeminiBody:
		return fmt.Errorf("the answer exceeds %d bytes: %w", maxGeminiBody, ErrModelAnswer)
	case json.Unmarshal(answer, into) != nil:
		return fmt.Errorf("the answer is not the JSON expected: %w", ErrModelAnswer)
	}
	return nil
}
