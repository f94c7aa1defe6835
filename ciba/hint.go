package ciba

import "encoding/json"

// LoginHint returns the login_hint that makes this provider ask the person with
// the given subject. Auth0 takes a JSON text with issuer and subject, where the
// issuer's final slash matters; the others take the subject, a user name or an
// e-mail address as it is.
//
// A hint that a person's address or user name already is (directory "hint", or
// a login_hint from a file) is sent as it stands and does not pass through here.
func (p Provider) LoginHint(issuer, subject string) string {
	if p != Auth0 {
		return subject
	}
	b, err := json.Marshal(struct {
		Format  string `json:"format"`
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
	}{"iss_sub", issuer, subject})
	if err != nil {
		return "" // three strings always marshal; no hint is refused by Authenticate
	}
	return string(b)
}
