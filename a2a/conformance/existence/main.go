package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	shortPairs = 30
	shortEvery = 7                     // cells, one of which the short form takes
	rate       = 8 * time.Millisecond  // between two questions of a cell
	tokenLife  = time.Hour             // of the asker's token
	batch      = 10                    // pairs that one agent gets of a cell with agents of its own
	abreast    = 5                     // such agents at a time
	startGap   = 20 * time.Millisecond // in which such an agent is asked all its questions
)

// run is one run of the program.
type run struct {
	dir      string
	program  string
	provider *provider
	hooks    *hooks
	client   *http.Client
	token    string
	people   atomic.Int64
}

// result is what came of a cell.
type result struct {
	cell   *cell
	pairs  int
	tests  []test
	forms  string // in what the bytes differ, "" if they do not
	faults []string
}

type test struct {
	name string
	p    float64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := realMain(ctx, os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "existence:", err)
		os.Exit(1)
	}
}

func realMain(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("existence", flag.ContinueOnError)
	program := flags.String("program", "./staff0", "`path` of the program under test")
	pairs := flags.Int("pairs", 200, "pairs of people in each cell")
	short := flags.Bool("short", false, "a few cells with few pairs")
	only := flags.String("cells", "", "numbers of cells, by commas")
	find := flags.Bool("find", false,
		"the program under test gives existence away: it is an error to find nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	path, err := filepath.Abs(*program) // agents run elsewhere
	if err != nil {
		return err
	}
	r := &run{program: path}
	if r.dir, err = os.MkdirTemp("", "existence"); err != nil {
		return err
	}
	defer os.RemoveAll(r.dir)
	if r.provider, err = startProvider(); err != nil {
		return err
	}
	if r.hooks, err = startHooks(); err != nil {
		return err
	}
	r.client = &http.Client{Transport: &http.Transport{MaxIdleConns: 4096,
		MaxIdleConnsPerHost: 4096, IdleConnTimeout: tokenLife}}
	r.token = r.provider.accessToken("bank", askAudience, askScope)

	chosen := cells()
	switch {
	case *only != "":
		chosen = slices.DeleteFunc(chosen, func(c *cell) bool {
			return !slices.Contains(strings.Split(*only, ","), strconv.Itoa(c.n))
		})
	case *short:
		*pairs = shortPairs
		chosen = slices.DeleteFunc(chosen, func(c *cell) bool { return c.n%shortEvery != 1 })
	}
	results := make([]*result, len(chosen))
	for i, c := range chosen {
		if results[i], err = r.try(ctx, c, *pairs); err != nil {
			return fmt.Errorf("cell %v: %w", c, err)
		}
		fmt.Println(results[i])
	}
	told := toldApart(results)
	for _, i := range told {
		fmt.Printf("\nonce more, %d pairs: %v\n", 2**pairs, chosen[i])
		if results[i], err = r.try(ctx, chosen[i], 2**pairs); err != nil {
			return err
		}
		fmt.Println(results[i])
	}
	still := 0
	for _, i := range told {
		if len(toldApart(results[i:i+1])) > 0 {
			still++
		}
	}
	tests, faults := 0, 0
	for _, res := range results {
		tests += len(res.tests)
		faults += len(res.faults)
	}
	fmt.Printf("\n%d cells, %d tests; told apart at first: %d, once more: %d; most prompts of "+
		"one person: %d\n",
		len(results), tests, len(told), still, r.provider.mostPrompts())
	switch {
	case *find && still == 0:
		return errors.New(
			"nothing was told apart, although the program under test gives existence away")
	case !*find && still > 0:
		return fmt.Errorf("%d cells tell people who exist from people who do not", still)
	case !*find && faults > 0:
		return fmt.Errorf("%d questions did not come to their end", faults)
	}
	return nil
}

// toldApart returns the places of the results in which the two kinds of people differ. All tests
// are corrected together.
func toldApart(results []*result) (told []int) {
	var p []float64
	for _, res := range results {
		for _, t := range res.tests {
			p = append(p, t.p)
		}
	}
	rejected := holm(p)
	for i, res := range results {
		differs := res.forms != "" || slices.Contains(rejected[:len(res.tests)], true)
		rejected = rejected[len(res.tests):]
		if differs {
			told = append(told, i)
		}
	}
	return told
}

func (r *result) String() string {
	s := fmt.Sprintf("%v %4d pairs", r.cell, r.pairs)
	for _, t := range r.tests {
		s += fmt.Sprintf("; %s p=%.2g", t.name, t.p)
	}
	if len(r.faults) > 0 {
		s += fmt.Sprintf("; %d faults, such as %s", len(r.faults), r.faults[0])
	}
	if r.forms != "" {
		s += "; THE BYTES DIFFER\n" + r.forms
	}
	return s
}

// try plays a cell with so many pairs.
func (r *run) try(ctx context.Context, c *cell, pairs int) (*result, error) {
	r.provider.acknow.Store(c.delay)
	r.provider.poll.Store(0)
	if c.situation == polling {
		r.provider.poll.Store(int64(3 * time.Second))
	}
	var all []*question
	for i := range 2 * pairs {
		q := &question{run: r, cell: c, known: i%2 == 0, times: map[string]float64{}}
		kind := "u"
		if q.known {
			kind = "k"
		}
		q.person = fmt.Sprintf("%s%06d", kind, r.people.Add(1))
		all = append(all, q)
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var err error
	if c.situation == started || c.situation == restarted {
		err = r.playAtStarts(ctx, c, all)
	} else {
		err = r.playAll(ctx, c, all)
	}
	if err != nil {
		return nil, err
	}
	return judge(c, pairs, all), ctx.Err()
}

// caller is the asker of a question. Lists are read by a client for each question: an agent answers
// few of one client's at a time, and how long the others wait would drown what is measured.
func (r *run) caller(a *agent, q *question) caller {
	token := r.token
	if q.cell.way == list {
		token = r.provider.accessToken("bank-"+q.person, askAudience, askScope)
	}
	return caller{base: a.base, token: token, version: q.cell.version, activate: q.cell.activate}
}

// What an asker's token is for.
const (
	askAudience = "https://staff0/agent"
	askScope    = "read:employee_status"
)

// playAll asks one agent all questions, one shortly after the other.
func (r *run) playAll(ctx context.Context, c *cell, all []*question) error {
	a, err := r.newAgent(false)
	if err != nil {
		return err
	}
	defer a.kill()
	if err := a.start(ctx, r.program); err != nil {
		return err
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	gap := rate
	if c.situation == fiftyFirst {
		gap *= 6
	}
	for _, q := range all {
		q.agent, q.caller = a, r.caller(a, q)
		asking.Go(func() { q.play(ctx) })
		if err := sleep(ctx, gap/2+rand.N(gap)); err != nil {
			return err
		}
	}
	return nil
}

// playAtStarts asks many agents some questions each when they have just been started.
func (r *run) playAtStarts(ctx context.Context, c *cell, all []*question) error {
	room := make(chan struct{}, abreast)
	errs := make(chan error, len(all))
	var playing sync.WaitGroup
	for some := range slices.Chunk(all, 2*batch) {
		room <- struct{}{}
		playing.Go(func() {
			defer func() { <-room }()
			errs <- r.playAtStart(ctx, c, some)
		})
	}
	playing.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) playAtStart(ctx context.Context, c *cell, some []*question) error {
	a, err := r.newAgent(c.situation == restarted)
	if err != nil {
		return err
	}
	defer a.kill()
	if err := a.start(ctx, r.program); err != nil {
		return err
	}
	for _, q := range some {
		q.agent, q.caller = a, r.caller(a, q)
	}
	if c.situation == restarted {
		return r.playRestart(ctx, a, some)
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	for _, q := range some {
		asking.Go(func() { q.play(ctx) })
		if err := sleep(ctx, rand.N(2*startGap/time.Duration(len(some)))); err != nil {
			return err
		}
	}
	return nil
}

// playRestart kills the agent when all questions have been announced, and sees what comes of them
// after its restart.
func (r *run) playRestart(ctx context.Context, a *agent, some []*question) error {
	ctx, cancel := context.WithTimeout(ctx, patience+startTimeout)
	defer cancel()
	var asking sync.WaitGroup
	announced := make([]seen, len(some))
	for i, q := range some {
		asking.Go(func() {
			req, err := q.caller.send(ctx, q.message(false), true)
			sent := time.Now()
			err = q.events(req, err, func(s seen) bool {
				announced[i] = s
				return !s.announced() && !s.over()
			})
			if err != nil {
				q.fail(err)
				return
			}
			q.note("announced", announced[i].at.Sub(sent))
		})
	}
	asking.Wait()
	a.kill()
	if err := a.start(ctx, r.program); err != nil {
		return err
	}
	for i, q := range some {
		asking.Go(func() {
			var all []seen
			req, err := q.caller.call(ctx, "SubscribeToTask",
				map[string]any{"id": announced[i].task})
			began := time.Now()
			if err = q.events(req, err, func(s seen) bool {
				all = append(all, s)
				return !s.over()
			}); err != nil {
				q.fail(err)
			}
			q.keep("after the restart", began, all)
		})
	}
	asking.Wait()
	return nil
}

// judge compares the two kinds.
func judge(c *cell, pairs int, all []*question) *result {
	res := &result{cell: c, pairs: pairs}
	forms := map[bool]map[string]int{true: {}, false: {}}
	times := map[string]map[bool][]float64{}
	for _, q := range all {
		forms[q.known][q.form()]++
		for name, t := range q.times {
			if times[name] == nil {
				times[name] = map[bool][]float64{}
			}
			times[name][q.known] = append(times[name][q.known], t)
		}
		if q.err != nil {
			res.faults = append(res.faults, q.err.Error())
		}
	}
	res.forms = difference(forms[true], forms[false])
	random := rand.New(rand.NewPCG(uint64(c.n), uint64(pairs)))
	for _, name := range slices.Sorted(maps.Keys(times)) {
		known, unknown := times[name][true], times[name][false]
		res.tests = append(res.tests, test{name + ", KS", kolmogorov(known, unknown)})
		res.tests = append(res.tests, test{name + ", split", split(known, unknown, random)})
	}
	return res
}

// difference tells in which forms two kinds differ: one that the other kind never has, more often
// than chance explains. What both have at times, because it depends on what happened to come first,
// may differ in number.
func difference(known, unknown map[string]int) string {
	const rare = 3
	said := ""
	for _, side := range []struct {
		name       string
		have, miss map[string]int
	}{{"people who exist", known, unknown}, {"people who do not", unknown, known}} {
		for form, n := range side.have {
			if side.miss[form] == 0 && n >= rare {
				said += fmt.Sprintf("only %s, %d times:\n%s\n", side.name, n, form)
			}
		}
	}
	return said
}
