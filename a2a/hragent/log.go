package hragent

import (
	"errors"
	"fmt"
	"strings"

	"staff0/ciba/oauth"
)

// plain is an error as it may be logged. The words of a provider are left out, for they may name the person (Keycloak's "user … not found").
func plain(err error) string {
	refused, ok := errors.AsType[*oauth.Error](err)
	if !ok {
		return err.Error()
	}
	code := refused.Code
	if code == "" || len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return fmt.Sprintf("the identity provider answered HTTP %d", refused.Status)
	}
	return fmt.Sprintf("the identity provider answered HTTP %d, %s", refused.Status, code)
}
