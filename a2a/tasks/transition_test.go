package tasks

import (
	"testing"

	"staff0/a2a"
)

// Every pair of states, so that a row that is added or lost is seen.
func TestWhichStateMayFollowWhich(t *testing.T) {
	// unspecified, submitted, working, completed, failed, canceled, input required, rejected, auth
	// required
	const letters = "-SWCFXIRA"
	for from, may := range []string{
		a2a.TaskStateUnspecified:   "",
		a2a.TaskStateSubmitted:     "WCFXIRA",
		a2a.TaskStateWorking:       "WCFXIRA",
		a2a.TaskStateCompleted:     "",
		a2a.TaskStateFailed:        "",
		a2a.TaskStateCanceled:      "",
		a2a.TaskStateInputRequired: "WCFXIR",
		a2a.TaskStateRejected:      "",
		a2a.TaskStateAuthRequired:  "WCFXIRA",
	} {
		got := ""
		for to := range letters {
			if mayFollow(a2a.TaskState(from), a2a.TaskState(to)) {
				got += letters[to : to+1]
			}
		}
		if got != may {
			t.Errorf("after %c may come %q, want %q", letters[from], got, may)
		}
	}
}

// What is stored first may be published last. No reader may be left waiting for what is in the
// store already.
func TestFeedsAreReadRightInWhateverOrderTheyAreFilled(t *testing.T) {
	event := func() []a2a.Event { return []a2a.Event{&a2a.TaskStatusUpdateEvent{}} }
	for _, row := range []struct {
		name    string
		after   Seq
		publish []Seq // bases of one event each
		want    int   // entries at hand
		ok      bool
	}{
		{"nothing was published", 2, nil, 0, true},
		{"the next one is at hand", 2, []Seq{2}, 1, true},
		{"so are the next three", 2, []Seq{2, 3, 4}, 3, true},
		{"what was seen is not given again", 3, []Seq{2, 3}, 1, true},
		{"what comes too early leaves a gap: read the store", 2, []Seq{3}, 0, false},
		{"the gap stays although the late one comes", 2, []Seq{3, 2}, 0, false},
		{"the late one does not hide the later one", 3, []Seq{3, 2}, 1, true},
		{"old news wake nobody", 4, []Seq{3, 2}, 0, true},
	} {
		var f feeds
		c := f.open("t")
		c.after = row.after
		for _, base := range row.publish {
			f.publish("t", base, event())
		}
		entries, _, ok := f.since(c)
		if len(entries) != row.want || ok != row.ok {
			t.Errorf("%s: %d entries, %v", row.name, len(entries), ok)
		}
		if len(entries) > 0 && entries[0].Seq != row.after+1 {
			t.Errorf("%s: begins with %d", row.name, entries[0].Seq)
		}
	}
}

func TestAFeedInDoubtSendsItsReadersToTheStoreOnce(t *testing.T) {
	var f feeds
	c := f.open("t")
	_, changed, _ := f.since(c)
	f.doubt("t")
	select {
	case <-changed:
	default:
		t.Error("the reader was not woken")
	}
	if _, _, ok := f.since(c); ok {
		t.Error("the reader was not sent to the store")
	}
	if _, _, ok := f.since(c); !ok {
		t.Error("the reader was sent to the store twice")
	}
}

func TestAFeedKeepsNoMoreThanATail(t *testing.T) {
	var f feeds
	c := f.open("t")
	for base := range Seq(10 * maxTail) {
		f.publish("t", base, []a2a.Event{&a2a.TaskStatusUpdateEvent{}})
	}
	if n := len(c.fd.tail); n > maxTail {
		t.Errorf("%d entries", n)
	}
	if _, _, ok := f.since(c); ok {
		t.Error("a reader that is far behind must read the store")
	}
	f.close(c)
	if len(f.m) != 0 {
		t.Error("a feed without readers is kept")
	}
}
