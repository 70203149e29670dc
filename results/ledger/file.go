package ledger

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// Version is the version of the file format that is written. A reader reads all versions up to it.
const Version = 1

// magic opens every file of ledgers. Its first byte is no ASCII, its last one reveals a transfer that "mended" line ends.
const magic = "\x89ledger\n"

const (
	fileHeader  = len(magic) + 4 // magic, version (uint32)
	frameHeader = 12             // length of the block, CRC of the block, CRC of these two (uint32 each)
)

var (
	// ErrTorn is returned after the last good block of a file whose end is incomplete, as a crash leaves it.
	ErrTorn = fmt.Errorf("the file of the ledgers is torn: its last block is incomplete: %w", io.ErrUnexpectedEOF)
	// ErrNotLedgers is returned for a file that does not begin as one of ledgers does.
	ErrNotLedgers = errors.New("not a file of ledgers")
	// ErrCorrupt is wrapped by the error about a block that is damaged though others follow it.
	ErrCorrupt = errors.New("the file of the ledgers is corrupt")
)

// VersionError is returned for a file written by a newer brunt.
type VersionError struct {
	Version   int // of the file
	Supported int // the newest that can be read
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("ledgers of format version %d, newer than %d, the newest that this brunt reads", e.Version, e.Supported)
}

// checksum is CRC-32C.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// Writer appends blocks to a file. It is not safe for concurrent use.
type Writer struct {
	w      io.Writer
	buffer []byte
	err    error
}

// NewWriter starts a file on w, which it does not close. Each block is one Write on w.
func NewWriter(w io.Writer) (*Writer, error) {
	header := binary.LittleEndian.AppendUint32([]byte(magic), Version)
	if _, err := w.Write(header); err != nil {
		return nil, fmt.Errorf("write the ledgers: %w", err)
	}
	return Continue(w), nil
}

// Continue goes on with a file at its end.
func Continue(w io.Writer) *Writer { return &Writer{w: w} }

// Write appends a block. After an error the file ends torn, and every further Write returns the same error.
func (w *Writer) Write(block []byte) error {
	if w.err != nil {
		return w.err
	}
	w.buffer = binary.LittleEndian.AppendUint32(w.buffer[:0], uint32(len(block)))
	w.buffer = binary.LittleEndian.AppendUint32(w.buffer, checksum(block))
	w.buffer = binary.LittleEndian.AppendUint32(w.buffer, checksum(w.buffer))
	w.buffer = append(w.buffer, block...)
	if _, err := w.w.Write(w.buffer); err != nil {
		w.err = fmt.Errorf("write the ledgers: %w", err)
	}
	return w.err
}

// Read takes a file in, block by block. Its errors are ErrTorn, after all that is sound was taken in, ErrNotLedgers,
// *VersionError, one that wraps ErrCorrupt, and those of r.
func (b *Book) Read(r io.Reader) error {
	in := bufio.NewReader(r)
	if err := readHeader(in); err != nil {
		return err
	}
	for offset, buffer := int64(fileHeader), []byte(nil); ; {
		block, err := readBlock(in, buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			if err = b.Take(block); err != nil {
				err = fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
		}
		if errors.Is(err, ErrCorrupt) {
			return fmt.Errorf("%w (at byte %d)", err, offset)
		}
		if err != nil {
			return err
		}
		offset += frameHeader + int64(len(block))
		buffer = block
	}
}

func readHeader(r io.Reader) error {
	header := make([]byte, fileHeader)
	n, err := io.ReadFull(r, header)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("read the ledgers: %w", err)
	case !strings.HasPrefix(magic, string(header[:min(n, len(magic))])):
		return ErrNotLedgers
	case n < fileHeader:
		return ErrTorn
	}
	switch version := binary.LittleEndian.Uint32(header[len(magic):]); {
	case version == 0:
		return ErrNotLedgers
	case version > Version:
		return &VersionError{Version: int(version), Supported: Version}
	}
	return nil
}

// readBlock reads a block into the buffer, if it is large enough. After the last one it returns io.EOF.
func readBlock(r *bufio.Reader, buffer []byte) ([]byte, error) {
	var header [frameHeader]byte
	if n, err := io.ReadFull(r, header[:]); err != nil {
		if n == 0 && err == io.EOF {
			return nil, io.EOF
		}
		return nil, tornOr(err)
	}
	if binary.LittleEndian.Uint32(header[8:]) != checksum(header[:8]) {
		return nil, damaged(r, "a header that does not match its checksum")
	}
	size := binary.LittleEndian.Uint32(header[:])
	if size > MaxBlock {
		return nil, fmt.Errorf("%w: a block of %d bytes, more than %d", ErrCorrupt, size, MaxBlock)
	}
	if int(size) > cap(buffer) {
		buffer = make([]byte, size)
	}
	buffer = buffer[:size]
	if _, err := io.ReadFull(r, buffer); err != nil {
		return nil, tornOr(err)
	}
	if binary.LittleEndian.Uint32(header[4:]) != checksum(buffer) {
		return nil, damaged(r, "a block that does not match its checksum")
	}
	return buffer, nil
}

// damaged tells a torn end from a corrupt block: when the machine itself went down, a file may have its new length but not its
// new bytes, so that nothing but zeroes follows.
func damaged(r *bufio.Reader, what string) error {
	for {
		b, err := r.ReadByte()
		switch {
		case err != nil:
			return tornOr(err)
		case b != 0:
			return fmt.Errorf("%w: %s", ErrCorrupt, what)
		}
	}
}

// tornOr is ErrTorn for an end that came too early, and the reader's own error otherwise.
func tornOr(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTorn
	}
	return fmt.Errorf("read the ledgers: %w", err)
}
