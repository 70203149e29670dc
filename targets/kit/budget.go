package kit

import "sync"

// Budget keeps retries to a share of the calls, however many of those fail. It may be used by many at once. The zero value is not
// usable; see NewBudget.
type Budget struct {
	share, most float64

	mu   sync.Mutex
	left float64
}

// NewBudget makes a budget in which each call earns share (from 0 to 1) of a retry. It holds most of them at most, and does so at
// the beginning.
func NewBudget(share, most float64) *Budget { return &Budget{share: share, most: most, left: most} }

// Earn is to be told of each call, once.
func (b *Budget) Earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.most, b.left+b.share)
}

// Spend reports whether a retry may be made, and takes it out.
func (b *Budget) Spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
