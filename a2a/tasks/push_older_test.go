package tasks_test

import (
	"slices"
	"testing"

	"staff0/a2a"
)

// 0.3 §7.5: "Sets or updates the push notification configuration".
func TestInAnOlderVersionATaskHasOneConfigurationUnlessTheyHaveIds(t *testing.T) {
	pushBubble(t, nil, approve, func(t *testing.T, w *pushWorld) {
		req := hooked(w.message("?"), "", hookURL)
		req.Configuration.TaskPushNotificationConfig.Version = "0.3"
		task := w.send(req).ID
		set := func(id, url string) {
			t.Helper()
			if _, err := w.CreatePushConfig(w.ctx, bank,
				&a2a.TaskPushNotificationConfig{TaskID: task, ID: id, URL: url,
					Version: "0.3"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range []struct {
			name    string
			id, url string
			want    []string
		}{
			{"another address takes the place of the one that came with the message", "", hookURL +
				"/2", []string{"default " + hookURL + "/2"}},
			{"one with an id stands beside it", "b", hookURL,
				[]string{"default " + hookURL + "/2", "b " + hookURL}},
			{"without an id it is the same one again", "", hookURL,
				[]string{"default " + hookURL, "b " + hookURL}},
		} {
			set(row.id, row.url)
			if got := w.configs(task); !slices.Equal(slices.Sorted(slices.Values(got)),
				slices.Sorted(slices.Values(row.want))) {
				t.Errorf("%s: there are %q, want %q", row.name, got, row.want)
			}
		}
	})
}
