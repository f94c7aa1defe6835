package hragent

import (
	"context"
	"errors"

	"staff0/a2a"
	"staff0/a2a/consent"
	"staff0/a2a/tasks"
)

// keeper is the engine as the waiting room sees it: requests are kept in holds of the store.
type keeper struct{ engine *tasks.Engine }

func (k keeper) Hold(ctx context.Context, key consent.Key) (*consent.Kept, error) {
	h, err := k.engine.Hold(ctx, tasks.Key(key))
	switch {
	case errors.Is(err, tasks.ErrNotFound):
		return nil, consent.ErrGone
	case err != nil:
		return nil, err
	}
	return &consent.Kept{Value: h.Value, Revision: h.Revision, Tasks: len(h.Tasks)}, nil
}

func (k keeper) Amend(ctx context.Context, claims []consent.Claim) error {
	err := k.engine.Amend(ctx, storeClaims(claims)...)
	switch {
	case errors.Is(err, tasks.ErrHeld):
		return consent.ErrHeld
	case errors.Is(err, tasks.ErrMoved):
		return consent.ErrMoved
	case errors.Is(err, tasks.ErrNoHold):
		return consent.ErrGone
	}
	return err
}

func (k keeper) Wake(ctx context.Context, task string, signal *consent.Signal) error {
	return k.engine.Wake(ctx, a2a.TaskID(task), signal)
}

func (k keeper) Alive() bool { return k.engine.Alive() }

var claimKinds = map[consent.ClaimKind]tasks.ClaimKind{
	consent.Open: tasks.Open, consent.Join: tasks.Join, consent.Take: tasks.Take,
	consent.Put: tasks.Put, consent.Drop: tasks.Drop,
}

// storeClaims are the room's claims as the store takes them.
func storeClaims(claims []consent.Claim) []tasks.Claim {
	var list []tasks.Claim
	for _, c := range claims {
		list = append(list, tasks.Claim{
			Kind: claimKinds[c.Kind], Key: tasks.Key(c.Key), Value: c.Value, Until: c.Until,
			Max: c.Max, Revision: c.Revision,
		})
	}
	return list
}
