//go:build unix

package cmd

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"staff0/a2a"
)

// The crash test runs the program as it ships, and kills the HR agent again and again while many
// ask it and people answer on their phones: idp, api and agent are processes, the agent is ended by
// SIGKILL (at any moment, in its start, in its draining) or SIGTERM and started anew on the same
// store, and the askers are A2A clients that resume what was cut. What has to hold is in
// crash_check_test.go.
//
// Without settings a short form runs. The long form, the seed of a run that is to be repeated (it
// decides what is asked and when what is killed, not how processes run), and a summary:
//
//	STAFF0_CRASH_ROUNDS=300 go test -v -run TestCrash ./cmd -timeout 60m
//	STAFF0_CRASH_ROUNDS=300 STAFF0_CRASH_SEED=42 go test -v -run TestCrash/sqlite ./cmd -timeout 60m
//
// STAFF0_CRASH_DIR keeps the files of a run: the store, and what the processes have logged.
const (
	crashRounds = 6 // of the short form, which takes less than twenty seconds

	crashAgentUp = 2500 * time.Millisecond // at most, between two ends of an agent
	// within which an agent is killed that has just been started
	crashInStart  = 80 * time.Millisecond
	crashInDrain  = 50 * time.Millisecond // within which one is killed that has been told to stop
	crashStopTime = 10 * time.Second      // in which it stops by itself
	crashPatience = 3 * time.Minute       // for one question, and for anything else
	crashPauses   = 30                    // rounds, one of which is a pause
	crashDecision = 3 * time.Second       // within which people decide who do
)

// crashForm is how hard a store is tried.
type crashForm struct {
	rounds   int
	askers   int           // that begin in a round
	every    time.Duration // that an agent ends, but for pauses; 0 is at random
	expiry   time.Duration // that people have to answer
	hurry    bool          // nobody is asked who does not answer
	pauses   bool          // of agents, beside their ends
	database string        // PostgreSQL, for two agents; "" is one agent and SQLite
	program  string
}

func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("kills agents for half a minute")
	}
	t.Parallel()
	program := buildProgram(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		rounds, _ := crashSetting(t, "STAFF0_CRASH_ROUNDS", crashRounds)
		crashTest(t, crashForm{rounds: rounds, askers: 12, expiry: 6 * time.Second,
			program: program})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		database := os.Getenv("STAFF0_TEST_POSTGRES")
		if database == "" {
			t.Skip("STAFF0_TEST_POSTGRES names no PostgreSQL server")
		}
		// What an agent leaves that is killed is taken over when its lease has ended, so people
		// need more time.
		form := crashForm{
			rounds: 2, askers: 10, every: 2 * time.Second, expiry: crashTakeover + 10*time.Second,
			hurry: true, database: database,
			program: program,
		}
		if rounds, long := crashSetting(t, "STAFF0_CRASH_ROUNDS", 0); long {
			form.rounds, form.askers, form.expiry, form.hurry, form.pauses = rounds, 100,
				time.Minute, false, true
		}
		crashTest(t, form)
	})
}

// crashSetting reads a number from the environment.
func crashSetting(t *testing.T, name string, otherwise int) (n int, set bool) {
	text := os.Getenv(name)
	if text == "" {
		return otherwise, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a number", name, text)
	}
	return n, true
}

// crash is one run.
type crash struct {
	*testing.T
	form   crashForm
	seed   uint64
	random *rand.Rand // of the one goroutine that plans
	*crashWorld
	askers []*crashAsker
	asking sync.WaitGroup
	ends   []crashEnd // of agents
	starts []time.Duration

	mu       sync.Mutex
	known    map[a2a.TaskID]*crashAsker // that any answer has named
	readings map[a2a.TaskID]crashReading
	faults   int
	tally    crashTally
}

// crashEnd is one end of an agent.
type crashEnd struct {
	agent  *crashAgent
	at     time.Time
	killed bool
	phase  string // see kill, pause and stop
}

// faultf tells what does not hold. It may be called from anywhere.
func (c *crash) faultf(format string, args ...any) {
	c.Helper()
	c.mu.Lock()
	c.faults++
	n := c.faults
	c.mu.Unlock()
	if n <= 50 { // of one cause there may be thousands
		c.Errorf(format, args...)
	} else {
		c.Fail()
	}
}

