package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// MaxMessage bounds a message: its type and its body, in bytes.
const MaxMessage = 16<<20 + 64

// eager is the largest body for which memory is set aside before its bytes have arrived.
const eager = 64 << 10

var (
	// ErrTooLarge is wrapped by the error of a Send or Receive of a message of more than MaxMessage bytes. After such a
	// Send the connection is as good as before.
	ErrTooLarge = errors.New("message too large")
	// ErrInvalid is wrapped by the error of a Receive of something that is no message. Nothing more can be received.
	ErrInvalid = errors.New("invalid message")
)

// VersionError is returned by Receive for a Hello or a Config of another version.
type VersionError struct {
	Version, Supported int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the other side speaks version %d of the wire, this side %d", e.Version, e.Supported)
}

// Conn sends and receives messages. Send may be called by many goroutines at once, Receive by one; Close by any.
type Conn struct {
	rw io.ReadWriteCloser
	r  *bufio.Reader

	sending sync.Mutex // held while a message is written, so that messages do not mix
	broken  error      // of a message written in part
}

// NewConn makes a connection of a byte stream, one end of a socket pair.
func NewConn(rw io.ReadWriteCloser) *Conn {
	return &Conn{rw: rw, r: bufio.NewReader(rw)}
}

// Send writes a message in one Write and blocks until the stream has taken it. Bytes of a string that are not UTF-8 arrive
// as U+FFFD.
func (c *Conn) Send(m Message) error {
	b, err := encode(m)
	if err != nil {
		return err
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.broken != nil {
		return c.broken
	}
	if _, err := c.rw.Write(b); err != nil {
		c.broken = fmt.Errorf("send %T: %w", m, err)
	}
	return c.broken
}

func encode(m Message) ([]byte, error) {
	if m == nil {
		return nil, fmt.Errorf("send: %w: nil", ErrInvalid)
	}
	var body []byte
	switch raw := m.(type) {
	case Frame:
		body = raw.Payload
	case Ledger:
		body = raw.Block
	default:
		var err error
		if body, err = json.Marshal(prepared(m)); err != nil {
			return nil, fmt.Errorf("send %T: %w", m, err)
		}
	}
	if len(body)+1 > MaxMessage {
		return nil, fmt.Errorf("send %T: %w: %d bytes, more than %d", m, ErrTooLarge, len(body)+1, MaxMessage)
	}
	b := make([]byte, 0, 5+len(body))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+1))
	b = append(b, byte(m.kind()))
	return append(b, body...), nil
}

// Receive blocks for the next message, which is the caller's to keep. The error is io.EOF when the other side closed, or
// died, between two messages, and wraps io.ErrUnexpectedEOF when it did so within one.
func (c *Conn) Receive() (Message, error) {
	var header [5]byte
	if n, err := io.ReadFull(c.r, header[:]); err != nil {
		if n == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
			// A reset is how the end looks when the other side left something unread.
			return nil, io.EOF
		}
		return nil, fmt.Errorf("receive: %w", cutShort(err))
	}
	size := binary.LittleEndian.Uint32(header[:])
	switch {
	case size == 0:
		return nil, fmt.Errorf("receive: %w: no type", ErrInvalid)
	case size > MaxMessage:
		return nil, fmt.Errorf("receive: %w: %d bytes, more than %d", ErrTooLarge, size, MaxMessage)
	}
	body, err := c.body(int(size) - 1)
	if err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	m, err := decode(kind(header[4]), body)
	if err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	return m, nil
}

func (c *Conn) body(n int) ([]byte, error) {
	if n <= eager {
		b := make([]byte, n)
		_, err := io.ReadFull(c.r, b)
		return b, cutShort(err)
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, c.r, int64(n))
	return b.Bytes(), cutShort(err)
}

// cutShort names the end of the stream within a message for what it is.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func decode(k kind, body []byte) (Message, error) {
	switch k {
	case kindHello:
		m, err := parse[Hello](body)
		return m, versioned(err, m.Version)
	case kindConfig:
		m, err := parse[Config](body)
		return m, versioned(err, m.Version)
	case kindFrame:
		return Frame{Payload: body}, nil
	case kindLedger:
		return Ledger{Block: body}, nil
	case kindStarted:
		return parse[Started](body)
	case kindException:
		return parse[Exception](body)
	case kindNotice:
		return parse[Notice](body)
	case kindEnded:
		return parse[Ended](body)
	case kindInspected:
		return parse[Inspected](body)
	case kindMark:
		return parse[Mark](body)
	case kindStop:
		return parse[Stop](body)
	case kindRate:
		return parse[Rate](body)
	case kindFaultAsk:
		return parse[FaultAsk](body)
	case kindFaultDone:
		return parse[FaultDone](body)
	}
	return nil, fmt.Errorf("%w: type %q", ErrInvalid, byte(k))
}

// parse is strict, as both sides are of one version: an unknown field is an error.
func parse[M Message](body []byte) (M, error) {
	var m M
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: %T: %w", ErrInvalid, m, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return m, fmt.Errorf("%w: %T: more than one value", ErrInvalid, m)
	}
	return m, nil
}

func versioned(err error, version int) error {
	if err == nil && version != Version {
		return &VersionError{Version: version, Supported: Version}
	}
	return err
}

// Close closes the stream. A Receive that waits returns an error.
func (c *Conn) Close() error { return c.rw.Close() }
