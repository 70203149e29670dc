package ledger

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// mostLedgers is how many a book may hold.
const mostLedgers = 100

// Book holds the ledgers of a process, or of a trial, by name.
type Book struct {
	mu      sync.Mutex
	ledgers map[string]*Ledger
	ended   map[string]bool // by source
	budget  *budget         // nil: none
}

// NewBook makes an empty book whose ledgers share the Budget.
func NewBook() *Book {
	b := &Book{budget: &budget{}}
	b.budget.left.Store(Budget)
	return b
}

// ValidName says whether a ledger can bear a name: one that can stand in an SLO.
func ValidName(name string) bool {
	if name == "" || len(name) > MaxName {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// Open is the ledger of a name, which is made where there is none yet.
func (b *Book) Open(name string) (*Ledger, error) {
	if !ValidName(name) {
		return nil, fmt.Errorf("%q can't be the name of a ledger: letters, digits, underscores, hyphens and points, at most %d", name, MaxName)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if found := b.ledgers[name]; found != nil {
		return found, nil
	}
	if len(b.ledgers) >= mostLedgers {
		return nil, fmt.Errorf("more than %d ledgers", mostLedgers)
	}
	if b.ledgers == nil {
		b.ledgers = map[string]*Ledger{}
	}
	made := &Ledger{name: name, budget: b.budget}
	b.ledgers[name] = made
	return made, nil
}

// Ledger is the ledger of a name, or nil.
func (b *Book) Ledger(name string) *Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledgers[name]
}

// Names are the ledgers there are, sorted.
func (b *Book) Names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.ledgers))
}

// Ended says whether the book took in all that a source knows.
func (b *Book) Ended(source string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended[source]
}

// Blocks hands over all that the book holds, block by block, and that it is all of what a source knows. A block is valid until the
// next.
func (b *Book) Blocks(source string, take func(block []byte) error) error {
	for _, name := range b.Names() {
		if err := b.Ledger(name).blocks(take); err != nil {
			return err
		}
	}
	return take(block{kind: kindEnd, text: source}.append(nil))
}

// Take takes a block in: what it says is added to what the book holds. A block that is none changes nothing.
func (b *Book) Take(payload []byte) error {
	k, err := decode(payload)
	if err != nil {
		return err
	}
	if k.kind == kindEnd {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.ended == nil {
			b.ended = map[string]bool{}
		}
		b.ended[k.text] = true
		return nil
	}
	l, err := b.Open(k.ledger)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBlock, err)
	}
	l.take(k)
	return nil
}
