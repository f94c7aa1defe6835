package hrapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]struct {
		Schema struct {
			Ref string `json:"$ref"`
		}
	}
}

type schema struct {
	Required   []string
	Properties map[string]struct {
		Enum []string
	}
}

// The description must not say anything but what the server does.
func TestOpenAPIDescribesTheServer(t *testing.T) {
	tokens := verifier{"john": person("auth0|jdoe", "read:employee"),
		"alice": person("auth0|asmith", "read:employee")}
	working := newHandler(t,
		Config{Records: staffOf{t: t, have: map[string]*Employee{"auth0|jdoe": john},
			none: []string{"auth0|asmith"}}, Verifier: tokens})
	differing := newHandler(t, Config{Records: staffOf{t: t, err: ErrSubjectMismatch},
		Verifier: tokens})
	broken := newHandler(t, Config{Records: staffOf{t: t, err: ErrCorrupt}, Verifier: tokens})

	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]struct{ Responses map[string]response }
		Components struct {
			Schemas   map[string]schema
			Responses map[string]response
		}
	}
	if err := json.Unmarshal(get(working, "GET", "/openapi.json", "").Body.Bytes(),
		&doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatalf("openapi %q: %v", doc.OpenAPI, err)
	}

	var routes []string
	for _, r := range working.(*server).routes {
		routes = append(routes, r.path)
	}
	if described := slices.Sorted(maps.Keys(doc.Paths)); !slices.Equal(described,
		slices.Sorted(slices.Values(routes))) {
		t.Errorf("described %v, served %v", described, routes)
	}

	// Every response that is described, provoked.
	provoked := map[string]bool{}
	for _, tc := range []struct {
		h                           http.Handler
		method, template, id, token string
	}{
		{working, "GET", "/employees/{id}", "auth0%7Cjdoe", "john"},
		{working, "GET", "/employees/{id}", "auth0%7Cjdoe", " "},
		{working, "GET", "/employees/{id}", "auth0%7Cjdoe", ""},
		{working, "GET", "/employees/{id}", "auth0%7Cjdoe", "alice"},
		{working, "GET", "/employees/{id}", "auth0%7Casmith", "alice"},
		{working, "POST", "/employees/{id}", "auth0%7Cjdoe", "john"},
		{differing, "GET", "/employees/{id}", "auth0%7Cjdoe", "john"},
		{broken, "GET", "/employees/{id}", "auth0%7Cjdoe", "john"},
		{working, "GET", "/openapi.json", "", ""}, {working, "POST", "/openapi.json", "", ""},
		{working, "GET", "/livez", "", ""}, {working, "POST", "/livez", "", ""},
		{working, "GET", "/readyz", "", ""}, {working, "POST", "/readyz", "", ""},
		{broken, "GET", "/readyz", "", ""},
	} {
		w := get(tc.h, tc.method, strings.Replace(tc.template, "{id}", tc.id, 1), tc.token)
		what := fmt.Sprint(tc.template, " ", w.Code)
		provoked[what] = true
		described, ok := doc.Paths[tc.template]["get"].Responses[fmt.Sprint(w.Code)]
		if name, isRef := strings.CutPrefix(described.Ref, "#/components/responses/"); isRef {
			described, ok = doc.Components.Responses[name]
		}
		content, hasType := described.Content[w.Header().Get("Content-Type")]
		if !ok || !hasType {
			t.Errorf("%s with %s is not described", what, w.Header().Get("Content-Type"))
			continue
		}
		name, isRef := strings.CutPrefix(content.Schema.Ref, "#/components/schemas/")
		if !isRef {
			continue
		}
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := slices.Sorted(maps.Keys(body))
		s := doc.Components.Schemas[name]
		if !slices.Equal(got, slices.Sorted(maps.Keys(s.Properties))) ||
			!slices.Equal(got, slices.Sorted(slices.Values(s.Required))) {
			t.Errorf("%s has the members %v, described as %v", what, got, s)
		}
	}
	for path, methods := range doc.Paths {
		for status := range methods["get"].Responses {
			if !provoked[path+" "+status] {
				t.Errorf("%s is described to answer %s, which nothing shows", path, status)
			}
		}
	}
	if got := doc.Components.Schemas["Employee"].Properties["status"].Enum; !slices.Equal(got,
		[]string{StatusActive, StatusOnLeave, StatusEnded}) {
		t.Errorf("described statuses %v", got)
	}
	if !strings.Contains(string(openAPI), `"accessToken": ["`+ScopeReadEmployee+`"]`) ||
		!strings.Contains(string(openAPI), typeNoRecord) ||
		!strings.Contains(string(openAPI), typeSubjectMismatch) ||
		!strings.Contains(string(openAPI), `"name": "`+VerifiedEmailHeader+`"`) {
		t.Error("scope, header or problem types are not those of the server")
	}
}
