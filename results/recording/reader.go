package recording

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrTorn is returned after the last good frame of a recording whose end is incomplete, as a crash leaves it. What was
// returned before it is sound. It wraps io.ErrUnexpectedEOF.
var ErrTorn = fmt.Errorf("recording is torn: its last frame is incomplete: %w", io.ErrUnexpectedEOF)

// ErrNotRecording is returned for a file that does not begin as a recording does.
var ErrNotRecording = errors.New("not a brunt recording")

// VersionError is returned for a recording written by a newer brunt.
type VersionError struct {
	Version   int // of the recording
	Supported int // the newest that can be read
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("recording has format version %d, newer than %d, the newest that this brunt reads", e.Version, e.Supported)
}

// CorruptError is returned for a frame that is damaged though others follow it.
type CorruptError struct {
	Offset int64 // of the frame, in bytes from the start of the recording
	Err    error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("recording is corrupt: frame at byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns what is wrong with the frame.
func (e *CorruptError) Unwrap() error { return e.Err }

// Reader is an iterator over the frames of a recording. It holds one frame's payload and the names of the series, never
// the whole recording. It is not safe for concurrent use.
type Reader struct {
	r      *bufio.Reader
	decode func(payload []byte) (*Frame, error)
	buffer []byte
	offset int64
	err    error
}

// NewReader reads the header of a recording. The errors are ErrNotRecording, *VersionError, ErrTorn where even the header
// is incomplete, and those of r.
func NewReader(r io.Reader) (*Reader, error) {
	header := make([]byte, fileHeader)
	b := bufio.NewReader(r)
	n, err := io.ReadFull(b, header)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("read the header of the recording: %w", err)
	case n < len(magic) && strings.HasPrefix(magic, string(header[:n])):
		return nil, ErrTorn
	case n < len(magic) || string(header[:len(magic)]) != magic:
		return nil, ErrNotRecording
	case n < fileHeader:
		return nil, ErrTorn
	}
	version := binary.LittleEndian.Uint32(header[len(magic):])
	switch {
	case version == 0:
		return nil, ErrNotRecording
	case version > Version:
		return nil, &VersionError{Version: int(version), Supported: Version}
	}
	decode := newPacking().unpack
	if version == 1 {
		decode = NewDecoder().Decode
	}
	return &Reader{r: b, decode: decode, offset: int64(fileHeader)}, nil
}

// Next returns the next frame, which is the caller's to keep. After the last it returns io.EOF, or ErrTorn; a damaged
// frame before the end is a *CorruptError. Any error is final and returned again.
func (r *Reader) Next() (*Frame, error) {
	if r.err != nil {
		return nil, r.err
	}
	f, err := r.next()
	r.err = err
	return f, err
}

func (r *Reader) next() (*Frame, error) {
	var header [frameHeader]byte
	if n, err := io.ReadFull(r.r, header[:]); err != nil {
		if n == 0 && err == io.EOF {
			return nil, io.EOF
		}
		return nil, tornOr(err)
	}
	if binary.LittleEndian.Uint32(header[8:]) != checksum(header[:8]) {
		return nil, r.damaged(errors.New("its header does not match its checksum"))
	}
	size := binary.LittleEndian.Uint32(header[:])
	if size > MaxPayload {
		return nil, &CorruptError{r.offset, fmt.Errorf("%d bytes, more than %d", size, MaxPayload)}
	}
	if int(size) > cap(r.buffer) {
		r.buffer = make([]byte, size)
	}
	r.buffer = r.buffer[:size]
	if _, err := io.ReadFull(r.r, r.buffer); err != nil {
		return nil, tornOr(err)
	}
	if binary.LittleEndian.Uint32(header[4:]) != checksum(r.buffer) {
		return nil, r.damaged(errors.New("it does not match its checksum"))
	}
	f, err := r.decode(r.buffer)
	if err != nil {
		return nil, &CorruptError{r.offset, err}
	}
	r.offset += frameHeader + int64(size)
	return f, nil
}

// damaged tells a torn end from a corrupt frame. When the machine itself went down, a file may have its new length but not
// its new bytes: a bad frame is torn when nothing but zeroes follows what was read of it.
func (r *Reader) damaged(cause error) error {
	for {
		b, err := r.r.ReadByte()
		switch {
		case err != nil:
			return tornOr(err)
		case b != 0:
			return &CorruptError{r.offset, cause}
		}
	}
}

// tornOr is ErrTorn for an end that came too early, and the reader's own error otherwise.
func tornOr(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTorn
	}
	return fmt.Errorf("read the recording: %w", err)
}
