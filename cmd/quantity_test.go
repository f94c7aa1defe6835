package cmd

import (
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	for _, tt := range []struct {
		text string
		want rate
		ok   bool
	}{
		{"600/min", rate{N: 600, Per: time.Minute}, true},
		{"1/s", rate{N: 1, Per: time.Second}, true},
		{"3/h", rate{N: 3, Per: time.Hour}, true},
		{"10/d", rate{N: 10, Per: 24 * time.Hour}, true},
		{"off", rate{Off: true}, true},
		{text: "0/min"}, {text: "-1/min"}, {text: "600"}, {text: "600/"}, {text: "/min"},
		{text: "600/m"},
		{text: "600/ min"}, {text: "6e2/min"}, {text: "600/min/h"}, {text: "99999999999/s"},
		{text: "OFF"}, {text: "none"},
	} {
		var got rate
		if err := got.UnmarshalText([]byte(tt.text)); (err == nil) != tt.ok || got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", tt.text, got, err, tt.want)
		}
	}
	standard := rate{N: 600, Per: time.Minute}
	if got := (rate{}).or(standard); got != standard {
		t.Errorf("unset is the default: got %+v", got)
	}
	if got := (rate{Off: true}).or(standard); !got.Off {
		t.Errorf("off is a choice: got %+v", got)
	}
}

func TestByteSize(t *testing.T) {
	for _, tt := range []struct {
		text string
		want byteSize
		ok   bool
	}{
		{"256MiB", 256 << 20, true}, {"1024KiB", 1 << 20, true}, {"2GiB", 2 << 30, true},
		{"1TiB", 1 << 40, true}, {"off", 0, true},
		{text: "1023KiB"}, {text: "0MiB"}, {text: "-1MiB"}, {text: "256"}, {text: "MiB"},
		{text: "1.5MiB"}, {text: "256MB"},
		{text: "256 MiB"}, {text: "9999999999999TiB"}, {text: ""},
	} {
		var got byteSize
		if err := got.UnmarshalText([]byte(tt.text)); (err == nil) != tt.ok || got != tt.want {
			t.Errorf("%s: %v, %v, want %v", tt.text, got, err, tt.want)
		}
	}
}

func TestWaitingSettings(t *testing.T) {
	s := mustLoad(t, nil, "")
	if s.WaitingState != "working" || s.KeepAlive != 4*time.Second || s.BytesPerAsker != 256<<20 {
		t.Errorf("defaults are %q, %v, %v", s.WaitingState, s.KeepAlive, s.BytesPerAsker)
	}
	if got := s.questionsPerAsker(false); got != (rate{N: 600, Per: time.Minute}) {
		t.Errorf("questions per asker are %+v by default", got)
	}
	if got := s.questionsPerAsker(true); !got.Off {
		t.Errorf("questions per asker are %+v with the development provider", got)
	}
	s = mustLoad(t, []string{"STAFF0_QUESTIONS_PER_ASKER=5/s", "STAFF0_BYTES_PER_ASKER=off"}, "")
	if got := s.questionsPerAsker(true); got != (rate{N: 5, Per: time.Second}) ||
		s.BytesPerAsker != 0 {
		t.Errorf("what is set counts with any provider: got %+v, %v", got, s.BytesPerAsker)
	}
	for _, tt := range []struct {
		setting string
		ok      bool
	}{
		{"STAFF0_WAITING_STATE=auth_required", true}, {"STAFF0_WAITING_STATE=working", true},
		{"STAFF0_WAITING_STATE=waiting", false},
		{"STAFF0_KEEPALIVE=100ms", true}, {"STAFF0_KEEPALIVE=1m", true},
		{"STAFF0_KEEPALIVE=99ms", false},
		{"STAFF0_KEEPALIVE=61s", false}, {"STAFF0_KEEPALIVE=0s", false},
		{"STAFF0_DISCLOSURE=neutral", false},
	} {
		if err := mustLoad(t, []string{tt.setting}, "").check(forAgent); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.setting, err)
		}
	}
}
