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

// List does ListTasks (§3.1.4).
func (e *Engine) List(ctx context.Context, owner Owner, req *a2a.ListTasksRequest) (*a2a.ListTasksResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	after, err := parsePageToken(req.PageToken)
	if err != nil {
		return nil, err
	}
	size := int32(a2a.DefaultPageSize)
	if req.PageSize != nil {
		size = *req.PageSize
	}
	page, err := e.store.List(ctx, Query{
		Owner: owner, Context: req.ContextID, State: req.Status, Since: req.StatusTimestampAfter, After: after, Limit: int(size) + 1,
	})
	if err != nil {
		return nil, e.fault("list tasks", "", err)
	}
	res := &a2a.ListTasksResponse{Tasks: []*a2a.Task{}, PageSize: size, TotalSize: int32(page.Total)}
	for i, rec := range page.Records {
		if i == int(size) {
			res.NextPageToken = page.Records[i-1].position().token()
			break
		}
		task := *trimHistory(rec.Task, req.HistoryLength)
		if req.IncludeArtifacts == nil || !*req.IncludeArtifacts {
			task.Artifacts = nil
		}
		res.Tasks = append(res.Tasks, &task)
	}
	return res, nil
}

// token is the position as an opaque page token. It holds nothing that the caller has not seen, and a forged one finds only the caller's tasks.
func (p Position) token() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", p.Timestamp.UnixMilli(), p.ID))
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
