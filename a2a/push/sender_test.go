package push

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"staff0/a2a"
	"staff0/a2a/tasks"
	"staff0/a2a/wire"
)

func TestWhatHappensIsSentInOrder(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		c := config("t", "a", hookURL)
		c.Token, c.Authentication = "t0ken",
			&a2a.AuthenticationInfo{Scheme: "bearer", Credentials: "s3cret"}
		w.create("t", c)
		w.state("t", a2a.TaskStateWorking)
		w.add("t", &a2a.Message{MessageID: "m2", Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("Please hurry.")}})
		w.add("t", &a2a.TaskArtifactUpdateEvent{Artifact: &a2a.Artifact{ArtifactID: "x",
			Parts: []a2a.Part{a2a.TextPart("yes")}}})
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(time.Second, hookURL, 1, 2, 4, 5)

		entries, _ := w.memory.Events(t.Context(), "t", 0)
		ids := map[string]bool{}
		for _, d := range w.net.all() {
			if want := string(a2a.AppendEvent(nil, entries[d.seq()-1].Event)); d.body != want {
				t.Errorf("the body is %s\nwant %s", d.body, want)
			}
			ids[d.header.Get(wire.DeliveryHeader)] = true
			d.header.Del(wire.DeliveryHeader)
			d.header.Del(SequenceHeader)
			want := http.Header{
				"Content-Type": {"application/a2a+json"}, "User-Agent": {"staff0"},
				"A2a-Version": {wire.Version10}, "Authorization": {"Bearer s3cret"},
				"A2a-Notification-Token": {"t0ken"}, "X-A2a-Notification-Token": {"t0ken"},
			}
			if fmt.Sprint(d.header) != fmt.Sprint(want) {
				t.Errorf("the header is %v\nwant %v", d.header, want)
			}
		}
		if len(ids) != 4 {
			t.Errorf("the ids of the deliveries are %v", ids)
		}
		if hook := w.hook("t", "a"); !hook.Over || hook.GivenUp() || hook.Sent != 5 {
			t.Errorf("afterwards the webhook is %+v", hook)
		}
		if strings.Contains(w.log.String(), "s3cret") || strings.Contains(w.log.String(), "t0ken") {
			t.Errorf("the log is %s", w.log)
		}
		w.sender.mu.Lock()
		defer w.sender.mu.Unlock()
		if len(w.sender.watched) != 0 {
			t.Error("a task that is over is still watched")
		}
	})
}

func TestAReceiverOf03GetsTheTaskAfterEachEntry(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		c := config("t", "a", hookURL)
		c.Version = wire.Version03
		w.create("t", c)
		w.state("t", a2a.TaskStateWorking)
		w.add("t", &a2a.Message{MessageID: "m2", Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("Please hurry.")}})
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(time.Second, hookURL, 1, 2, 4)
		for i, d := range w.net.all() {
			state := []string{"submitted", "working", "completed"}[i]
			if !strings.Contains(d.body, `"kind":"task"`) ||
				!strings.Contains(d.body, `"state":"`+state+`"`) ||
				!strings.Contains(d.body, `"id":"t"`) {
				t.Errorf("the body is %s", d.body)
			}
			if hurry := strings.Contains(d.body, "hurry"); hurry != (i == 2) {
				t.Errorf("the history of the task at %s: %s", state, d.body)
			}
			if d.header.Get("Content-Type") != "application/json" ||
				d.header.Get("A2A-Version") != wire.Version03 ||
				d.header.Get("Authorization") != "" {
				t.Errorf("the header is %v", d.header)
			}
		}
	})
}

func TestAWebhookThatWasSetLaterGetsWhatFollows(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.create("t", nil)
		w.state("t", a2a.TaskStateWorking)
		w.set(config("t", "a", hookURL), 2)
		w.wantTaken(time.Second, hookURL)
		w.state("t", a2a.TaskStateAuthRequired)
		w.wantTaken(time.Second, hookURL, 3)
		w.set(config("t", "b", hookURL+"2"), 3)
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(time.Second, hookURL, 3, 4)
		w.wantTaken(0, hookURL+"2", 4)
	})
}

func TestWhatACallerAddsIsPassedOver(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.create("t", config("t", "a", hookURL))
		time.Sleep(time.Second)
		w.add("t", &a2a.Message{MessageID: "m2", Role: a2a.RoleUser,
			Parts: []a2a.Part{a2a.TextPart("Please hurry.")}})
		w.wantTaken(time.Second, hookURL, 1)
		if hook := w.hook("t", "a"); hook.Sent != 2 || hook.Behind {
			t.Errorf("the webhook is %+v", hook)
		}
	})
}

