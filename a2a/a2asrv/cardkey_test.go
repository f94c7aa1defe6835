package a2asrv_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"staff0/a2a/a2aclient"
	"staff0/a2a/a2asrv"
	"staff0/a2a/wire"
	"staff0/ciba/jose"
)

// The key is made once, kept for its owner alone, and the same ever after, also when several
// processes start at once.
func TestCardKeyIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card-key.pem")
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			key, err := a2asrv.OpenCardKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = key.ID()
		})
	}
	all.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("keys %q", ids)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a2asrv.OpenCardKey(path); err == nil {
		t.Error("a file without a key was taken for one")
	}
	if _, err := a2asrv.OpenCardKey(filepath.Join(t.TempDir(), "nowhere", "key")); err == nil {
		t.Error("a key was kept in a directory that is not there")
	}
}

// The pure 1.0 card is signed, and whoever has pinned the key can tell. The union card, which no
// verifier could read as it was signed, is not.
func TestCardIsSigned(t *testing.T) {
	key, err := jose.Generate("ES256")
	if err != nil {
		t.Fatal(err)
	}
	a := newAgent(t, func(c *a2asrv.Config) { c.CardKey = key })
	get := func(version string) []byte {
		r := httptest.NewRequest(http.MethodGet, a2asrv.CardPath, nil)
		if version != "" {
			r.Header.Set(wire.VersionHeader, version)
		}
		w := httptest.NewRecorder()
		a.server.ServeHTTP(w, r)
		return w.Body.Bytes()
	}
	pin, err := a2aclient.ParseCardKey(key.ID())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a2aclient.VerifyCard(get(wire.Version10), pin); err != nil {
		t.Errorf("the pure card: %v", err)
	}
	if _, err := a2aclient.VerifyCard(get(""), pin); err == nil {
		t.Error("the union card bears a signature")
	}
	a.shutdown(t)
}
