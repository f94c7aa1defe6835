package idp

import (
	"bytes"
	"cmp"
	"crypto/rand"
	_ "embed" // the page
	"html/template"
	"net/http"
	"sync"
)

//go:embed phone.html
var phoneHTML string

//go:embed phone.css
var phoneCSS string

//go:embed phone.js
var phoneJS string

// phoneTemplate is parsed when it is first shown, not when the program starts.
var phoneTemplate = sync.OnceValues(func() (*template.Template, error) {
	return template.New("phone").Parse(phoneHTML)
})

// maxListed bounds the people in the page's list; a person beyond it is found
// among everybody's requests.
const maxListed = 500

// servePhone is the page: the phones of all people in one browser window. It
// holds no request; its script fetches them and sets them as text.
func (p *Provider) servePhone(w http.ResponseWriter, r *http.Request) {
	type option struct{ Subject, Label string }
	data := struct {
		Nonce, Chosen string
		Style         template.CSS
		Script        template.JS
		People        []option
		Left          int
	}{
		Nonce: rand.Text(), Chosen: r.URL.Query().Get("person"),
		Style: template.CSS(phoneCSS), Script: template.JS(phoneJS),
		Left: max(0, len(p.people.list)-maxListed),
	}
	for _, person := range p.people.list[:min(len(p.people.list), maxListed)] {
		label := cmp.Or(person.Name, person.Email, person.Subject)
		if person.Name != "" && person.Email != "" {
			label += " (" + person.Email + ")"
		}
		data.People = append(data.People, option{person.Subject, label})
	}
	page, err := phoneTemplate()
	var out bytes.Buffer
	if err == nil {
		err = page.Execute(&out, data)
	}
	if err != nil {
		p.internal(w, "rendering the page", err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	// Only the page's own script and style run, it talks to its own origin only,
	// and (Trusted Types) even its own script cannot turn a text into markup.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+data.Nonce+
		"'; style-src 'nonce-"+data.Nonce+
		"'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "+
		"frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'; trusted-types 'none'")
	_, _ = out.WriteTo(w) // the browser has gone: nothing to do
}
