package requests

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// largestData is the most that a file of values may hold, in bytes: each run holds it in memory.
const largestData = 64 << 20

// Table is the values of a file.
type Table struct {
	Columns []string
	Rows    [][]string // at least one, each with a value of every column
}

// ReadTable reads a file of values: .csv, whose first line names the columns, or .jsonl, with an object of the same keys on
// each line. Its error is a *Problem that names the file and, where one is to blame, the line.
func ReadTable(file string) (Table, error) {
	base := filepath.Base(file)
	read := map[string]func(string, []byte) (Table, error){".csv": readCSV, ".jsonl": readLines, ".ndjson": readLines}[strings.ToLower(filepath.Ext(file))]
	if read == nil {
		return Table{}, wrong("files of values end in .csv or .jsonl", "%s is not a file of values", base)
	}
	info, err := os.Stat(file)
	if err == nil && info.Size() > largestData {
		return Table{}, wrong("a file of values is at most 64 MiB", "%s has %d bytes", base, info.Size())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return Table{}, wrong("", "%s can't be read: %v", base, err)
	}
	t, err := read(base, bytes.TrimPrefix(text, []byte("\ufeff")))
	if err != nil {
		return Table{}, err
	}
	if len(t.Rows) == 0 {
		return Table{}, wrong("give at least one", "%s has no rows", base)
	}
	return t, nil
}

func readCSV(base string, text []byte) (Table, error) {
	var t Table
	r := csv.NewReader(bytes.NewReader(text))
	r.ReuseRecord = false
	for {
		record, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return t, nil
		case errors.As(err, &bad) && errors.Is(bad.Err, csv.ErrFieldCount):
			return t, wrong("every line has a value of each column", "%s:%d: %d values, but the header names %d columns", base, bad.Line, len(record), len(t.Columns))
		case errors.As(err, &bad):
			return t, wrong("a value with a quote or a comma is written \"...\"", "%s:%d: %v", base, bad.Line, bad.Err)
		case err != nil:
			return t, wrong("", "%s: %v", base, err)
		case t.Columns != nil:
			t.Rows = append(t.Rows, record)
			continue
		}
		for i, name := range record {
			record[i] = strings.TrimSpace(name)
			if record[i] == "" || slices.Contains(record[:i], record[i]) {
				return t, wrong("the first line names the columns, each once", "%s:1: column %d is called %q", base, i+1, record[i])
			}
		}
		t.Columns = record
	}
}

// readLines reads JSON lines. A text is its value, anything else the JSON of it.
func readLines(base string, text []byte) (Table, error) {
	var t Table
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, largestData)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &object); err != nil || object == nil {
			return t, wrong("each line is an object, such as {\"id\": 1}", "%s:%d: this is not a JSON object", base, n)
		}
		if t.Columns == nil {
			t.Columns = slices.Sorted(maps.Keys(object))
		}
		row := make([]string, len(t.Columns))
		for i, name := range t.Columns {
			raw, there := object[name]
			if !there || len(object) != len(t.Columns) {
				return t, wrong("every line has the same keys", "%s:%d: the keys are not those of the first line: %s", base, n, strings.Join(t.Columns, ", "))
			}
			if row[i] = string(raw); json.Unmarshal(raw, &row[i]) != nil {
				row[i] = string(raw)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	if err := lines.Err(); err != nil {
		return t, wrong("", "%s: %v", base, err)
	}
	return t, nil
}

// String says what a table holds, for people.
func (t Table) String() string {
	return fmt.Sprintf("%d rows of %s", len(t.Rows), strings.Join(t.Columns, ", "))
}
