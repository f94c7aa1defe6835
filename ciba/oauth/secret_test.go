package oauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const value = "s3cr3t-value"
	s := Secret(value)
	auth := ClientAuth{ID: "bank", Secret: s}
	token := &Token{AccessToken: s, IDToken: s}

	printed := map[string]string{
		"String": s.String(),
		"error":  fmt.Errorf("failed with %w and %v", ErrInvalidClient, s).Error(),
		"append": string(fmt.Append(nil, s)),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "% x",
		"%#q"} {
		for name, v := range map[string]any{
			"secret": s, "auth": auth, "token": token, "value": *token,
			"slice": []Secret{s}, "map": map[Secret]Secret{s: s},
		} {
			printed[verb+" of "+name] = fmt.Sprintf(verb, v)
		}
	}
	for name, v := range map[string]any{"secret": s, "auth": auth, "token": token} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		printed["JSON of "+name] = string(b)
	}
	for name, h := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(h(&b)).Info("a", "secret", s, "auth", auth, "token", token)
		printed["slog "+name] = b.String()
	}
	hex := fmt.Sprintf("%x", value)
	for how, text := range printed {
		if strings.Contains(text, value) ||
			strings.Contains(strings.ToLower(strings.ReplaceAll(text, " ", "")), hex) {
			t.Errorf("%s shows the secret: %s", how, text)
		}
	}
	for _, how := range []string{"String", "%v of secret", "%x of secret", "JSON of secret",
		"slog text"} {
		if !strings.Contains(printed[how], "[redacted]") {
			t.Errorf("%s does not say [redacted]: %s", how, printed[how])
		}
	}
	if s.Reveal() != value {
		t.Error("Reveal does not give the value")
	}
}

func TestSecretIsReadFromJSON(t *testing.T) {
	var auth ClientAuth
	if err := json.Unmarshal([]byte(`{"ID":"bank","Secret":"x"}`), &auth); err != nil ||
		auth.Secret.Reveal() != "x" {
		t.Errorf("got %q, %v", auth.Secret.Reveal(), err)
	}
}
