package simulation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// chunk is what a line of the checkpoint holds: gates of a cell, from the first on.
type chunk struct {
	Cell    string   `json:"cell"`
	From    int      `json:"from"`
	Results []Result `json:"results"`
}

const (
	chunkGates = 50
	fullGates  = 2000
)

// TestSimulate plays the gates of the full table that BRUNT_SIMULATE, a file of lines, does not hold yet, and writes the table beside
// it. It can be ended at any time: what is not written yet is played again. BRUNT_SIMULATE_FOR is after how long it stops by itself,
// BRUNT_SIMULATE_GATES how many gates a cell has, and BRUNT_SIMULATE_CELLS a regular expression of the cells that are played.
// `make simulate` runs it.
func TestSimulate(t *testing.T) {
	path := os.Getenv("BRUNT_SIMULATE")
	if path == "" {
		t.Skip("a long simulation: `make simulate` runs it")
	}
	gates, until := fullGates, time.Now().Add(1000*time.Hour)
	if text := os.Getenv("BRUNT_SIMULATE_GATES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		gates = n
	}
	if text := os.Getenv("BRUNT_SIMULATE_FOR"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		until = time.Now().Add(d)
	}
	cells, err := regexp.Compile(os.Getenv("BRUNT_SIMULATE_CELLS"))
	if err != nil {
		t.Fatal(err)
	}
	played := readChunks(t, path)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("\n"); err != nil { // ends a line that was cut off
		t.Fatal(err)
	}
	work := make(chan chunk)
	go func() {
		defer close(work)
		for from := 0; from < gates; from += chunkGates {
			for _, c := range Cells() {
				if _, done := played[c.Name()][from]; done || !cells.MatchString(c.Name()) {
					continue
				}
				if time.Now().After(until) {
					return
				}
				work <- chunk{Cell: c.Name(), From: from}
			}
		}
	}()
	var writing sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for one := range work {
				one.Results = playChunk(t, one)
				line, err := json.Marshal(one)
				if err != nil {
					t.Error(err)
					continue
				}
				writing.Lock()
				if _, err := file.Write(append(line, '\n')); err != nil {
					t.Error(err)
				}
				writing.Unlock()
			}
		})
	}
	workers.Wait()
	var table bytes.Buffer
	if err := WriteTable(&table, rowsOf(readChunks(t, path))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".txt", table.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", table.String())
}

func playChunk(t *testing.T, one chunk) []Result {
	for _, c := range Cells() {
		if c.Name() == one.Cell {
			return playCell(t, c, one.From, chunkGates)
		}
	}
	t.Errorf("there is no cell %s", one.Cell)
	return nil
}

// playCell plays n gates of a cell.
func playCell(t *testing.T, c Cell, from, n int) []Result {
	t.Helper()
	var all []Result
	s := c.Simulation()
	for i := range n {
		p, err := s.Play(c.Seeds(from + i))
		if err != nil {
			t.Error(err)
			return all
		}
		all = append(all, ResultOf(s.Plan, p))
	}
	return all
}

// readChunks are the results by cell and first gate. A last line that was cut off is left out.
func readChunks(t *testing.T, path string) map[string]map[int][]Result {
	t.Helper()
	found := map[string]map[int][]Result{}
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return found
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var one chunk
		if json.Unmarshal(lines.Bytes(), &one) != nil {
			continue
		}
		if found[one.Cell] == nil {
			found[one.Cell] = map[int][]Result{}
		}
		found[one.Cell][one.From] = one.Results
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func rowsOf(played map[string]map[int][]Result) []Row {
	var rows []Row
	for _, c := range Cells() {
		var all []Result
		for _, results := range played[c.Name()] {
			all = append(all, results...)
		}
		if len(all) > 0 {
			rows = append(rows, RowOf(c.Name(), all))
		}
	}
	return rows
}
