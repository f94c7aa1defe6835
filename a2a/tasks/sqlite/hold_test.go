package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
)

// A busy agent has many more holds than tasks to remove.
func TestAllHoldsThatAreOverAreRemoved(t *testing.T) {
	s := open(t, path(t))
	for i := range 3 * removeGroup {
		claim := tasks.Claim{Kind: tasks.Take, Key: tasks.Key{byte(i), byte(i >> 8)},
			Until: time.Now().Add(-time.Hour)}
		if i == 7 {
			claim.Until = time.Now().Add(time.Hour)
		}
		if err := s.Amend(t.Context(), tasks.NewChangeID(), []tasks.Claim{claim}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Remove(t.Context(), time.Now(), 10); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.readers.QueryRow("SELECT count(*) FROM holds").Scan(&n); err != nil || n != 1 ||
		len(s.writer.holds) != 1 {
		t.Errorf("%d holds are in the file, %d at hand, %v", n, len(s.writer.holds), err)
	}
}

// What may go of a client is sought among its own, so that a client that has nothing old does not
// have the tasks of all others walked through.
func TestAClientsOldTasksAreSoughtAmongItsOwn(t *testing.T) {
	s := open(t, path(t))
	rows, err := s.readers.Query("EXPLAIN QUERY PLAN "+selectOldest,
		append([]any{0}, clientArgs("bank")...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var a, b, c int
		var detail string
		if err := rows.Scan(&a, &b, &c, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if all := strings.Join(plan, "; "); strings.Count(all, "USING INDEX tasks_listed") != 2 ||
		strings.Contains(all, "SCAN") {
		t.Errorf("they are sought by %s", all)
	}
}

func TestAsMuchOfAClientGoesAsIsAskedFor(t *testing.T) {
	s := open(t, path(t))
	for range 3 * removeGroup {
		mustAdd(t, s, newTask(t, s), a2a.TaskStateCompleted, "")
	}
	before, err := s.Kept(t.Context(), "bank")
	if err != nil {
		t.Fatal(err)
	}
	freed, err := s.Shed(t.Context(), "bank", time.Now().Add(time.Minute), before/2)
	if err != nil || freed < before/2 || freed > before/2+before/100 {
		t.Errorf("%d of %d bytes are freed, %v", freed, before, err)
	}
	after, err := s.Kept(t.Context(), "bank")
	if counted, e := s.count(t.Context(), "bank"); err != nil || e != nil ||
		after != before-freed || counted != after {
		t.Error(fmt.Sprint("kept ", after, ", in the file ", counted, ", want ", before-freed), err,
			e)
	}
}