func TestWhatIsNotTakenIsSentAgainBeforeAnythingElse(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.answers(500, 503, 302, 404, 429)
		w.create("t", config("t", "a", hookURL))
		w.state("t", a2a.TaskStateWorking)
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(2*time.Minute, hookURL, 1, 2, 3)
		got := w.net.all()
		if len(got) != 8 {
			t.Fatalf("%d attempts", len(got))
		}
		for i, d := range got[:6] {
			if d.seq() != 1 ||
				d.header.Get(wire.DeliveryHeader) != got[0].header.Get(wire.DeliveryHeader) ||
				d.body != got[0].body {
				t.Errorf("attempt %d was another one", i)
			}
			if i == 0 {
				continue
			}
			if wait := d.at.Sub(got[i-1].at); wait <= 0 || wait > firstRetry<<(i-1) {
				t.Errorf("attempt %d came %v after the one before", i, wait)
			}
		}
	})
}

func TestWaitsAreDrawnBelowABoundThatDoubles(t *testing.T) {
	for tries := 1; tries < 80; tries++ {
		bound := time.Minute
		if tries < 7 {
			bound = min(bound, time.Second<<(tries-1))
		}
		var low, high bool
		for range 500 {
			wait := backoff(tries)
			if wait <= 0 || wait > bound {
				t.Fatalf("after %d tries: %v", tries, wait)
			}
			low, high = low || wait < bound/4, high || wait > bound*3/4
		}
		if !low || !high {
			t.Errorf("after %d tries the waits are not all over the place", tries)
		}
	}
}

func TestWhatIsGivenUpAndWhen(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for _, row := range []struct {
		name     string
		code     int
		err      error
		patience time.Duration
		failure  string
	}{
		{"gone", 410, nil, 0, "the receiver answered with status 410"},
		{"not found", 404, nil, RefusedPatience, "the receiver answered with status 404"},
		{"unauthorized", 401, nil, RefusedPatience, "the receiver answered with status 401"},
		{"a redirect", 307, nil, RefusedPatience, "the receiver answered with status 307"},
		{"inside", 0, &net.OpError{Op: "dial", Err: errInner}, RefusedPatience,
			"its host is not on the public internet"},
		{"out of order", 500, nil, Patience, "the receiver answered with status 500"},
		{"overloaded", 429, nil, Patience, "the receiver answered with status 429"},
		{"refused", 0, refused, Patience, "the connection was refused"},
		{"no such name", 0, &net.DNSError{Err: "no such host", Name: "bank.example"}, Patience,
			"the name of its host could not be resolved"},
		{"cut", 0, errors.New("EOF"), Patience, "the connection failed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.net.does(func(*delivery, context.Context) (*http.Response, error) {
					return status(row.code), row.err
				})
				w.create("t", config("t", "a", hookURL))
				start := time.Now()
				w.state("t", a2a.TaskStateWorking)
				synctest.Wait()
				for !w.hook("t", "a").Over && time.Since(start) < 2*Patience {
					time.Sleep(time.Second)
				}
				hook, took := w.hook("t", "a"), time.Since(start)
				if !hook.GivenUp() || hook.Failure != row.failure || hook.Sent != 0 {
					t.Fatalf("the webhook is %+v", hook)
				}
				if took < row.patience || took > row.patience+2*lastRetry {
					t.Errorf("it was given up after %v", took)
				}
				if log := w.log.String(); !strings.Contains(log, "level=WARN") ||
					!strings.Contains(log, "task=t") || !strings.Contains(log, row.failure) {
					t.Errorf("the log is %s", log)
				}
				// Then there is quiet, until the configuration is set again.
				before := len(w.net.all())
				w.state("t", a2a.TaskStateCompleted)
				w.wantTaken(time.Hour, hookURL)
				if n := len(w.net.all()); n != before {
					t.Errorf("%d attempts after it was given up", n-before)
				}
				w.net.answers()
				w.set(config("t", "a", hookURL), 0)
				w.wantTaken(time.Second, hookURL, 1, 2, 3)
			})
		})
	}
}

func TestAPatienceThatHasPassedWhileNoAgentRanIsNotTheReceiversFault(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.answers(slices.Repeat([]int{404}, 5)...)
		w.create("t", config("t", "a", hookURL))
		time.Sleep(time.Millisecond)
		w.stop()
		time.Sleep(2 * Patience)
		w.start()
		w.wantTaken(5*time.Minute, hookURL, 1)
	})
}

