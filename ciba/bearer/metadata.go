package bearer

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// MetadataPath is where the metadata of a protected resource is found, inserted between host and
// path of its identifier (RFC 9728 §3).
const MetadataPath = "/.well-known/oauth-protected-resource"

// metadataMaxAge is how long clients may keep the document, in seconds. It changes only with the
// configuration.
const metadataMaxAge = 3600

// Metadata is what a protected resource says about itself (RFC 9728 §2). Nothing in it gives a
// client permission to send its credentials anywhere: which issuer to trust is the client's own
// configuration.
type Metadata struct {
	// Resource is the identifier, an https URL (http on this machine) without a fragment. Clients
	// compare it to the letter with the URL that they called (§3.3). Required.
	Resource string `json:"resource"`
	// AuthorizationServers are the issuers whose tokens are taken. At least one is required.
	AuthorizationServers []string `json:"authorization_servers"`
	// Scopes that the resource asks for.
	Scopes []string `json:"scopes_supported,omitempty"`
	// Name is for people.
	Name string `json:"resource_name,omitempty"`
	// Documentation is the URL of a page for developers.
	Documentation string `json:"resource_documentation,omitempty"`
}

// NewMetadata returns the handler of the metadata document, to be served at the path of MetadataURL
// without a token.
func NewMetadata(m Metadata) (http.Handler, error) {
	if _, err := MetadataURL(m.Resource); err != nil {
		return nil, err
	}
	if len(m.AuthorizationServers) == 0 {
		return nil, errors.New("bearer: the metadata need an authorization server")
	}
	doc, err := json.Marshal(struct {
		Metadata
		Methods []string `json:"bearer_methods_supported"`
	}{m, []string{"header"}})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "Use GET.", http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(doc)))
		h.Set("Cache-Control", "public, max-age="+strconv.Itoa(metadataMaxAge))
		_, _ = w.Write(doc)
	}), nil
}

// MetadataURL returns where the metadata of a resource are found: the well-known path between host
// and path of its identifier (RFC 9728 §3.1).
func MetadataURL(resource string) (string, error) {
	u, err := url.Parse(resource)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		strings.Contains(resource, "#") {
		return "", errors.New(
			"bearer: the identifier of a protected resource must be an absolute URL without a " +
				"fragment")
	}
	path := u.EscapedPath()
	if path == "/" {
		// §3.1: a slash that ends the host is not repeated.
		path = ""
	}
	out := u.Scheme + "://" + u.Host + MetadataPath + path
	if u.RawQuery != "" {
		out += "?" + u.RawQuery
	}
	return out, nil
}
