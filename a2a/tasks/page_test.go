package tasks_test

import (
	"context"
	"strings"
	"testing"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// batches is a store that notes how many tasks are read at a time, and what they hold.
type batches struct {
	*tasks.Memory
	asked, content int // the largest
}

func (b *batches) List(ctx context.Context, q tasks.Query) (*tasks.Page, error) {
	page, err := b.Memory.List(ctx, q)
	if err == nil {
		b.asked = max(b.asked, q.Limit)
		content := 0
		for _, rec := range page.Records {
			content += len(rec.Task.AppendJSON(nil))
		}
		b.content = max(b.content, content)
	}
	return page, err
}

// A page ends at so many bytes, whatever its number of tasks: following the tokens finds each task
// once, in order, with the total right on each page. The store is never asked for much more than a
// page.
func TestAPageEndsWhereItBecomesLarge(t *testing.T) {
	for name, c := range map[string]struct {
		sizes   []int // of the tasks' text, newest last
		req     a2a.ListTasksRequest
		pages   int
		asked   int
		largest int // bytes of a page
	}{
		"small": {sizes: repeated(40, 100), pages: 1, asked: 32,
			largest: 64 << 10},
		"most": {sizes: repeated(100, 100),
			req: a2a.ListTasksRequest{PageSize: ptr(100)}, pages: 1, asked: 100,
			largest: 128 << 10},
		"large": {sizes: repeated(100, 15<<10),
			req: a2a.ListTasksRequest{PageSize: ptr(100)}, pages: 2, asked: 70,
			largest: 1100 << 10},
		"large without history": {sizes: repeated(100, 15<<10),
			req: a2a.ListTasksRequest{PageSize: ptr(100), HistoryLength: ptr(0)}, pages: 1,
			asked: 100, largest: 64 << 10},
		"small ones, then large": {sizes: append(repeated(80, 15<<10), repeated(20, 10)...),
			req: a2a.ListTasksRequest{PageSize: ptr(100)}, pages: 2, asked: 100,
			largest: 1100 << 10},
		"one by one": {sizes: repeated(9, 15<<10),
			req: a2a.ListTasksRequest{PageSize: ptr(1)}, pages: 9, asked: 2, largest: 32 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			store := &batches{}
			bubbleWith(t, func(m *tasks.Memory) tasks.Store {
				store.Memory = m
				return store
			}, answer, func(t *testing.T, w *world) {
				for _, size := range c.sizes {
					w.begin(strings.Repeat("x", size))
				}
				seen := map[a2a.TaskID]bool{}
				var last *a2a.Task
				req, pages := c.req, 0
				for {
					page := w.list(req)
					pages++
					if page.TotalSize != int32(len(c.sizes)) {
						t.Errorf("the total is %d on page %d", page.TotalSize, pages)
					}
					bytes := 0
					for _, task := range page.Tasks {
						if bytes += len(task.AppendJSON(nil)); seen[task.ID] {
							t.Errorf("%s is listed twice", task.ID)
						}
						if last != nil && task.Status.Timestamp.After(last.Status.Timestamp) {
							t.Errorf("%s is not in order", task.ID)
						}
						seen[task.ID], last = true, task
					}
					if bytes > c.largest {
						t.Errorf("page %d has %d bytes", pages, bytes)
					}
					if req.PageToken = page.NextPageToken; req.PageToken == "" {
						break
					}
				}
				if len(seen) != len(c.sizes) || pages != c.pages {
					t.Errorf("%d tasks on %d pages, want %d on %d", len(seen), pages, len(c.sizes),
						c.pages)
				}
				if store.asked > c.asked || store.content > 2<<20 {
					t.Errorf("the store was asked for %d tasks, and for %d bytes at a time",
						store.asked, store.content)
				}
			})
		})
	}
}

// A task that is larger than a page is a page of its own.
func TestALargeTaskIsAPage(t *testing.T) {
	bubble(t, func(_ context.Context, _ *tasks.Turn, yield yielder) {
		step := answered()
		step.Events[0].(*a2a.TaskArtifactUpdateEvent).Artifact.Parts = []a2a.Part{a2a.TextPart(
			strings.Repeat("x", 2<<20))}
		yield(step, nil)
	}, func(t *testing.T, w *world) {
		for range 3 {
			w.begin("?")
		}
		yes, pages := true, 0
		for req := (a2a.ListTasksRequest{IncludeArtifacts: &yes}); ; pages++ {
			page := w.list(req)
			if len(page.Tasks) != 1 || page.TotalSize != 3 {
				t.Fatalf("page %d has %d of %d tasks", pages, len(page.Tasks), page.TotalSize)
			}
			if req.PageToken = page.NextPageToken; req.PageToken == "" {
				break
			}
		}
		if pages != 2 {
			t.Errorf("%d pages", pages+1)
		}
	})
}

func repeated(n, size int) (sizes []int) {
	for range n {
		sizes = append(sizes, size)
	}
	return sizes
}
