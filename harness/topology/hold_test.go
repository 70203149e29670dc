package topology

import (
	"context"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/harness/dependency"
	"github.com/devcraft-studio/brunt/harness/experiment"
	"github.com/devcraft-studio/brunt/harness/site"
)

// What harness/dependency holds open in real servers is proven here, where they can be started.
func TestATransactionIsHeldOpenAndRolledBack(t *testing.T) {
	o, _ := options(t, experiment.Experiment{
		Dependencies: []experiment.Dependency{{Name: "db", Kind: "postgres"}, {Name: "cache", Kind: "redis"}},
	})
	s := start(t, o).Site()
	db := s.Node("db")
	conn := openDB(t, db)
	exec1(t, conn, "CREATE TABLE t AS SELECT 1 AS n")
	hold := func(sql string, length time.Duration) (func(context.Context) error, error) {
		return dependency.Hold(t.Context(), db, "lock", []string{sql}, time.Now().Add(length))
	}
	open := func() bool {
		t.Helper()
		is, err := dependency.Holds(t.Context(), db, "lock")
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	blocked := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		other := openDB(t, db)
		_, err := other.Exec(ctx, "INSERT INTO t VALUES (2)")
		return err != nil
	}

	t.Run("until it is released", func(t *testing.T) {
		release, err := hold("LOCK TABLE t", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if !open() || !blocked() {
			t.Errorf("open %v, blocked %v", open(), blocked())
		}
		if err := release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if open() || blocked() {
			t.Error("it is still open")
		}
	})
	t.Run("and leaves nothing of what it did", func(t *testing.T) {
		before := count(t, db, "t")
		release, err := hold("INSERT INTO t VALUES (3)", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := count(t, db, "t"); after != before {
			t.Errorf("%d rows after %d", after, before)
		}
	})
	t.Run("and no longer than its expiry, when nobody releases it", func(t *testing.T) {
		release, err := hold("LOCK TABLE t", 700*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if !open() {
			t.Error("it is not open")
		}
		for deadline := time.Now().Add(3 * time.Second); open(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the server does not end it")
			}
		}
		if err := release(t.Context()); err != nil {
			t.Errorf("to release what has expired: %v", err)
		}
	})
	t.Run("and is released with the server", func(t *testing.T) {
		release, err := hold("LOCK TABLE t", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		k := db.Control.(site.Killer)
		if err := k.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := release(t.Context()); err != nil {
			t.Errorf("to release what died with its server: %v", err)
		}
		if err := k.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if open() {
			t.Error("it is open again")
		}
	})
	for _, row := range []struct{ name, node, sql string }{
		{"a statement that fails", "db", "SELECT nothing"},
		{"a statement that can't be in a transaction", "db", "VACUUM t"},
		{"a redis", "cache", "SET"},
	} {
		t.Run(row.name+" is not held", func(t *testing.T) {
			if _, err := dependency.Hold(t.Context(), s.Node(row.node), "lock", []string{row.sql}, time.Now().Add(time.Minute)); err == nil {
				t.Error("it was held")
			}
			if open() {
				t.Error("its transaction is open")
			}
		})
	}
}
