package fault

import (
	"context"
	"errors"
	"time"
)

// The steps of the ladder, as they stand in the record of a fault.
const (
	stepCut     = "cut"     // connections whose peers did not read were reset
	stepDisable = "disable" // the link was closed for a moment
	stepDelete  = "delete"  // the link was deleted and opened again; all its faults ended
	stepRestart = "restart" // the proxy child was replaced; all faults of all links ended
)

const (
	pingTime    = 300 * time.Millisecond
	restartTime = 5 * time.Second
)

// controller is what the ladder stands on: the proxy. Calls end within two seconds.
type controller interface {
	call(ctx context.Context, req request) (response, error)
	restart(ctx context.Context) error
}

// ending is how a fault of a link was ended.
type ending struct {
	at     time.Time
	ladder []string
	outcome
}

// outcome is what a fault itself tells of the load, where it meets single chunks, requests or packets of it.
type outcome struct {
	met     int64            // how many
	refused map[string]int64 // connections that it could not act on, by reason
	toll    toll             // of its link
}

// took tells whether a step was needed.
func (e ending) took(step string) bool {
	for _, s := range e.ladder {
		if s == step {
			return true
		}
	}
	return false
}

// climb ends a fault of a link, by ever stronger means. link says how the link is opened.
func climb(ctx context.Context, c controller, link request, fault string) (ending, error) {
	lift := request{Op: opLift, Link: link.Link, Fault: fault}
	resp, err := c.call(ctx, lift)
	if err == nil {
		e := ending{at: time.Unix(0, resp.At), outcome: outcome{resp.Hits, resp.Refused, resp.Toll}}
		if resp.Cut > 0 {
			e.ladder = append(e.ladder, stepCut)
		}
		return e, nil
	}
	var e ending
	if errors.Is(err, ErrProxyDied) { // and took the fault with it; another is being started
		e.ladder = append(e.ladder, stepRestart)
		if _, err := c.call(ctx, request{Op: opPing}); err != nil {
			return e, err
		}
		e.at = time.Now()
		return e, nil
	}
	// A child that answers nothing at all would only let each step run into its deadline.
	if answering(ctx, c) {
		e.ladder = append(e.ladder, stepDisable)
		if all(ctx, c, request{Op: opDisable, Link: link.Link}, lift, request{Op: opEnable, Link: link.Link}) {
			e.at = time.Now()
			return e, nil
		}
		e.ladder = append(e.ladder, stepDelete)
		if all(ctx, c, request{Op: opClose, Link: link.Link}, link) {
			e.at = time.Now()
			return e, nil
		}
	}
	e.ladder = append(e.ladder, stepRestart)
	ctx, cancel := context.WithTimeout(ctx, restartTime)
	defer cancel()
	if restartErr := c.restart(ctx); restartErr != nil {
		return e, errors.Join(err, restartErr)
	}
	e.at = time.Now()
	return e, nil
}

func answering(ctx context.Context, c controller) bool {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	_, err := c.call(ctx, request{Op: opPing})
	return err == nil
}

func all(ctx context.Context, c controller, reqs ...request) bool {
	for _, req := range reqs {
		if _, err := c.call(ctx, req); err != nil {
			return false
		}
	}
	return true
}
