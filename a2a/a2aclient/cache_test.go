package a2aclient_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a/a2aclient"
	"staff0/a2a/wire"
)

// CLI-6, §8.6.2: a card is used for as long as the agent allows, then asked for by its tag.
func TestCache(t *testing.T) {
	body, err := wire.MarshalCard(card(), wire.CardV10)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why    string
		header map[string]string
		after  time.Duration
		// what the agent is asked when the card is wanted again: nothing, for a card, or whether it
		// is still the one with the tag.
		asked string
	}{
		{"fresh", map[string]string{"Cache-Control": "public, max-age=300", "ETag": `"a"`},
			299 * time.Second, "nothing"},
		{"no longer fresh", map[string]string{"Cache-Control": "public, max-age=300",
			"ETag": `"a"`}, 300 * time.Second, `"a"`},
		{"without a tag", map[string]string{"Cache-Control": "max-age=300"}, 300 * time.Second, ""},
		{"quoted, in capitals", map[string]string{"Cache-Control": `Max-Age="300"`},
			299 * time.Second, "nothing"},
		{"kept by a proxy before", map[string]string{"Cache-Control": "max-age=300", "Age": "200",
			"ETag": `"a"`}, 100 * time.Second, `"a"`},
		{"for ever is an hour", map[string]string{"Cache-Control": "max-age=999999999",
			"ETag": `"a"`}, time.Hour, `"a"`},
		{"for less than for ever", map[string]string{"Cache-Control": "max-age=999999999"},
			time.Hour - 1, "nothing"},
		{"not to be used without asking",
			map[string]string{"Cache-Control": "max-age=300, no-cache", "ETag": `"a"`}, 0, `"a"`},
		{"not to be kept", map[string]string{"Cache-Control": "no-cache, no-store, max-age=300",
			"ETag": `"a"`}, 0, ""},
		{"of an agent that says nothing", nil, 0, ""},
		{"of one that says nonsense", map[string]string{"Cache-Control": "max-age=-1"}, 0, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []string
				conf := config(t,
					inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						asked = append(asked, r.Header.Get("If-None-Match"))
						for name, value := range tt.header {
							w.Header().Set(name, value)
						}
						w.Header().Set("Content-Type", "application/json")
						if r.Header.Get("If-None-Match") != "" {
							w.WriteHeader(http.StatusNotModified)
							return
						}
						_, _ = w.Write(body)
					})})
				var cache a2aclient.Cache
				for range 2 {
					got, err := cache.Resolve(t.Context(), conf.HTTPClient, conf.Base)
					if err != nil || got.Name != "agent" {
						t.Fatalf("card %v, error %v", got, err)
					}
					time.Sleep(tt.after)
				}
				want := append([]string{""}, tt.asked)
				if tt.asked == "nothing" {
					want = want[:1]
				}
				if len(asked) != len(want) || asked[len(asked)-1] != want[len(want)-1] {
					t.Errorf("the agent was asked %q, want %q", asked, want)
				}
			})
		})
	}
}

// An agent that has gone has no card any more, and one that says 304 to whoever has none is no
// agent.
func TestCacheDoesNotMakeCardsUp(t *testing.T) {
	status := http.StatusNotModified
	conf := config(t, inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
	})})
	var cache a2aclient.Cache
	for _, status = range []int{304, 404, 503} {
		if got, err := cache.Resolve(t.Context(), conf.HTTPClient, conf.Base); err == nil {
			t.Errorf("%d: card %v", status, got)
		}
	}
	if _, err := cache.Resolve(t.Context(), conf.HTTPClient, nil); err == nil {
		t.Error("no base: no error")
	}
}