func TestAReceiverMayAskToBeSpared(t *testing.T) {
	for _, row := range []struct {
		code     int
		header   func() string
		min, max time.Duration
	}{
		{429, func() string { return "90" }, 90 * time.Second, 92 * time.Second},
		{503, func() string {
			return time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat)
		}, 119 * time.Second, 122 * time.Second},
		{503, func() string { return "999999" }, maxRetryAfter, maxRetryAfter + 2*time.Second},
		{503, func() string { return "-5" }, 0, 2 * time.Second},
		{503, func() string { return "soon" }, 0, 2 * time.Second},
		{400, func() string { return "90" }, 0, 2 * time.Second},
	} {
		bubble(t, func(t *testing.T, w *world) {
			first := true
			w.net.does(func(*delivery, context.Context) (*http.Response, error) {
				res := status(200)
				if first {
					res = status(row.code)
					res.Header.Set("Retry-After", row.header())
				}
				first = false
				return res, nil
			})
			header := row.header()
			w.create("t", config("t", "a", hookURL))
			w.wantTaken(time.Hour, hookURL, 1)
			if got := w.net.all(); got[1].at.Sub(got[0].at) < row.min ||
				got[1].at.Sub(got[0].at) > row.max {
				t.Errorf("%d, Retry-After: %s: came back after %v", row.code, header,
					got[1].at.Sub(got[0].at))
			}
		})
	}
}

func silent(_ *delivery, ctx context.Context) (*http.Response, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestASlowReceiverDelaysNobodyElse(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.does(func(d *delivery, ctx context.Context) (*http.Response, error) {
			if strings.Contains(d.url, "slow") {
				return silent(d, ctx)
			}
			return status(200), nil
		})
		for i := range 1000 {
			w.create(fmt.Sprint("slow", i),
				config(fmt.Sprint("slow", i), "a", "https://slow.example/hook"))
		}
		w.create("t", config("t", "a", hookURL))
		start := time.Now()
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(0, hookURL, 1, 2)
		if time.Since(start) > 0 {
			t.Errorf("the other receiver waited %v", time.Since(start))
		}
		if n := w.net.most["slow.example"]; n != maxPerHost {
			t.Errorf("%d attempts at a time at the slow one", n)
		}
		time.Sleep(Timeout - time.Millisecond)
		if n := len(w.net.all()); n != maxPerHost+2 {
			t.Errorf("%d attempts before the first was cut off", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		w.net.mu.Lock()
		if n := w.net.busy["slow.example"]; n != 1 {
			t.Errorf("%d attempts at a time at a receiver that does not answer", n)
		}
		w.net.mu.Unlock()
		failed := 0
		for i := range 1000 {
			if hook := w.hook(fmt.Sprint("slow", i),
				"a"); hook.Failure == "the receiver did not answer in time" {
				failed++
			}
		}
		if failed < maxPerHost {
			t.Errorf("%d webhooks of the slow one have failed", failed)
		}
		w.net.answers()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := len(w.net.taken("https://slow.example/hook")); n != 1000 {
			t.Errorf("after it has woken up the slow one has taken %d", n)
		}
	})
}

func TestManyReceiversAreSentToAtATimeAndNotAll(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.does(silent)
		for i := range maxSending + 100 {
			id := fmt.Sprint("t", i)
			w.create(id, config(id, "a", fmt.Sprintf("https://h%d.example/", i)))
		}
		synctest.Wait()
		if n := len(w.net.all()); n != maxSending {
			t.Errorf("%d attempts at a time", n)
		}
		time.Sleep(Timeout + time.Millisecond)
		if n := len(w.net.all()); n < maxSending+100 {
			t.Errorf("%d attempts after the first were cut off", n)
		}
	})
}

