package cmd

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// progress tells on stderr how a task goes: whole lines for what stays true, and on a terminal one
// line more that moves, with the time that has passed and the time that is left. A pipe gets the
// lines alone.
type progress struct {
	w     io.Writer
	tty   bool
	color bool
	quiet bool

	mu       sync.Mutex
	began    time.Time
	text     string // of the moving line
	deadline time.Time
	frame    int
	shown    bool // the moving line is on the screen
	stop     chan struct{}
	stopped  sync.WaitGroup
	held     []string // lines that are said soon
	holding  *time.Timer
}

// soonAfter is how long lines are held that an end may overtake: what ended at once was nothing to
// wait for.
const soonAfter = 300 * time.Millisecond

const spinnerPace = 120 * time.Millisecond

var spinnerFrames = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// newProgress makes one for w. Nothing moves before the first wait.
func (p *program) newProgress(quiet bool) *progress {
	tty := isTerminal(p.err) && !p.has("TERM", "dumb")
	return &progress{w: p.err, tty: tty, color: tty && !p.set("NO_COLOR"), quiet: quiet,
		began: time.Now()}
}

// set reports whether a name has a value in the environment.
func (p *program) set(name string) bool {
	for _, entry := range p.environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok && value != "" {
			return true
		}
	}
	return false
}

func (p *program) has(name, value string) bool {
	for _, entry := range p.environ {
		if entry == name+"="+value {
			return true
		}
	}
	return false
}

// say prints a line that stays. Text of others has been escaped.
func (p *progress) say(format string, args ...any) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.release()
	fmt.Fprintf(p.w, format+"\n", args...)
	p.draw()
}

// soon says lines in a moment, before anything else is said, unless done comes first.
func (p *progress) soon(lines ...string) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(p.held, lines...)
	if p.holding == nil {
		p.holding = time.AfterFunc(soonAfter, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.clear()
			p.release()
			p.draw()
		})
	}
}

// release says what is held. The lock is held.
func (p *progress) release() {
	for _, line := range p.held {
		fmt.Fprintln(p.w, line)
	}
	p.drop()
}

// drop forgets what is held. The lock is held.
func (p *progress) drop() {
	if p.holding != nil {
		p.holding.Stop()
	}
	p.held, p.holding = nil, nil
}

// wait shows that something is waited for, until the next call or done. Without a terminal it says
// nothing.
func (p *progress) wait(text string, deadline time.Time) {
	if p.quiet || !p.tty {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text, p.deadline = text, deadline
	if p.stop == nil {
		stop := make(chan struct{})
		p.stop = stop
		p.stopped.Go(func() { p.spin(stop) })
	}
	p.clear()
	p.draw()
}

func (p *progress) spin(stop <-chan struct{}) {
	ticker := time.NewTicker(spinnerPace)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.frame++
			p.clear()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// done ends the moving line.
func (p *progress) done() {
	p.mu.Lock()
	stop := p.stop
	p.stop, p.text = nil, ""
	p.drop()
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		p.stopped.Wait()
	}
	p.mu.Lock()
	p.clear()
	p.mu.Unlock()
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

func (p *progress) draw() {
	if p.text == "" {
		return
	}
	line := fmt.Sprintf("%s %s %s", spinnerFrames[p.frame%len(spinnerFrames)], p.text,
		round(time.Since(p.began)))
	if left := time.Until(p.deadline); !p.deadline.IsZero() && left > 0 {
		line += fmt.Sprintf(" (%s left)", round(left))
	}
	fmt.Fprint(p.w, line)
	p.shown = true
}

// bold marks what has to be found at a glance.
func (p *progress) bold(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

func round(d time.Duration) time.Duration { return d.Round(time.Second) }
