package tasks

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"staff0/a2a"
)

// Bounds of a page, whatever size is asked for.
const (
	maxPage    = 1 << 20 // bytes of content; a page has one task at least
	firstBatch = 8       // tasks that are read at first, while nothing is known of their sizes
)

// List does ListTasks (§3.1.4). A page ends early, with a token for the next one, when it has as
// much content as a page may have. The store is asked for a few tasks at a time, since each may be
// large.
func (e *Engine) List(
	ctx context.Context, owner Owner, req *a2a.ListTasksRequest,
) (*a2a.ListTasksResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	after, err := parsePageToken(req.PageToken)
	if err != nil {
		return nil, err
	}
	size := a2a.DefaultPageSize
	if req.PageSize != nil {
		size = int(*req.PageSize)
	}
	res := &a2a.ListTasksResponse{Tasks: []*a2a.Task{}, PageSize: int32(size), TotalSize: -1}
	content := 0
	for batch := firstBatch; ; {
		limit := min(size+1-len(res.Tasks), batch) // one more tells whether there is a next page
		page, err := e.store.List(ctx, Query{
			Owner: owner, Context: req.ContextID, State: req.Status,
			Since: req.StatusTimestampAfter, After: after, Limit: limit,
		})
		if err != nil {
			return nil, e.fault("list tasks", "", err)
		}
		if res.TotalSize < 0 {
			res.TotalSize = int32(page.Total)
		}
		for _, rec := range page.Records {
			task := *trimHistory(rec.Task, req.HistoryLength)
			if req.IncludeArtifacts == nil || !*req.IncludeArtifacts {
				task.Artifacts = nil
			}
			content += weight(&task)
			if len(res.Tasks) == size || content > maxPage && len(res.Tasks) > 0 {
				res.NextPageToken = after.token()
				return res, nil
			}
			res.Tasks = append(res.Tasks, &task)
			after = rec.position()
		}
		if len(page.Records) < limit {
			return res, nil
		}
		// As many as will fit if they are like those that have been read, yet not many more than
		// before.
		fit := (maxPage - content) / (content/len(res.Tasks) + 1)
		batch = max(1, min(4*batch, fit+1))
	}
}

// weight is about what a task takes in an answer, in bytes.
func weight(t *a2a.Task) int {
	const member = 64 // names, quotes and ids
	parts := func(all []a2a.Part) (n int) {
		for i := range all {
			p := &all[i]
			n += member + len(p.Text) + len(p.Raw)*4/3 + len(p.URL) + len(p.Data) + len(
				p.Metadata) + len(p.Filename) + len(p.MediaType)
		}
		return n
	}
	message := func(m *a2a.Message) (n int) {
		n = 4*member + parts(m.Parts) + len(m.Metadata)
		for _, uri := range m.Extensions {
			n += len(uri)
		}
		return n
	}
	n := 4*member + len(t.Metadata)
	if t.Status.Message != nil {
		n += message(t.Status.Message)
	}
	for _, m := range t.History {
		n += message(m)
	}
	for _, a := range t.Artifacts {
		n += member + len(a.Name) + len(a.Description) + len(a.Metadata) + parts(a.Parts)
	}
	return n
}

// token is the position as an opaque page token. It holds nothing that the caller has not seen, and
// a forged one finds only the caller's tasks.
func (p Position) token() string {
	return base64.RawURLEncoding.EncodeToString(
		fmt.Appendf(nil, "%d %s", p.Timestamp.UnixMilli(), p.ID))
}

func parsePageToken(token string) (Position, error) {
	if token == "" {
		return Position{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	ms, id, ok := strings.Cut(string(raw), " ")
	n, err2 := strconv.ParseInt(ms, 10, 64)
	if err != nil || !ok || err2 != nil || id == "" {
		return Position{}, a2a.InvalidParams("pageToken", "is not one that this agent made")
	}
	return Position{time.UnixMilli(n).UTC(), a2a.TaskID(id)}, nil
}