// TestAReceiverThatIsDownHalfOfTheTime: fifty notifications per second for a minute, to a receiver
// that is down every other ten seconds, from an agent that is killed now and then.
func TestAReceiverThatIsDownHalfOfTheTime(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		begin := time.Now()
		w.net.does(func(d *delivery, ctx context.Context) (*http.Response, error) {
			if down := time.Since(begin) / (10 * time.Second); down%2 == 1 && down < 7 {
				return nil, syscall.ECONNREFUSED
			}
			time.Sleep(5 * time.Millisecond)
			return status(200), nil
		})
		const n = 750 // tasks with four entries each
		ids := make([]string, 0, n)
		url := func(id string) string { return hookURL + "/" + id }
		for i := range n {
			id := fmt.Sprint("t", i)
			ids = append(ids, id)
			w.create(id, config(id, "a", url(id)))
			w.state(id, a2a.TaskStateWorking)
			w.state(id, a2a.TaskStateAuthRequired)
			time.Sleep(80 * time.Millisecond)
			if i > 10 {
				w.state(ids[i-10], a2a.TaskStateCompleted)
			}
			if i%200 == 199 {
				w.kill()
			}
		}
		for _, id := range append(ids[n-10:], ids[0]) {
			w.state(id, a2a.TaskStateCompleted)
		}
		// From the 70th second on it is up.
		time.Sleep(70*time.Second - time.Since(begin) + lastRetry + time.Second)
		synctest.Wait()
		late := 0
		for _, id := range ids {
			got := w.net.taken(url(id))
			if again := slices.Compact(slices.Clone(got)); !slices.Equal(again,
				[]tasks.Seq{1, 2, 3, 4}) {
				t.Fatalf("%s has taken %v", id, got)
			}
			late += len(got) - 4
		}
		if late > 3*maxSending {
			t.Errorf("%d notifications came twice", late)
		}
	})
}

func TestARestartGoesOnWhereItEnded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.answers(200, 500)
		w.create("t", config("t", "a", hookURL))
		w.state("t", a2a.TaskStateWorking)
		synctest.Wait()
		due := w.hook("t", "a").Due
		w.stop()
		w.memory.Reopen()
		w.create("u", config("u", "a", hookURL+"2")) // while nothing runs
		w.start()
		synctest.Wait()
		if time.Now().Before(due) && len(w.net.all()) != 3 {
			t.Errorf("%d attempts before the time of the next one", len(w.net.all()))
		}
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(time.Minute, hookURL, 1, 2, 3)
		w.wantTaken(0, hookURL+"2", 1)
	})
}

func TestAnAttemptUnderWayMayEndWhenTheAgentStops(t *testing.T) {
	for _, row := range []struct {
		takes time.Duration
		sent  tasks.Seq
	}{{grace - time.Millisecond, 1}, {grace + time.Second, 0}} {
		bubble(t, func(t *testing.T, w *world) {
			w.net.does(func(d *delivery, ctx context.Context) (*http.Response, error) {
				select {
				case <-time.After(row.takes):
					return status(200), nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
			w.create("t", config("t", "a", hookURL))
			w.state("t", a2a.TaskStateWorking)
			synctest.Wait()
			start := time.Now()
			w.stop()
			if took := time.Since(start); took > grace {
				t.Errorf("the end took %v", took)
			}
			if hook := w.hook("t", "a"); hook.Sent != row.sent || hook.Tries != 0 ||
				hook.Failure != "" {
				t.Errorf("an attempt of %v has left %+v", row.takes, hook)
			}
		})
	}
}

func TestAWebhookThatIsRemovedIsNotSentToAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.answers(500)
		w.create("t", config("t", "a", hookURL))
		synctest.Wait()
		if err := w.memory.RemoveWebhook(t.Context(), "t", "a"); err != nil {
			t.Fatal(err)
		}
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(time.Hour, hookURL)
		if len(w.net.all()) != 1 {
			t.Errorf("%d attempts", len(w.net.all()))
		}
	})
}

func TestAWebhookThatIsSetAnewMeanwhileGoesToTheNewAddress(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.does(func(d *delivery, _ context.Context) (*http.Response, error) {
			time.Sleep(time.Second)
			return status(200), nil
		})
		w.create("t", config("t", "a", hookURL))
		w.state("t", a2a.TaskStateWorking)
		synctest.Wait()
		w.set(config("t", "a", hookURL+"/new"), 0)
		w.wantTaken(time.Minute, hookURL, 1)
		w.wantTaken(0, hookURL+"/new", 1, 2)
	})
}

func TestAWebhookWhoseAddressIsNotAllowedAnyMoreIsNotCalled(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.create("t", config("t", "a", "http://localhost:9000/hook"))
		time.Sleep(time.Second)
		synctest.Wait()
		if hook := w.hook("t", "a"); len(w.net.all()) != 0 ||
			hook.Failure != "its url must begin with https://" {
			t.Errorf("%d attempts, %+v", len(w.net.all()), hook)
		}
	})
}

