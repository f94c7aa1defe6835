package jwks

import (
	"strconv"
	"testing"
)

// TestNames: a name that has been there is known again, whether there are few names or many.
func TestNames(t *testing.T) {
	var s names
	for i := range 100 {
		if !s.add(strconv.Itoa(i)) {
			t.Fatalf("name %d is new and was called known", i)
		}
		for j := range i + 1 {
			if s.add(strconv.Itoa(j)) {
				t.Fatalf("name %d was forgotten after %d", j, i)
			}
		}
	}
}
