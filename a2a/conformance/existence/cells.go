package main

import (
	"fmt"
	"time"
)

// situation is what an asker does.
type situation string

const (
	single     situation = "a single question"
	pair       situation = "a pair 15 ms apart"
	twoIDs     situation = "two identifiers"
	fiftyFirst situation = "the 51st joiner"
	started    situation = "just after a start"
	restarted  situation = "a restart between announcement and prompt"
	canceled   situation = "a cancellation"
	remarked   situation = "a remark"
	subscribed situation = "a subscription"
	repeated   situation = "a repetition"
	afterEnd   situation = "a repetition after the end"
	polling    situation = "a poll in flight at the deadline"
)

var situations = []situation{
	single, pair, twoIDs, fiftyFirst, started, restarted, canceled, remarked, subscribed, repeated,
	afterEnd, polling,
}

// way is how an asker watches its question.
type way string

const (
	stream   way = "stream"
	blocking way = "blocking call"
	get      way = "GetTask"
	list     way = "ListTasks"
	hook     way = "webhook"
)

// cell is one experiment.
type cell struct {
	n         int
	delay     *delay
	situation situation
	way       way
	version   version
	after     time.Duration // of what follows the announcement
	activate  bool
}

func (c *cell) String() string {
	s := fmt.Sprintf("%2d %-8s %-41s %-13s %-9s", c.n, c.delay.name, c.situation, c.way, c.version)
	if c.after > 0 {
		s += fmt.Sprintf(" at %.1f s", c.after.Seconds())
	}
	if c.activate {
		s += " AUTH_REQUIRED"
	}
	return s
}

// cells is the list: each delay with each situation, while the ways, the versions and the times
// take turns, so that each of them meets each situation.
func cells() (all []*cell) {
	ways := []way{stream, blocking, get, list, hook}
	versions := []version{v10, v03, rest}
	times := []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, time.Second}
	for i, s := range situations {
		for j := range delays {
			c := &cell{
				n: len(all) + 1, delay: &delays[j], situation: s, way: ways[(i+j)%len(ways)],
				version:  versions[(i+j/2)%len(versions)],
				activate: (i+j)%3 == 0,
			}
			switch s {
			case canceled, remarked, subscribed, repeated:
				c.after = times[(i+j)%len(times)]
				c.way = stream // shows when what follows the announcement is to be done
			case restarted:
				c.way = stream // it breaks, and a subscription goes on
			}
			if c.way == list && c.version == v03 {
				c.version = v10 // 0.3 has no list
			}
			if c.way == blocking {
				c.activate = false // the call would return with the announcement
			}
			all = append(all, c)
		}
	}
	return all
}