func crashTest(t *testing.T, form crashForm) {
	seed, set := crashSetting(t, "STAFF0_CRASH_SEED", 0)
	if !set {
		seed = int(time.Now().UnixNano() & 0xffffff)
	}
	t.Logf("STAFF0_CRASH_SEED=%d", seed)
	dir := t.TempDir()
	if keep := os.Getenv("STAFF0_CRASH_DIR"); keep != "" {
		var err error
		if dir, err = filepath.Abs(filepath.Join(keep, filepath.Base(t.Name()))); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	c := &crash{
		T: t, form: form, seed: uint64(seed), random: rand.New(rand.NewPCG(uint64(seed), 0)),
		known: map[a2a.TaskID]*crashAsker{}, readings: map[a2a.TaskID]crashReading{},
	}
	c.crashWorld = newCrashWorld(t, dir, form)
	for _, agent := range c.agents {
		c.start(agent)
	}
	c.connect(c.Context())
	t.Cleanup(c.asking.Wait) // of a test that has given up, too
	began := time.Now()
	due := began
	for n := range form.rounds {
		if due = due.Add(form.every); due.Before(time.Now()) { // a pause takes longer
			due = time.Now().Add(form.every)
		}
		c.round(due)
		if t.Failed() {
			t.Logf("ended in round %d", n)
			break
		}
	}
	took, ends := time.Since(began), len(c.ends)
	c.asking.Wait()
	c.readStore()
	for _, agent := range c.agents {
		c.stop(agent)
	}
	c.checkAll()
	c.report(took, ends)
}

// round lets some people ask, and ends an agent while they are at it.
func (c *crash) round(due time.Time) {
	up := time.Until(due)
	if c.form.every == 0 {
		up = time.Duration(c.random.Int64N(int64(crashAgentUp)))
	}
	for range c.form.askers {
		c.ask(c.plan(max(up, c.form.every, crashAgentUp/2)))
	}
	time.Sleep(up)
	agent := c.agents[c.random.IntN(len(c.agents))]
	if c.form.pauses && c.random.IntN(crashPauses) == 0 {
		c.pause(agent)
		return
	}
	switch way := c.random.IntN(10); {
	case way < 7:
		c.kill(agent, "at work")
	case way < 9:
		agent.terminate(c)
		time.Sleep(time.Duration(c.random.Int64N(int64(crashInDrain))))
		c.kill(agent, "draining")
	default:
		c.stop(agent)
	}
	c.readStore()
	for c.random.IntN(7) == 0 {
		agent.launch(c)
		time.Sleep(time.Duration(c.random.Int64N(int64(crashInStart))))
		c.kill(agent, "starting")
		c.readStore()
	}
	c.start(agent)
}

// start starts an agent and waits until it is ready.
func (c *crash) start(agent *crashAgent) {
	agent.launch(c)
	agent.awake(c)
	c.starts = append(c.starts, time.Since(agent.born))
}

// kill ends an agent in the middle of something, unless it has ended already.
func (c *crash) kill(agent *crashAgent, phase string) {
	killed := agent.kill()
	if !killed {
		phase = "had stopped"
	}
	c.ends = append(c.ends, crashEnd{agent: agent, at: time.Now(), killed: killed, phase: phase})
}

const crashPaused = "paused"

// pause has an agent stand still for so long that the other one takes it for dead and asks for all
// answers that it has left, and then go on as if nothing had been.
func (c *crash) pause(agent *crashAgent) {
	agent.gone()
	_ = agent.cmd.Process.Signal(syscall.SIGSTOP)
	c.ends = append(c.ends, crashEnd{agent: agent, at: time.Now(), killed: true,
		phase: crashPaused})
	c.readStore()
	time.Sleep(crashTakeover + c.form.every)
	_ = agent.cmd.Process.Signal(syscall.SIGCONT)
	agent.awake(c)
}

// stop ends an agent in good order.
func (c *crash) stop(agent *crashAgent) {
	began := time.Now()
	agent.terminate(c)
	if err := agent.ended(crashStopTime + 5*time.Second); err != nil {
		c.faultf("the agent did not stop in good order: %v", err)
	}
	if took := time.Since(began); took > crashStopTime {
		c.faultf("the agent took %v to stop", took)
	}
	c.ends = append(c.ends, crashEnd{agent: agent, at: time.Now(), phase: "stopped"})
}

// report tells what the run was like: the time of its rounds, and the ends in it.
func (c *crash) report(took time.Duration, ends int) {
	count := map[string]int{}
	for _, e := range c.ends[:ends] {
		count[e.phase]++
	}
	slices.Sort(c.starts)
	n := len(c.starts)
	var b strings.Builder
	fmt.Fprintf(&b, "%d rounds in %v, %d questions (%.0f a second), %d tasks\n", c.form.rounds,
		took.Round(time.Second), len(c.askers),
		float64(len(c.askers))/took.Seconds(), len(c.known))
	fmt.Fprintf(&b, "ends of an agent: %v, one in %.1f s\n", count, took.Seconds()/float64(ends))
	fmt.Fprintf(&b, "ready after: p50 %v, max %v\n", c.starts[n/2].Round(time.Millisecond),
		c.starts[n-1].Round(time.Millisecond))
	fmt.Fprintf(&b, "%s", c.figures())
	c.Logf("%s", b.String())
}
