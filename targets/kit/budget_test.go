package kit

import "testing"

func TestABudgetAllowsAShareOfTheCallsToBeMadeAgain(t *testing.T) {
	b := NewBudget(0.25, 3) // a share that adds up exactly
	spend := func(calls int) (spent int) {
		for range calls {
			b.Earn()
			if b.Spend() {
				spent++
			}
		}
		return spent
	}
	if got := spend(100); got != 27 { // what it held, less a quarter that was earned while it was full, and a quarter of the others
		t.Errorf("of 100 calls %d were made again", got)
	}
	for range 1000 {
		b.Earn()
	}
	spent := 0
	for b.Spend() {
		spent++
	}
	if spent != 3 {
		t.Errorf("after a good time %d may be made at once", spent)
	}
}
