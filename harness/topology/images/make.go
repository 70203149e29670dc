package images

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/moby/moby/client"
)

// Spec is a build that the engine does for us.
type Spec struct {
	Tag        string
	Dockerfile string // within the context; empty is Dockerfile
	Labels     map[string]string
	Arguments  map[string]string // of ARG
	// Context writes the files that the build can see. With Archive it is not called.
	Context func(*tar.Writer) error
	// Archive is a tar archive of those files.
	Archive io.Reader
	// Pull lets the engine look for a newer base image at the registry.
	Pull bool
}

// BuildError says why the engine could not build an image.
type BuildError struct {
	Tag    string
	Reason string
	Output string // its last lines
}

func (e *BuildError) Error() string {
	if e.Output == "" {
		return fmt.Sprintf("build %s: %s", e.Tag, e.Reason)
	}
	return fmt.Sprintf("build %s: %s\nits last lines:\n%s", e.Tag, e.Reason, e.Output)
}

// Make has the engine build an image by its classic builder, which every engine has, and returns the image's id. What the
// build itself reports is a *BuildError.
func Make(ctx context.Context, engine *client.Client, s Spec) (string, error) {
	reader, writer := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		err := s.write(writer)
		sent <- err
		_ = writer.CloseWithError(err)
	}()
	arguments := map[string]*string{}
	for name, value := range s.Arguments {
		arguments[name] = &value
	}
	result, err := engine.ImageBuild(ctx, reader, client.ImageBuildOptions{
		Tags: []string{s.Tag}, Dockerfile: s.Dockerfile, Labels: s.Labels, BuildArgs: arguments, PullParent: s.Pull,
		Remove: true, ForceRemove: true,
	})
	if err != nil {
		_ = reader.CloseWithError(err)
		if sendErr := <-sent; sendErr != nil && !errors.Is(sendErr, err) {
			return "", fmt.Errorf("build %s: %w", s.Tag, sendErr)
		}
		return "", fmt.Errorf("build %s: %w", s.Tag, err)
	}
	defer result.Body.Close()
	var output tail
	id, err := follow(result.Body, &output)
	_ = reader.CloseWithError(io.ErrClosedPipe)
	if sendErr := <-sent; sendErr != nil && !errors.Is(sendErr, io.ErrClosedPipe) {
		return "", fmt.Errorf("build %s: %w", s.Tag, sendErr)
	}
	var reported *engineError
	if errors.As(err, &reported) {
		return "", &BuildError{Tag: s.Tag, Reason: reported.Message, Output: output.String()}
	}
	return id, err
}

func (s Spec) write(to io.Writer) error {
	if s.Archive != nil {
		_, err := io.Copy(to, s.Archive)
		return err
	}
	w := tar.NewWriter(to)
	if err := s.Context(w); err != nil {
		return err
	}
	return w.Close()
}

// engineError is an error that the engine reports amid its messages.
type engineError struct{ Message string }

func (e *engineError) Error() string { return e.Message }

// follow reads the engine's messages of a build into output, and returns the id of what it built.
func follow(r io.Reader, output *tail) (string, error) {
	var id string
	messages := json.NewDecoder(r)
	for {
		var m struct {
			Stream string
			Error  string
			Aux    struct{ ID string }
		}
		err := messages.Decode(&m)
		if errors.Is(err, io.EOF) {
			return id, nil
		}
		if err != nil {
			return id, fmt.Errorf("read the engine's messages: %w", err)
		}
		if m.Error != "" {
			return "", &engineError{m.Error}
		}
		if m.Aux.ID != "" {
			id = m.Aux.ID
		}
		output.add(m.Stream)
	}
}

// tail keeps the last lines of what is added.
type tail struct{ lines []string }

// tailLines is how much of a failed build is shown.
const tailLines = 12

func (t *tail) add(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimRight(line, " \r"); line != "" {
			t.lines = append(t.lines, line)
		}
	}
	t.lines = t.lines[max(0, len(t.lines)-tailLines):]
}

func (t *tail) String() string { return strings.Join(t.lines, "\n") }

func addBytes(w *tar.Writer, name string, content []byte, mode int64) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content)), ModTime: packed}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// AddFile adds a file of the host to a build's context, with a fixed time so that the engine's cache is found again.
func AddFile(w *tar.Writer, name, file string, mode int64) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: info.Size(), ModTime: packed}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// AddText adds a small file to a build's context.
func AddText(w *tar.Writer, name, text string) error { return addBytes(w, name, []byte(text), 0o644) }
