//go:build unix

package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/tasks/storetest"
)

// query asks for the total of all.
var query = tasks.Query{Owner: "bank", Limit: 1}

// childEnv makes the test binary a process that writes until it is killed.
const childEnv = "STAFF0_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		child(path)
		return
	}
	os.Exit(m.Run())
}

// child writes with many hands and says "task seq" after each change that was acknowledged.
func child(path string) {
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		fmt.Println("!", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	var mu sync.Mutex
	say := func(id a2a.TaskID, seq int64) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(id, seq) // one write: the pipe has it before anything else can happen
	}
	for range 16 {
		go func() {
			for {
				r, events := storetest.BenchRecord(a2a.NewTaskID())
				if _, err := s.Create(context.Background(), r, events, r.Created); err != nil {
					fmt.Println("!", err)
					return
				}
				say(r.Task.ID, int64(r.Seq))
				for range rand.IntN(6) {
					next, err := add(s, r, a2a.TaskStateAuthRequired, "auth_req_id")
					if err != nil {
						fmt.Println("!", err)
						return
					}
					r = next
					say(r.Task.ID, int64(r.Seq))
				}
			}
		}()
	}
	select {}
}

// The agent may be killed at any instruction: what it acknowledged is there, every log is whole,
// and the lock is free.
func TestWhatWasAcknowledgedOutlivesSIGKILL(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	p := filepath.Join(t.TempDir(), "agent.db")
	acknowledged := map[a2a.TaskID]int64{}
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+p)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() || lines.Text() != "ready" {
			t.Fatalf("round %d: %s", round, lines.Text())
		}
		if round == 0 {
			if _, err := Open(t.Context(), p, Options{}); err == nil ||
				!strings.Contains(err.Error(), fmt.Sprint("process ", cmd.Process.Pid)) {
				t.Errorf("beside the child: %v", err)
			}
		}
		time.AfterFunc(time.Duration(20+rand.IntN(120))*time.Millisecond, func() {
			_ = cmd.Process.Kill()
		})
		n := 0
		for lines.Scan() {
			var id a2a.TaskID
			var seq int64
			if _, err := fmt.Sscan(lines.Text(), &id, &seq); err != nil {
				t.Fatalf("round %d: %s", round, lines.Text())
			}
			acknowledged[id] = max(acknowledged[id], seq)
			n++
		}
		_ = cmd.Wait()
		// the log is as the dead process has left it
		show, err := Open(t.Context(), p, Options{ReadOnly: true})
		if err != nil {
			t.Fatalf("round %d, read-only: %v", round, err)
		}
		if page, err := show.List(t.Context(), query); err != nil ||
			page.Total < len(acknowledged) {
			t.Errorf("round %d: read-only shows %d of %d, %v", round, page.Total,
				len(acknowledged), err)
		}
		show.Close()
		s, err := Open(t.Context(), p, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for id, seq := range acknowledged {
			rec, err := s.Get(t.Context(), id)
			if err != nil || int64(rec.Seq) < seq {
				t.Fatalf("round %d: task %s was acknowledged at %d and is %+v, %v", round, id, seq,
					rec, err)
			}
			entries, err := s.Events(t.Context(), id, 0)
			if err != nil || len(entries) != int(rec.Seq) {
				t.Fatalf("round %d: task %s is at %d and has %d entries, %v", round, id, rec.Seq,
					len(entries), err)
			}
			for i, entry := range entries {
				if int(entry.Seq) != i+1 {
					t.Fatalf("round %d: entry %d of task %s is numbered %d", round, i+1, id,
						entry.Seq)
				}
			}
		}
		var state string
		if err := s.readers.QueryRow("PRAGMA integrity_check").Scan(&state); err != nil ||
			state != "ok" {
			t.Errorf("round %d: %s, %v", round, state, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if n == 0 {
			t.Logf("round %d: nothing was acknowledged", round)
		}
	}
	t.Logf("%d tasks were acknowledged in %d lives", len(acknowledged), rounds)
}
