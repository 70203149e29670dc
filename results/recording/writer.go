package recording

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// Version is the version of the recording format that is written. A reader reads all versions up to it: payloads of
// version 1 are those of Encoder, of version 2 those of packing.
const Version = 2

// magic opens every recording. Its first byte is no ASCII, its last ones reveal a transfer that "mended" line ends.
const magic = "\x89brunt\r\n"

// The sizes of what stands before all frames and before each. Integers are little-endian. The header of a frame has a CRC
// of its own, so that a damaged length in the middle of a file is not taken for a torn end.
const (
	fileHeader  = len(magic) + 4 // magic, version (uint32)
	frameHeader = 12             // length of the payload, CRC of the payload, CRC of these two (uint32 each)
)

// checksum is CRC-32C.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// Writer appends frames to a recording. It is not safe for concurrent use.
type Writer struct {
	w       io.Writer
	packing *packing
	buffer  []byte
	err     error
}

// NewWriter starts a recording on w, which it does not close. Each frame is one Write on w, so that w needs no buffer and
// a crash costs no more than the last frame.
func NewWriter(w io.Writer) (*Writer, error) {
	header := binary.LittleEndian.AppendUint32([]byte(magic), Version)
	if _, err := w.Write(header); err != nil {
		return nil, fmt.Errorf("write the header of the recording: %w", err)
	}
	return &Writer{w: w, packing: newPacking()}, nil
}

// Write appends a frame. An invalid frame (see Frame.Validate) is refused and leaves the recording as it was; after any
// other error the recording ends torn, and every further Write returns the same error.
func (w *Writer) Write(f *Frame) error {
	if w.err != nil {
		return w.err
	}
	if err := f.Validate(); err != nil {
		return err
	}
	var err error
	if w.buffer, err = w.packing.pack(append(w.buffer[:0], make([]byte, frameHeader)...), f); err != nil {
		w.err = fmt.Errorf("write a frame of the recording: %w", err)
		return w.err
	}
	payload := w.buffer[frameHeader:]
	if len(payload) > MaxPayload {
		w.err = fmt.Errorf("frame of %d bytes, more than %d", len(payload), MaxPayload)
		return w.err
	}
	binary.LittleEndian.PutUint32(w.buffer, uint32(len(payload)))
	binary.LittleEndian.PutUint32(w.buffer[4:], checksum(payload))
	binary.LittleEndian.PutUint32(w.buffer[8:], checksum(w.buffer[:8]))
	if _, err := w.w.Write(w.buffer); err != nil {
		w.err = fmt.Errorf("write a frame of the recording: %w", err)
	}
	return w.err
}
