package fault

import (
	"bytes"
	"strconv"
)

// framing says where the body of an HTTP/1.1 message ends (RFC 9112, section 6): after so many bytes, or after its last chunk
// and the trailers.
type framing struct {
	left    int64 // bytes of the body, or of the present chunk with its line's end
	chunked bool
	line    []byte // of a chunk's size or a trailer, while it is not whole
	trailer bool
	broken  bool
}

// whole tells whether the message has wholly come.
func (f *framing) whole() bool { return f.left == 0 && !f.chunked }

// take takes what belongs to the message, and returns how much that is.
func (f *framing) take(p []byte) int {
	n := 0
	for n < len(p) && !f.whole() && !f.broken {
		if f.left > 0 {
			m := min(f.left, int64(len(p)-n))
			f.left -= m
			n += int(m)
			continue
		}
		end := bytes.IndexByte(p[n:], '\n')
		if end < 0 {
			f.line = append(f.line, p[n:]...)
			f.broken = len(f.line) > mostHead
			return len(p)
		}
		line := string(bytes.TrimRight(append(f.line, p[n:n+end]...), "\r"))
		f.line = nil
		n += end + 1
		f.read(line)
	}
	return n
}

// read reads the line of a chunk's size or of a trailer.
func (f *framing) read(line string) {
	if f.trailer {
		f.chunked = line != ""
		return
	}
	for i, c := range line {
		if c == ';' || c == ' ' { // an extension
			line = line[:i]
			break
		}
	}
	size, err := strconv.ParseInt(line, 16, 62)
	switch {
	case err != nil || size < 0:
		f.broken = true
	case size == 0:
		f.trailer = true
	default:
		f.left = size + 2
	}
}
