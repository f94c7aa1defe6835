package main

import "testing"

// The list has each pair of delay and situation, and each value of every dimension.
func TestTheCellsCoverEveryDimension(t *testing.T) {
	all := cells()
	have := map[string]int{}
	for _, c := range all {
		have[c.delay.name+" × "+string(c.situation)]++
		have[string(c.way)]++
		have[string(c.version)]++
		have[c.after.String()]++
	}
	if len(all) < 60 {
		t.Errorf("%d cells", len(all))
	}
	var want []string
	for _, s := range situations {
		for _, d := range delays {
			want = append(want, d.name+" × "+string(s))
		}
	}
	for _, w := range append(want, string(stream), string(blocking), string(get), string(list),
		string(hook),
		string(v10), string(v03), string(rest), "100ms", "500ms", "1s") {
		if have[w] == 0 {
			t.Errorf("no cell has %s", w)
		}
	}
}
