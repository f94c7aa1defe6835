package idp

import "net/http"

func (p *Provider) servePhone(w http.ResponseWriter, _ *http.Request) {
	writeText(w, http.StatusOK, "for development")
}
