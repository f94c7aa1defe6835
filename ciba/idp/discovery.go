package idp

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
)

// Paths of the endpoints, where Auth0 has them.
const (
	pathDiscovery    = "/.well-known/openid-configuration"
	pathJWKS         = "/.well-known/jwks.json"
	pathToken        = "/oauth/token"
	pathBackchannel  = "/bc-authorize"
	pathUsersByEmail = "/api/v2/users-by-email"
	pathUsers        = "/api/v2/users"
)

// endpoint is the absolute URL of a path below the issuer, which ends in "/".
func (p *Provider) endpoint(path string) string { return p.issuer + path[1:] }

// discovery is the provider metadata of OpenID Connect Discovery §3 with the
// additions of CIBA Core §4. There is no authorization endpoint, and hence no
// response type: nobody logs in here.
func (p *Provider) discovery(alg string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"issuer":                              p.issuer,
		"token_endpoint":                      p.endpoint(pathToken),
		"jwks_uri":                            p.endpoint(pathJWKS),
		"backchannel_authentication_endpoint": p.endpoint(pathBackchannel),
		"backchannel_token_delivery_modes_supported": []string{"poll"},
		"backchannel_user_code_parameter_supported":  false,
		"grant_types_supported": []string{grantClientCredentials,
			grantCIBA},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic",
			"client_secret_post"},
		"response_types_supported":              []string{},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{alg},
		"scopes_supported":                      identityScopes(),
		"claims_supported": []string{"iss", "sub", "aud", "iat",
			"exp", "auth_time", "at_hash", "email", "email_verified", "name"},
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"authorization_response_iss_parameter_supported": false,
		// The mark by which the other commands know that known secrets and
		// sample people are in order here.
		"staff0_development": true,
		// Grease: OpenID Connect Discovery §3 lets any member be added, so no
		// reader may depend on knowing all of them.
		"grease_" + rand.Text()[:8]: []any{map[string]any{"ignore": "me"}, nil, 1e3},
	})
}

func (p *Provider) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	writeJSONBytes(w, http.StatusOK, p.metadata)
}

func (p *Provider) serveJWKS(w http.ResponseWriter, r *http.Request) {
	keys, err := p.keys.published(r.Context())
	if err != nil {
		p.internal(w, "reading the keys", err)
		return
	}
	set := make([]any, 0, len(keys)+1)
	for _, key := range keys {
		set = append(set, key.JWK(key.kid))
	}
	// Grease: "implementations SHOULD ignore JWKs within a JWK Set that use
	// 'kty' values that are not understood by them" (RFC 7517 §5).
	set = append(set, map[string]any{"kty": "GREASE", "kid": "grease", "use": "sig",
		"grease": []any{1, nil}})
	writeJSON(w, http.StatusOK, map[string]any{"keys": set})
}
