package idp

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serve puts a provider behind a real socket and gives the address of its page.
func serve(t *testing.T, change func(*Config)) (*Provider, string) {
	t.Helper()
	p := newTest(t, change)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return p, server.URL
}

const hostileName = `<img src=x onerror="alert(1)"><script>alert(2)</script>"'&amp;`

func hostile(c *Config) {
	c.People = append(SamplePeople(), Person{
		Subject: "auth0|hostile", Email: "hostile@staff0.com",
		Name: hostileName + " \u202Edrawkcab " +
			strings.Repeat("Wolfeschlegelsteinhausenbergerdorff", 4),
	})
	c.Clients = append(DefaultClients(), Client{
		ID: "evil", Secret: "x", Label: hostileName +
			"</script><svg onload=alert(3)> Grande Banque Internationale de Crédit et de Dépôt",
	})
}

func TestPhonePageInABrowser(t *testing.T) {
	b := newBrowser(t)

	t.Run("a request appears by itself and approving it by click takes effect", func(t *testing.T) {
		b := b.in(t)
		p, page := serve(t, nil)
		b.open(page + "/")
		b.wait(`!document.getElementById("empty").hidden`)
		id := ask(t, p)
		b.wait(`document.querySelector(".card .code")?.textContent === "7K3F-9QXM"`)
		text := b.eval(`document.querySelector(".card").innerText.replace(/[\u2068\u2069]/g, "")`).(string)
		for _, want := range []string{"For John Doe",
			"First Bank asks whether you are employed here", "Staff0 HR Agent",
			"your employment record", "Time left"} {
			if !strings.Contains(text, want) {
				t.Errorf("the card does not say %q:\n%s", want, text)
			}
		}
		b.wait(`/^(2:00|1:5\d)$/.test(document.querySelector(".left").textContent)`)
		if said := b.eval(`document.getElementById("announce").textContent`).(string); !strings.Contains(said, "Code 7K3F-9QXM") {
			t.Errorf("a screen reader hears %q", said)
		}
		if title := b.eval(`document.title`); title != "(1) Phone · for development" {
			t.Errorf("title: %v", title)
		}
		b.screenshot("one")
		b.click(".approve")
		b.wait(`document.querySelector(".outcome").textContent === "You approved this request."`)
		if a := poll(p, id); a.status != http.StatusOK {
			t.Errorf("after the click: %d %s", a.status, a.text)
		}
		b.wait(`document.title === "Phone · for development" && document.activeElement.id === "main"`)
	})

	t.Run("declining by click takes effect and is as easy as approving", func(t *testing.T) {
		b := b.in(t)
		p, page := serve(t, nil)
		id := ask(t, p)
		b.open(page + "/")
		b.wait(`document.querySelector(".card")`)
		same := b.eval(`(() => { const [n, y] = [".decline", ".approve"].map(s => document.querySelector(s).getBoundingClientRect());
			return n.width === y.width && n.height === y.height && n.top === y.top && n.height >= 44; })()`)
		if same != true {
			t.Error("Decline and Approve differ in size")
		}
		b.click(".decline")
		b.wait(`document.querySelector(".outcome").textContent === "You declined this request."`)
		if a := poll(p, id); a.str("error") != "access_denied" {
			t.Errorf("after the click: %s", a.text)
		}
	})

	t.Run("a request that ends elsewhere cannot be decided any more", func(t *testing.T) {
		b := b.in(t)
		p, page := serve(t, nil)
		ask(t, p)
		b.open(page + "/")
		b.wait(`document.querySelector(".card")`)
		if err := p.Deny(p.Pending()[0].ID); err != nil {
			t.Fatal(err)
		}
		b.wait(`document.querySelector(".outcome").textContent === "This request was decided elsewhere."`)
		if b.eval(`document.querySelectorAll("button:not(:disabled)").length`) != 0.0 {
			t.Error("an ended request has live buttons")
		}
	})

	t.Run("a chosen person sees only their own requests", func(t *testing.T) {
		b := b.in(t)
		p, page := serve(t, nil)
		ask(t, p)
		ask(t, p, "login_hint", "auth0|asmith", "binding_message",
			"bank:employment-status:AAAA-2222")
		b.open(page + "/")
		b.wait(`document.querySelectorAll(".card").length === 2`)
		b.click(`option[value="auth0|asmith"]`)
		b.wait(`document.querySelectorAll(".card").length === 1 && document.querySelector(".code").textContent === "AAAA-2222"`)
		if where := b.eval(`location.search`); where != "?person=auth0%7Casmith" {
			t.Errorf("the address does not keep the person: %v", where)
		}
		b.call("POST", "/refresh", map[string]any{})
		b.wait(`document.querySelector(".code")?.textContent === "AAAA-2222" && document.querySelectorAll(".card").length === 1`)
	})

	t.Run("hostile texts stay texts and fit on a small phone", func(t *testing.T) {
		b := b.in(t)
		p, page := serve(t, hostile)
		for _, message := range []string{"evil:a-long-purpose-that-nobody-foresaw:ABCD-EFGH-1234",
			"an+unknown,form.of#message:of_64_characters_without_any_blank_12",
			"bank:employment-status:7K3F-9QXM"} {
			ask(t, p, "login_hint", "auth0|hostile", "binding_message", message)
		}
		for _, scheme := range []string{"light", "dark"} {
			b.media(scheme, 360, 1900)
			b.open(page + "/?person=" + "%22%3E%3Cscript%3Ealert(4)%3C/script%3E")
			b.open(page + "/")
			b.wait(`document.querySelectorAll(".card").length === 3`)
			b.noDialog()
			if n := b.eval(
				`document.querySelectorAll("body img, body svg, main script, header script, body iframe").length`); n != 0.0 {
				t.Errorf("hostile text made %v elements", n)
			}
			if !strings.Contains(b.eval(`document.querySelector(".person").textContent`).(string),
				hostileName) {
				t.Error("the name is not shown as it is")
			}
			if b.eval(`document.documentElement.scrollWidth <= 360`) != true {
				t.Errorf("the page is wider than a phone: %v",
					b.eval(`document.documentElement.scrollWidth`))
			}
			b.screenshot("hostile-" + scheme)
		}
		b.media("light", 500, 900)
	})

	t.Run("the page says so when the provider is gone and recovers", func(t *testing.T) {
		b := b.in(t)
		p := newTest(t, nil)
		gone := make(chan bool, 1)
		gone <- false
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			down := <-gone
			gone <- down
			if down {
				http.Error(w, "<b>bad gateway</b>", http.StatusBadGateway)
				return
			}
			p.ServeHTTP(w, r)
		}))
		defer server.Close()
		ask(t, p)
		b.open(server.URL + "/")
		b.wait(`document.querySelector(".card")`)
		<-gone
		gone <- true
		b.wait(`document.getElementById("trouble").textContent.includes("keeps trying")`)
		b.click(".approve")
		b.wait(`document.querySelector(".outcome").textContent.includes("Try again")`)
		<-gone
		gone <- false
		b.wait(`document.getElementById("trouble").hidden`)
		b.click(".approve")
		b.wait(`document.querySelector(".outcome").textContent === "You approved this request."`)
	})

	t.Run("a form on another site cannot approve", func(t *testing.T) {
		b := b.in(t)
		p, page := serve(t, nil)
		ask(t, p)
		id := p.Pending()[0].ID
		// The best a page elsewhere can do without the browser's leave: a form whose
		// text/plain body happens to be JSON.
		evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<form method="post" enctype="text/plain" action="%s/approvals/%s">
				<input name='{"decision":"approve","x":"' value='"}'></form><script>document.forms[0].submit()</script>`, page, id)
		}))
		defer evil.Close()
		b.open(strings.Replace(evil.URL, "127.0.0.1", "localhost", 1) + "/")
		b.wait(`location.href.includes("/approvals/") && document.body.innerText.includes("another web site")`)
		if len(p.Pending()) != 1 {
			t.Error("the request was decided from another site")
		}
	})
}
