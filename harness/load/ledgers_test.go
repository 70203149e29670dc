package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/ledger"
	"github.com/devcraft-studio/brunt/results/proof"
)

func TestLedgersAreKeptAsTheChildTellsThem(t *testing.T) {
	book := ledger.NewBook()
	orders, err := book.Open("orders")
	if err != nil {
		t.Fatal(err)
	}
	orders.Ack(orders.Next())
	orders.Admit("token s3cr3t", time.UnixMicro(0))
	o := Options{
		Ledgers:   filepath.Join(t.TempDir(), "ledgers-1.brunt"),
		LedgerKey: func(_, key string) string { return strings.ReplaceAll(key, "s3cr3t", "[redacted]") },
	}
	var l ledgerFile
	if err := l.write(o, []byte("nonsense")); !errors.Is(err, ledger.ErrBlock) {
		t.Errorf("nonsense of a child: %v", err)
	}
	if _, err := os.Stat(o.Ledgers); err == nil {
		t.Error("there is a file, and nothing to keep")
	}
	if err := book.Blocks("script", func(b []byte) error { return l.write(o, b) }); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.Ledgers)
	if err != nil {
		t.Fatal(err)
	}
	var read ledger.Book
	if err := read.Read(strings.NewReader(string(text))); err != nil || !read.Ended("script") {
		t.Fatalf("%v, ended %v", err, read.Ended("script"))
	}
	if key := read.Ledger("orders").Densest(time.Second, 0, nil).Key; key != "token [redacted]" || strings.Contains(string(text), "s3cr3t") {
		t.Errorf("the key is kept as %q", key)
	}
	if lost := read.Ledger("orders").Lost(); lost.Count != 1 {
		t.Errorf("lost %+v", lost)
	}
}

// millions is a script that has so many million ids acknowledged and looks after all but one, in a hundred iterations.
func millions(t *testing.T, n int) string {
	return write(t, "script.js", fmt.Sprintf(`
import { ledger } from 'k6/x/brunt';
const orders = ledger('orders');
export const options = { scenarios: { load: { executor: 'shared-iterations', vus: 2, iterations: 100, maxDuration: '5m' } } };
export default function () {
	for (let i = 0; i < %d; i++) {
		const id = orders.next();
		orders.acked(id);
		if (id !== 77777) orders.seen(id);
	}
}`, n*10_000))
}

// counted runs such a script, and returns the largest memory of the child and what the parent's heap grew by when it had read the
// ledgers, in MB.
func counted(t *testing.T, n int) (child, parent float64) {
	t.Helper()
	before := heap()
	path := filepath.Join(t.TempDir(), "ledgers-1.brunt")
	p := start(t, Options{Script: Script{Path: millions(t, n)}, Ledgers: path})
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if names := p.options.Inspection.Ledgers; len(names) != 1 || names[0] != "orders" {
		t.Errorf("the script makes the ledgers %v", names)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var book ledger.Book
	if err := book.Read(file); err != nil || !book.Ended("script") {
		t.Fatalf("%v, ended %v", err, book.Ended("script"))
	}
	parent = float64(int64(heap()-before)) / 1e6
	orders := book.Ledger("orders")
	if lost := orders.Lost(); orders.Issued() != uint64(n)*1e6 || lost.Count != 1 || lost.First[0] != 77777 || lost.Of != uint64(n)*1e6 {
		t.Errorf("issued %d, lost %+v", orders.Issued(), lost)
	}
	usage, ok := p.child.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the platform does not tell what a process used")
	}
	runtime.KeepAlive(&book)
	return float64(usage.Maxrss) * 1024 / 1e6, parent
}

func TestAScriptCountsAMillionIDs(t *testing.T) {
	child, parent := counted(t, 1)
	t.Logf("k6 with 1 M ids: at most %.0f MB; its parent's ledgers: %.1f MB", child, parent)
}

// TestProofTenMillionIDsTakeLessThan300MB measures child and parent.
func TestProofTenMillionIDsTakeLessThan300MB(t *testing.T) {
	file := proof.File(t)
	child, parent := counted(t, 10)
	if child+parent > 300 {
		t.Errorf("%.0f MB and %.0f MB", child, parent)
	}
	proof.Row{File: file, What: "10 M ids in a ledger, memory", Provider: proof.NoProvider}.Add(t, fmt.Sprintf("k6 child at most %.0f MB in all, the parent's ledgers %.1f MB", child, parent))
}
