package sqlite

import "testing"

// TestHalfPairsOfEarlierVersions: a task whose metadata hold half of a surrogate pair, as earlier
// versions took it, is read, and the half is no longer there to spoil what callers read.
func TestHalfPairsOfEarlierVersions(t *testing.T) {
	p := path(t)
	s := open(t, p)
	id := newTask(t, s).Task.ID
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw(t, p, `UPDATE task_events SET event = CAST(replace(CAST(event AS TEXT),
		'{"task":{', '{"task":{"metadata":{"s":"\ud800"},') AS BLOB) WHERE seq = 1`)
	rec, err := open(t, p).Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(rec.Task.Metadata); got != `{"s":"\ufffd"}` {
		t.Errorf("the metadata are %s", got)
	}
}
