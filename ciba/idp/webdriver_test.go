package idp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	// browserStart bounds how long driver and browser may take to start.
	browserStart = 60 * time.Second
	// browserWait bounds each wait for something to appear on the page.
	browserWait = 15 * time.Second
)

// browser is a session of the W3C WebDriver protocol, as far as the tests need it.
type browser struct {
	t    *testing.T
	base string // http://127.0.0.1:PORT/session/ID
}

// newBrowser starts chromedriver and a headless browser. Without chromedriver
// the test is skipped, except in CI, which must run it.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	driver, err := exec.LookPath("chromedriver")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromedriver is missing: CI has to try the phone page in a browser (Debian: " +
				"apt-get install chromium chromium-driver)")
		}
		t.Skip("chromedriver is missing, so the phone page is not tried in a browser (Debian: " +
			"apt-get install chromium chromium-driver)")
	}
	// Not t.TempDir: what a browser leaves behind must not fail the test.
	home, err := os.MkdirTemp("", "staff0-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, driver, "--port=0")
	cmd.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() }) // killed, hence an error
	port := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, after, ok := strings.Cut(lines.Text(), "started successfully on port "); ok {
				port <- strings.TrimSuffix(after, ".")
			}
		}
	}()
	b := &browser{t: t}
	select {
	case p := <-port:
		b.base = "http://127.0.0.1:" + p + "/session"
	case <-time.After(browserStart):
		t.Fatal("chromedriver did not say its port")
	}
	session := b.call("POST", "",
		map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
			"browserName": "chrome",
			"timeouts": map[string]any{"script": browserWait.Milliseconds(),
				"pageLoad": browserStart.Milliseconds()},
			// A dialog would be an attack that worked: leave it open, for the test to find.
			"unhandledPromptBehavior": "ignore",
			"goog:chromeOptions": map[string]any{"args": []string{
				"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
				"--window-size=500,900",
			}},
		}}})
	id, _ := session.(map[string]any)["sessionId"].(string)
	b.base += "/" + id
	// Ended before the driver is killed, or the browser would outlive the test.
	t.Cleanup(func() { b.call("DELETE", "", nil) })
	return b
}

// in gives the same browser for a subtest.
func (b *browser) in(t *testing.T) *browser { return &browser{t: t, base: b.base} }

// call makes one command and gives its value; an error ends the test.
func (b *browser) call(method, path string, body any) any {
	b.t.Helper()
	value, err := b.try(method, path, body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return value
}

func (b *browser) try(method, path string, body any) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), browserStart)
	defer cancel()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, b.base+path, in)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct{ Value any }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if m, ok := answer.Value.(map[string]any); ok && m["error"] != nil {
		return nil, fmt.Errorf("%v: %v", m["error"], m["message"])
	}
	return answer.Value, nil
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.call("POST", "/url", map[string]any{"url": url})
}

// eval gives the value of a JavaScript expression.
func (b *browser) eval(expression string) any {
	b.t.Helper()
	return b.call("POST", "/execute/sync", map[string]any{"script": "return (" + expression + ");",
		"args": []any{}})
}

// wait waits until a JavaScript expression is truthy, and gives its value. The
// browser itself looks again and again until the script timeout of the session.
func (b *browser) wait(expression string) any {
	b.t.Helper()
	value, err := b.try("POST", "/execute/async", map[string]any{"args": []any{}, "script": `
		const done = arguments[0];
		const look = () => { const v = (` + expression + `); if (v) done(v); else setTimeout(look, 20); };
		look();`})
	if err != nil {
		b.t.Fatalf("waiting for %s: %v\npage: %v", expression, err,
			b.eval("document.body.innerText"))
	}
	return value
}

// click clicks where a finger would, on the first element that matches.
func (b *browser) click(selector string) {
	b.t.Helper()
	found := b.call("POST", "/element", map[string]any{"using": "css selector", "value": selector})
	for _, id := range found.(map[string]any) {
		b.call("POST", "/element/"+id.(string)+"/click", map[string]any{})
	}
}

// noDialog fails the test if the page shows an alert.
func (b *browser) noDialog() {
	b.t.Helper()
	if text, err := b.try("GET", "/alert/text", nil); err == nil ||
		!strings.HasPrefix(err.Error(), "no such alert") {
		b.t.Errorf("a dialog is open: %v %v", text, err)
	}
}

// media sets what the page learns of the person's preferences and of the window.
func (b *browser) media(scheme string, width, height int) {
	b.t.Helper()
	cdp := func(cmd string, params map[string]any) {
		b.t.Helper()
		b.call("POST", "/goog/cdp/execute", map[string]any{"cmd": cmd, "params": params})
	}
	cdp("Emulation.setEmulatedMedia",
		map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme",
			"value": scheme}}})
	cdp("Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": true})
}

// screenshot is for the eyes of whoever works on the page: it writes a PNG into
// the folder that STAFF0_TEST_SCREENSHOTS names, if it names one.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("STAFF0_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := base64.StdEncoding.DecodeString(b.call("GET", "/screenshot", nil).(string))
	if err == nil {
		err = os.WriteFile(dir+"/"+name+".png", png, 0o600)
	}
	if err != nil {
		b.t.Error(err)
	}
}
