package tasks_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

func (w *world) list(req a2a.ListTasksRequest) *a2a.ListTasksResponse {
	w.t.Helper()
	page, err := w.List(w.ctx, bank, &req)
	if err != nil {
		w.t.Fatalf("list: %v", err)
	}
	return page
}

func TestListIsNewestStatusFirstThenById(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		for i := range 30 {
			w.begin("?")
			if i%5 == 0 {
				time.Sleep(time.Millisecond) // six groups of equal times
			}
		}
		all := w.list(a2a.ListTasksRequest{})
		if all.TotalSize != 30 || all.PageSize != 50 || all.NextPageToken != "" ||
			len(all.Tasks) != 30 {
			t.Fatalf("total %d, size %d, token %q, %d tasks", all.TotalSize, all.PageSize,
				all.NextPageToken, len(all.Tasks))
		}
		if !slices.IsSortedFunc(all.Tasks, func(a, b *a2a.Task) int {
			if c := b.Status.Timestamp.Compare(a.Status.Timestamp); c != 0 {
				return c
			}
			return -cmpID(a, b)
		}) {
			t.Error("not in order")
		}
		for size := range int32(31) {
			if size == 0 {
				continue
			}
			var got []*a2a.Task
			token := ""
			for pages := 0; ; pages++ {
				page := w.list(a2a.ListTasksRequest{PageSize: &size, PageToken: token})
				got = append(got, page.Tasks...)
				if page.TotalSize != 30 || page.PageSize != size {
					t.Errorf("total %d, size %d", page.TotalSize, page.PageSize)
				}
				if token = page.NextPageToken; token == "" {
					break
				}
			}
			if !slices.EqualFunc(got, all.Tasks, func(a, b *a2a.Task) bool {
				return a.ID == b.ID
			}) {
				t.Errorf("pages of %d give %d tasks, or another order", size, len(got))
			}
		}
	})
}

func cmpID(a, b *a2a.Task) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

func TestListFilters(t *testing.T) {
	bubble(t, func(ctx context.Context, turn *tasks.Turn, yield yielder) {
		if turn.Task.History[0].Text() == "wait" {
			approve(ctx, turn, yield)
		} else {
			answer(ctx, turn, yield)
		}
	}, func(t *testing.T, w *world) {
		one := w.message("wait")
		one.Message.ContextID = "a"
		w.send(one)
		time.Sleep(time.Second)
		second := w.message("?")
		second.Message.ContextID = "a"
		at := w.send(second).Status.Timestamp
		time.Sleep(time.Second)
		w.begin("?")
		for _, row := range []struct {
			name string
			req  a2a.ListTasksRequest
			want int32
		}{
			{"none gives all", a2a.ListTasksRequest{}, 3},
			{"the context", a2a.ListTasksRequest{ContextID: "a"}, 2},
			{"an unknown context gives nothing, and no error", a2a.ListTasksRequest{ContextID: "b"},
				0},
			{"the state", a2a.ListTasksRequest{Status: a2a.TaskStateAuthRequired}, 1},
			{"the time, inclusive", a2a.ListTasksRequest{StatusTimestampAfter: at}, 2},
			{"the time, a moment later",
				a2a.ListTasksRequest{StatusTimestampAfter: at.Add(time.Nanosecond)}, 1},
			{"all of them together", a2a.ListTasksRequest{ContextID: "a",
				Status: a2a.TaskStateCompleted, StatusTimestampAfter: at}, 1},
		} {
			page := w.list(row.req)
			if page.TotalSize != row.want || len(page.Tasks) != int(row.want) || page.Tasks == nil {
				t.Errorf("%s: %d of %d", row.name, len(page.Tasks), page.TotalSize)
			}
		}
	})
}

func TestListLeavesArtifactsOutUnlessTheyAreWanted(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		id := w.begin("?")
		yes, no := true, false
		for include, want := range map[*bool]int{nil: 0, &no: 0, &yes: 1} {
			if got := len(
				w.list(a2a.ListTasksRequest{IncludeArtifacts: include}).Tasks[0].Artifacts); got != want {
				t.Errorf("%d artifacts", got)
			}
		}
		if len(w.get(id).Artifacts) != 1 {
			t.Error("GetTask must always have them")
		}
	})
}

func TestListRefusesWhatItCannotRead(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		zero := int32(0)
		for _, req := range []a2a.ListTasksRequest{
			{PageToken: "no base 64"},
			{PageToken: base64.RawURLEncoding.EncodeToString([]byte("12"))},
			{PageToken: base64.RawURLEncoding.EncodeToString([]byte("x y"))},
			{PageToken: base64.RawURLEncoding.EncodeToString([]byte("12 "))},
			{PageSize: &zero},
		} {
			if _, err := w.List(w.ctx, bank, &req); !errors.Is(err, a2a.ErrInvalidParams) {
				t.Errorf("%+v: %v", req, err)
			}
		}
	})
}

func TestAForgedPageTokenFindsOnlyTheCallersTasks(t *testing.T) {
	bubble(t, answer, func(t *testing.T, w *world) {
		w.begin("?")
		token := base64.RawURLEncoding.EncodeToString(
			fmt.Appendf(nil, "%d zzz", time.Now().Add(time.Hour).UnixMilli()))
		page, err := w.List(w.ctx, other, &a2a.ListTasksRequest{PageToken: token})
		if err != nil || len(page.Tasks) != 0 {
			t.Errorf("%v %v", page, err)
		}
	})
}
