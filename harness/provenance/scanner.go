package provenance

import "strings"

// longestUserinfo bounds how far the @ after a URL's password is waited for, in bytes.
const longestUserinfo = 4096

// scanner marks the bytes of a stream that belong to a secret, and lets go of them once no later byte can change that.
type scanner struct {
	machine *automaton
	state   int32
	url     urlScanner

	pending []byte // not yet released
	hidden  []bool // of the same length: part of a secret
	marked  bool   // the last thing released was a mark
}

// use changes to another machine, in which what is pending is looked at again.
func (s *scanner) use(machine *automaton) {
	if s.machine == machine {
		return
	}
	s.machine, s.state = machine, 0
	for i, c := range s.pending {
		s.find(c, i+1)
	}
}

func (s *scanner) feed(c byte) {
	s.pending = append(s.pending, c)
	s.hidden = append(s.hidden, false)
	s.find(c, len(s.pending))
	if n := s.url.feed(c); n > 0 {
		s.hide(len(s.pending)-1-n, len(s.pending)-1)
	}
}

// find takes one byte, the last of pending[:end], through the automaton.
func (s *scanner) find(c byte, end int) {
	s.state = s.machine.step(s.state, c)
	s.hide(end-int(s.machine.nodes[s.state].match), end)
}

func (s *scanner) hide(from, to int) {
	for i := from; i < to; i++ {
		s.hidden[i] = true
	}
}

// held is how many of the last bytes can still turn out to be part of a secret.
func (s *scanner) held() int {
	return max(int(s.machine.nodes[s.state].depth), s.url.open())
}

// release writes all but the last `held` pending bytes, each stretch of hidden ones as one mark.
func (s *scanner) release(out *strings.Builder, held int) {
	settled := max(len(s.pending)-held, 0)
	for i, c := range s.pending[:settled] {
		switch {
		case !s.hidden[i]:
			out.WriteByte(c)
		case !s.marked:
			out.WriteString(Redacted)
		}
		s.marked = s.hidden[i]
	}
	s.pending = s.pending[:copy(s.pending, s.pending[settled:])]
	s.hidden = s.hidden[:copy(s.hidden, s.hidden[settled:])]
}

// finish releases all that is pending; what comes next begins anew.
func (s *scanner) finish(out *strings.Builder) {
	s.release(out, 0)
	s.state, s.url, s.marked = 0, urlScanner{}, false
}

// urlScanner finds passwords in URLs: what stands between the first colon after :// and the last @ before the path.
type urlScanner struct {
	phase  urlPhase
	length int // of what may be a password, while in it
}

type urlPhase int

const (
	outside urlPhase = iota
	colon            // after scheme:
	slash            // after scheme:/
	user             // after scheme://
	secret           // after scheme://user:
)

// feed takes a byte, and returns the length of the password that it ends, 0 when it ends none. A password with an @ in
// it is reported twice, the second time in full.
func (u *urlScanner) feed(c byte) int {
	switch u.phase {
	case outside:
		if c == ':' {
			u.phase = colon
		}
	case colon:
		u.phase = after(c == '/', slash, c)
	case slash:
		u.phase = after(c == '/', user, c)
	case user:
		switch {
		case c == ':':
			u.phase, u.length = secret, 0
		case c == '@' || endsAuthority(c):
			u.phase = outside
		}
	case secret:
		if endsAuthority(c) || u.length == longestUserinfo {
			u.phase = outside
			return 0
		}
		u.length++
		if c == '@' {
			return u.length - 1
		}
	}
	return 0
}

// after is the next phase of "://": a colon in the wrong place may be the right one.
func after(expected bool, next urlPhase, c byte) urlPhase {
	switch {
	case expected:
		return next
	case c == ':':
		return colon
	}
	return outside
}

// open is the length of what may yet turn out to be a password.
func (u *urlScanner) open() int {
	if u.phase != secret {
		return 0
	}
	return u.length
}

// endsAuthority says whether a byte can't stand in user:password@host.
func endsAuthority(c byte) bool {
	return c <= ' ' || c == 0x7f || strings.IndexByte("/?#\"'`<>", c) >= 0
}
