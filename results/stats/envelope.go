package stats

// Scraped is a sample of a process with garbage collection.
type Scraped struct {
	Sample
	Collected bool // a collection ended since the sample before
}

// enough is the least number of samples whose smallest stands for what collections leave.
const enough = 10

// Envelope is the lower envelope of a series that grows by allocation and falls at each collection: one point for each cycle
// from a collection to the next, its smallest value, at the moment that it was seen. Short cycles are taken together until they
// hold ten samples; what precedes the first collection that was seen is left out, and so is a rest of several short cycles with
// fewer than ten.
//
// The values are too large, and always by the like of it. Where a cycle is longer than the time between two samples, by what is
// allocated from a collection to the next sample: half of that time on average. Where collections come faster than samples, the
// ten lie anywhere in their cycles, and the smallest of them at 1/11 of a cycle on average: 9 % of the live heap under Go's
// GOGC=100, so that a slope is seen 9 % too steep.
func Envelope(samples []Scraped) []Sample {
	var points []Sample
	var group []Sample
	cycles := 0
	for _, s := range samples {
		if s.Collected {
			if len(group) >= enough {
				points = append(points, smallest(group))
				group, cycles = group[:0], 0
			}
			cycles++
		}
		if cycles > 0 {
			group = append(group, s.Sample)
		}
	}
	if len(group) >= enough || cycles == 1 {
		points = append(points, smallest(group))
	}
	return points
}

// Collections are the samples that were the first after a collection: all that a value tells which only collections set.
func Collections(samples []Scraped) []Sample {
	var points []Sample
	for _, s := range samples {
		if s.Collected {
			points = append(points, s.Sample)
		}
	}
	return points
}

func smallest(group []Sample) Sample {
	least := group[0]
	for _, s := range group {
		if s.Value < least.Value {
			least = s
		}
	}
	return least
}
