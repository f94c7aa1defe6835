package cmd

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// rate is a number of events in a span of time, such as 600/min. The zero value is unset; see
// rate.or.
type rate struct {
	N   int           // events allowed within Per; 0 if the rate is off
	Per time.Duration // one second, minute, hour or day
	Off bool          // no limit
}

var rateUnits = map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour}

// UnmarshalText reads N/s, N/min, N/h, N/d or off.
func (r *rate) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*r = rate{Off: true}
		return nil
	}
	count, unit, _ := strings.Cut(string(text), "/")
	n, err := strconv.Atoi(count)
	per, ok := rateUnits[unit]
	if err != nil || n < 1 || n > math.MaxInt32 || !ok {
		return errors.New(
			"it must be a number from 1 on and a unit, as in 600/min (s, min, h or d), or off")
	}
	*r = rate{N: n, Per: per}
	return nil
}

// or returns r, or standard if r is unset.
func (r rate) or(standard rate) rate {
	if r == (rate{}) {
		return standard
	}
	return r
}

// byteSize is a number of bytes, such as 256MiB. 0 is no limit.
type byteSize int64

// minByteSize keeps room for the largest message that the agent admits.
const minByteSize = 1 << 20

var byteUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}}

// UnmarshalText reads a number and KiB, MiB, GiB or TiB, of at least 1MiB, or off.
func (b *byteSize) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*b = 0
		return nil
	}
	for _, unit := range byteUnits {
		count, ok := strings.CutSuffix(string(text), unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || n < 1 || n > math.MaxInt64/unit.bytes || n*unit.bytes < minByteSize {
			break
		}
		*b = byteSize(n * unit.bytes)
		return nil
	}
	return errors.New("it must be 1MiB or more, as in 256MiB (KiB, MiB, GiB or TiB), or off")
}
