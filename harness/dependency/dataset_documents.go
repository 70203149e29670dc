package dependency

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

const (
	documentPages = 50  // of each document
	documentBytes = 504 // of each page, written as 1,008 hexadecimal digits
)

// documentsDataset are documents of 50 KB, with a status inside. Their pages are random digits, which Postgres does not
// compress: a document takes 54 KB of disk.
func documentsDataset() Dataset {
	return Dataset{
		Name: "documents", Table: "documents",
		Schema: `CREATE TABLE IF NOT EXISTS documents (
	id  bigint PRIMARY KEY,
	doc jsonb NOT NULL
)`,
		Copy: "COPY documents (id, doc) FROM STDIN",
		row:  documentRow,
	}
}

func documentRow(w *bufio.Writer, id int, r *generator) {
	statuses := [...]string{"draft", "review", "approved", "archived"}
	updated := epoch.Add(time.Duration(id) * time.Minute).Format("2006-01-02T15:04:05+00:00") // as jsonb writes a timestamptz
	fmt.Fprintf(w, "%d\t{\"status\": %q, \"version\": 1, \"updated_at\": %q, \"pages\": [", id, statuses[r.below(len(statuses))], updated)
	var digest [documentBytes]byte
	var digits [2 * documentBytes]byte
	for page := range documentPages {
		for i := 0; i < documentBytes; i += 8 {
			binary.LittleEndian.PutUint64(digest[i:], r.next())
		}
		hex.Encode(digits[:], digest[:])
		if page > 0 {
			_, _ = w.WriteString(", ")
		}
		_ = w.WriteByte('"')
		_, _ = w.Write(digits[:])
		_ = w.WriteByte('"')
	}
	_, _ = w.WriteString("]}\n")
}
