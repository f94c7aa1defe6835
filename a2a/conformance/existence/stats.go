package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// alpha is the chance, over all tests of a run, that one of them tells apart what is the same.
const alpha = 0.01

// kolmogorov returns the p value of the two-sample Kolmogorov-Smirnov test, by its asymptotic
// distribution.
func kolmogorov(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	var d float64
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x := min(a[i], b[j])
		for i < len(a) && a[i] == x {
			i++
		}
		for j < len(b) && b[j] == x {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	n := math.Sqrt(float64(len(a)) * float64(len(b)) / float64(len(a)+len(b)))
	l := n * d
	if l < 0.2 {
		return 1 // the series does not converge there
	}
	p, sign := 0.0, 1.0
	for k := 1.0; k <= 100; k++ {
		term := math.Exp(-2 * l * l * k * k)
		p += 2 * sign * term
		if term < 1e-12 {
			break
		}
		sign = -sign
	}
	return min(max(p, 0), 1)
}

// split returns the p value of a guess: the time, and the side of it, that tell the two kinds apart
// best on one half of the questions are used on the other half.
func split(a, b []float64, random *rand.Rand) float64 {
	learnA, judgeA := halves(a, random)
	learnB, judgeB := halves(b, random)
	if len(learnA) == 0 || len(learnB) == 0 {
		return 1
	}
	at, above := bestSplit(learnA, learnB)
	right := 0
	for _, x := range judgeA {
		if (x > at) == above {
			right++
		}
	}
	for _, x := range judgeB {
		if (x > at) != above {
			right++
		}
	}
	return binomialTail(len(judgeA)+len(judgeB), right)
}

func halves(x []float64, random *rand.Rand) (learn, judge []float64) {
	x = slices.Clone(x)
	random.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
	return x[:len(x)/2], x[len(x)/2:]
}

// bestSplit returns the time at which the two samples differ most, and whether the first is the one
// above it.
func bestSplit(a, b []float64) (at float64, above bool) {
	type point struct {
		x     float64
		first bool
	}
	var all []point
	for _, x := range a {
		all = append(all, point{x, true})
	}
	for _, x := range b {
		all = append(all, point{x, false})
	}
	slices.SortFunc(all, func(p, q point) int { return cmp.Compare(p.x, q.x) })
	best, belowA, belowB := -1.0, 0.0, 0.0
	for _, p := range all {
		if p.first {
			belowA += 1 / float64(len(a))
		} else {
			belowB += 1 / float64(len(b))
		}
		if d := math.Abs(belowA - belowB); d > best {
			best, at, above = d, p.x, belowA < belowB
		}
	}
	return at, above
}

// binomialTail is the chance of at least right heads in n throws of a fair coin.
func binomialTail(n, right int) float64 {
	p := 0.0
	for k := right; k <= n; k++ {
		p += math.Exp(lchoose(n, k) - float64(n)*math.Ln2)
	}
	return min(p, 1)
}

func lchoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// holm returns which of the hypotheses are rejected at alpha, corrected for their number.
func holm(p []float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	rejected := make([]bool, len(p))
	for rank, i := range order {
		if p[i] > alpha/float64(len(p)-rank) {
			break
		}
		rejected[i] = true
	}
	return rejected
}