func TestAStoreThatIsOutOfOrderDelaysAndLosesNothing(t *testing.T) {
	for _, row := range []struct {
		name  string
		fault *faulty
		again int // deliveries that are made again
	}{
		{"while looking for webhooks", &faulty{live: 3}, 0},
		{"while reading those of a task", &faulty{read: 3}, 0},
		{"while taking one", &faulty{take: 3}, 0},
		{"while reading entries", &faulty{events: 3}, 0},
		{"while reporting, for a short time", &faulty{report: 3}, 0},
		{"while reporting, for a long time", &faulty{report: 12}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			fault := row.fault
			bubbleOver(t, func(m *tasks.Memory) tasks.Webhooks {
				fault.Memory = m
				return fault
			}, func(t *testing.T, w *world) {
				w.create("t", config("t", "a", hookURL))
				w.state("t", a2a.TaskStateCompleted)
				time.Sleep(time.Minute)
				synctest.Wait()
				got := w.net.taken(hookURL)
				if !slices.Equal(slices.Compact(slices.Clone(got)), []tasks.Seq{1, 2}) ||
					len(got) != 2+row.again {
					t.Errorf("taken: %v", got)
				}
				if hook := w.hook("t", "a"); !hook.Over || hook.GivenUp() {
					t.Errorf("the webhook is %+v", hook)
				}
			})
		})
	}
}

// elsewhere is a store in which another agent has the webhook at first.
type elsewhere struct {
	*tasks.Memory
	until time.Time
}

func (e *elsewhere) TakeWebhook(
	ctx context.Context, task a2a.TaskID, id string, until time.Time,
) (*tasks.Webhook, error) {
	if time.Now().Before(e.until) {
		return nil, tasks.ErrWebhookTaken
	}
	return e.Memory.TakeWebhook(ctx, task, id, until)
}

func TestAWebhookOfAnotherAgentIsLookedAtLater(t *testing.T) {
	others := func(m *tasks.Memory) tasks.Webhooks {
		return &elsewhere{m, time.Now().Add(lease * 3 / 2)}
	}
	bubbleOver(t, others, func(t *testing.T, w *world) {
		w.create("t", config("t", "a", hookURL))
		w.wantTaken(2*lease-time.Millisecond, hookURL)
		w.wantTaken(2*time.Millisecond, hookURL, 1)
	})
}

func TestWhatWasMissedIsFoundByAndBy(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.create("t", nil)
		if err := w.memory.SetWebhook(t.Context(),
			&tasks.Webhook{Config: config("t", "a", hookURL)}); err != nil {
			t.Fatal(err)
		}
		w.state("t", a2a.TaskStateWorking)
		w.wantTaken(scanEvery-time.Millisecond, hookURL)
		w.wantTaken(2*time.Millisecond, hookURL, 1, 2)
		// From then on the task is watched.
		w.state("t", a2a.TaskStateCompleted)
		w.wantTaken(0, hookURL, 1, 2, 3)
	})
	bubble(t, func(t *testing.T, w *world) {
		w.create("t", nil)
		if err := w.memory.SetWebhook(t.Context(),
			&tasks.Webhook{Config: config("t", "a", hookURL)}); err != nil {
			t.Fatal(err)
		}
		w.sender.Changed("") // any task
		w.wantTaken(0, hookURL, 1)
	})
}

func TestAllOfManyWebhooksAreFound(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.stop()
		for i := range 2*scanPage + 7 {
			id := fmt.Sprint("t", i)
			w.create(id, config(id, "a", hookURL))
		}
		w.start()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(w.net.taken(hookURL)); n != 2*scanPage+7 {
			t.Errorf("%d were sent", n)
		}
	})
}

func TestALongLogGivesWayToOthers(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.net.does(func(*delivery, context.Context) (*http.Response, error) {
			time.Sleep(time.Second)
			return status(200), nil
		})
		for i := range maxPerHost {
			id := fmt.Sprint("long", i)
			w.create(id, nil)
			for range 3 * burst {
				w.state(id, a2a.TaskStateWorking)
			}
			w.set(config(id, "a", hookURL), 0)
		}
		synctest.Wait()
		w.create("t", config("t", "a", hookURL+"/short"))
		w.wantTaken((burst+2)*time.Second, hookURL+"/short", 1)
		time.Sleep(time.Minute)
		if n := len(w.net.taken(hookURL)); n != maxPerHost*(3*burst+1) {
			t.Errorf("%d were sent", n)
		}
	})
}
