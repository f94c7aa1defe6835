package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func normal(r *rand.Rand, n int, mean float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mean + r.NormFloat64()
	}
	return x
}

// Equal samples are told apart as seldom as alpha says, shifted ones nearly always.
func TestSamplesAreToldApartIfTheyDiffer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, row := range []struct {
		name   string
		shift  float64
		atMost float64 // share of trials with p below 0.05
		least  float64
	}{
		{"equal", 0, 0.09, 0},
		{"shifted by a standard deviation", 1, 1, 0.99},
	} {
		for name, test := range map[string]func(a, b []float64) float64{
			"Kolmogorov-Smirnov": kolmogorov,
			"split":              func(a, b []float64) float64 { return split(a, b, r) },
		} {
			found := 0
			const trials = 400
			for range trials {
				if test(normal(r, 200, 0), normal(r, 200, row.shift)) < 0.05 {
					found++
				}
			}
			if share := float64(found) / trials; share > row.atMost || share < row.least {
				t.Errorf("%s, %s: %.3f of the trials found a difference", name, row.name, share)
			}
		}
	}
}

// The p values of known cases: D = 0.5 of 10 and 10 has an exact p of 0.1678, which the asymptotic
// one comes near to.
func TestKolmogorovAgreesWithTables(t *testing.T) {
	a := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	b := []float64{6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	if p := kolmogorov(a, b); math.Abs(p-0.1678) > 0.01 {
		t.Errorf("p = %.4f", p)
	}
	if p := kolmogorov(a, a); p != 1 {
		t.Errorf("a sample and itself: p = %.4f", p)
	}
	if p := binomialTail(10, 8); math.Abs(p-56.0/1024) > 1e-9 {
		t.Errorf("8 of 10: p = %.6f", p)
	}
}

func TestHolmCorrectsForTheNumberOfTests(t *testing.T) {
	got := holm([]float64{0.004, 0.0001, 0.9, 0.006})
	for i, want := range []bool{false, true, false, false} {
		if got[i] != want {
			t.Errorf("hypothesis %d: rejected is %v", i, got[i])
		}
	}
}
