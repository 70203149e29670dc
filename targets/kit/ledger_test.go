package kit

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestALedgerTellsWhatArrived(t *testing.T) {
	var l Ledger
	for _, id := range []uint64{1, 2, 3, 3, 7} {
		l.Seen(id)
	}
	l.SeenInOrder(8, "a\"nn", 2)
	l.Seen(9)
	l.Admitted("bob", time.UnixMicro(1_767_225_600_000_250))
	l.Seen(10)
	w := httptest.NewRecorder()
	l.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ledger", nil))
	const want = `{"version":1}
{"seen":[1,3]}
{"seen":3}
{"seen":7}
{"seen":8,"key":"a\"nn","sequence":2}
{"seen":9}
{"admitted":"bob","at":1767225600000.250}
{"seen":10}
{"end":true}
`
	if got := w.Body.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}
