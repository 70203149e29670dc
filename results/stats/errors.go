package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Failures are how many of what a build was offered in a pair failed.
type Failures struct{ Failed, Offered float64 }

// FailurePair is a stratum: the two builds in one pair.
type FailurePair struct{ Baseline, Candidate Failures }

// FailureTest holds the shares of two builds that failed against each other.
type FailureTest struct {
	Baseline, Candidate float64 // shares of all that was offered
	// P is the probability of as many failures of the candidate or more, if both fail as often.
	P float64
	// Low and High are bounds of the difference candidate − baseline, each at a level of its own.
	Low, High float64
	// Dispersion is by how much the variance of the counts over pairs is larger than that of independent failures: at least 1.
	Dispersion float64
	// Baselines and Offered are the failures of the baseline and what the candidate was offered.
	Baselines, Offered float64
}

// CompareFailures tests whether the candidate fails more often, given how many failed in both together: each of m failures is the
// candidate's with the probability that its share of the offers has (J. Przyborowski and H. Wilenski, Homogeneity of results in testing
// samples from Poisson series, 1940). Where that share differs between pairs, the binomial distribution with its mean over the failures
// has the heavier tail (W. Hoeffding, On the distribution of the number of successes in independent trials, 1956), so that P is never
// too small for it. Low holds at the level fail, and High at the level pass: the bounds for both counts (F. Garwood, Fiducial limits
// for the Poisson distribution, 1936) put together (G. Y. Zou and A. Donner, Construction of confidence limits about effect measures,
// 2008).
//
// Failures come in bursts: thirty requests that ran into one restart are one event. So counts are divided by how much more they vary
// from pair to pair than those of independent failures (P. McCullagh and J. A. Nelder, Generalized Linear Models, chapter 4, 1989),
// which Pearson's statistic over pairs tells for each build around its own mean. It is not ok when a build was offered nothing.
func CompareFailures(pairs []FailurePair, fail, pass float64) (FailureTest, bool) {
	var baseline, candidate Failures
	failed, expected := 0.0, 0.0
	for _, p := range pairs {
		baseline.add(p.Baseline)
		candidate.add(p.Candidate)
		if both := p.Baseline.Offered + p.Candidate.Offered; both > 0 {
			m := p.Baseline.Failed + p.Candidate.Failed
			failed += m
			expected += m * p.Candidate.Offered / both
		}
	}
	if !(baseline.Offered > 0 && candidate.Offered > 0) {
		return FailureTest{}, false
	}
	t := FailureTest{
		Baseline: baseline.share(), Candidate: candidate.share(), P: 1, Dispersion: dispersion(pairs, baseline, candidate),
		Baselines: baseline.Failed, Offered: candidate.Offered,
	}
	if x := candidate.Failed / t.Dispersion; x > 0 {
		t.P = binomialTail(x, failed/t.Dispersion, expected/failed)
	}
	apart := t.Candidate - t.Baseline
	lowCandidate, highBaseline := candidate.low(t.Dispersion, fail), baseline.high(t.Dispersion, fail)
	t.Low = apart - math.Hypot(t.Candidate-lowCandidate, highBaseline-t.Baseline)
	highCandidate, lowBaseline := candidate.high(t.Dispersion, pass), baseline.low(t.Dispersion, pass)
	t.High = apart + math.Hypot(highCandidate-t.Candidate, t.Baseline-lowBaseline)
	return t, true
}

func (f *Failures) add(o Failures) {
	f.Failed += o.Failed
	f.Offered += o.Offered
}

func (f Failures) share() float64 { return f.Failed / f.Offered }

// low and high are Garwood's bounds of the share, of counts that vary by more than those of independent failures.
func (f Failures) low(dispersion, level float64) float64 {
	if f.Failed == 0 || level <= 0 {
		return 0
	}
	return dispersion * mathext.GammaIncRegInv(f.Failed/dispersion, level) / f.Offered
}

func (f Failures) high(dispersion, level float64) float64 {
	if level <= 0 {
		return 1
	}
	return min(1, dispersion*mathext.GammaIncRegCompInv(f.Failed/dispersion+1, level)/f.Offered)
}

// binomialTail is the probability of x or more of n, which need not be whole, each with the probability p.
func binomialTail(x, n, p float64) float64 {
	switch {
	case x <= 0 || p >= 1:
		return 1
	case p <= 0 || x > n+1:
		return 0
	}
	return mathext.RegIncBeta(x, n-x+1, p)
}

func dispersion(pairs []FailurePair, baseline, candidate Failures) float64 {
	squares, free := 0.0, 0.0
	for _, side := range []struct {
		all Failures
		of  func(FailurePair) Failures
	}{{baseline, func(p FailurePair) Failures { return p.Baseline }}, {candidate, func(p FailurePair) Failures { return p.Candidate }}} {
		if side.all.Failed == 0 {
			continue
		}
		for _, p := range pairs {
			f := side.of(p)
			if want := side.all.share() * f.Offered; want > 0 {
				squares += (f.Failed - want) * (f.Failed - want) / want
				free++
			}
		}
		free--
	}
	if free <= 0 {
		return 1
	}
	return max(1, squares/free)
}

// SmallestFailures is the difference of the shares that the test at a level finds about four times out of five: the larger of what
// follows from roots of counts, which have nearly the same variance, a quarter, whatever is counted (F. J. Anscombe, The transformation
// of Poisson, binomial and negative-binomial data, 1948), and of what as many failures take as the test needs at the least beside those
// of the baseline, which counts where it has hardly any.
func (t FailureTest) SmallestFailures(level float64) float64 {
	if !(level > 0 && level < 1) {
		return math.NaN()
	}
	z := normalQuantile(level) + normalQuantile(1-usualPower)
	baseline := t.Baselines / t.Dispersion
	root := math.Sqrt(baseline+0.375) + z/math.Sqrt2
	more := root*root - 0.375 - baseline
	least := math.Ceil(baseline)
	for binomialTail(least, least+baseline, 0.5) > level {
		least++
	}
	more = max(more, mathext.GammaIncRegInv(least, usualPower)-baseline)
	return more * t.Dispersion / t.Offered
}

// normalQuantile is the value beyond which a probability lies.
func normalQuantile(tail float64) float64 { return math.Sqrt2 * math.Erfinv(1-2*tail) }
