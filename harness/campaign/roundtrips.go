package campaign

import (
	"hash/fnv"
	"math/rand/v2"

	"github.com/devcraft-studio/brunt/results"
)

// delays are the latencies that are added, in milliseconds.
func delays() []float64 { return []float64{0, 2, 5, 10} }

// RoundTrips adds latencies on each link in turn, in rounds.
type RoundTrips struct {
	Links  []string
	Seed   int64
	Rounds int
}

// Steps is how many steps there are.
func (r RoundTrips) Steps() int { return r.Rounds * len(r.Links) * len(delays()) }

// Next is the link and the latency, in milliseconds, that come after those that were tried.
func (r RoundTrips) Next(tried []results.FaultOutcome) (link string, delay float64, end results.SearchEnd) {
	n := len(tried)
	if n >= r.Steps() {
		return "", 0, results.SearchDone
	}
	turn, at := n/len(delays()), n%len(delays())
	link = r.Links[turn%len(r.Links)]
	return link, r.order(link, turn/len(r.Links))[at], ""
}

// order is that of a link's delays in a round.
func (r RoundTrips) order(link string, round int) []float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(link)) // never fails, by its documentation
	random := rand.New(rand.NewPCG(uint64(r.Seed), h.Sum64()+uint64(round)))
	all := delays()
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
