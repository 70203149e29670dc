package images

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPackagesAreReadFromAptsListWithoutWhatServersDoNotNeed(t *testing.T) {
	list := `NOTE: this is only a simulation, with 'quotes' in it
'http://deb.example/pool/main/b/bash/bash_5.2.15-2%2bb13_amd64.deb' bash_5.2.15-2+b13_amd64.deb 1490652 MD5Sum:f973
'http://deb.example/pool/updates/main/p/postgresql-15/postgresql-15_15.20-0_amd64.deb' postgresql-15_15.20-0_amd64.deb 17091392
'http://deb.example/pool/main/l/llvm/libllvm14_14.0.6-12_amd64.deb' libllvm14_1%3a14.0.6-12_amd64.deb 21840232
'http://deb.example/pool/main/libj/libjson-perl/libjson-perl_4.10_all.deb' libjson-perl_4.10_all.deb 87516
'http://deb.example/pool/main/b/bash/bash_5.2.15-2%2bb13_amd64.deb' bash_5.2.15-2+b13_amd64.deb 1490652 MD5Sum:f973
'http://deb.example/odd'
`
	if diff := cmp.Diff([]string{"bash", "postgresql-15"}, wantedPackages(list)); diff != "" {
		t.Error(diff)
	}
}

func TestMajorVersionIsReadFromAPackageFile(t *testing.T) {
	for file, want := range map[string]string{
		"redis-tools_5%3a7.0.15-1~deb12u4_amd64.deb": "7",
		"redis-tools_8.0.2-3_arm64.deb":              "8",
		"redis-tools":                                "",
	} {
		if got := majorOf(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func TestNamesAreThoseOfAMergedSystem(t *testing.T) {
	for name, want := range map[string]string{
		"./bin/bash": "usr/bin/bash", "/lib64/ld-linux-x86-64.so.2": "usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x": "usr/lib/x",
		"./": "", "../../etc/passwd": "etc/passwd", "sbin/ldconfig": "usr/sbin/ldconfig",
	} {
		if got := merged(name); got != want {
			t.Errorf("%s becomes %q, want %q", name, got, want)
		}
	}
}

func TestAPackageCannotWriteOutsideItsRoot(t *testing.T) {
	outside := t.TempDir()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeSymlink, Name: "./escape", Linkname: outside},
		{Typeflag: tar.TypeReg, Name: "./escape/planted", Mode: 0o644},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := (root{dir: t.TempDir()}).add(tar.NewReader(&archive)); err == nil {
		t.Error("a file through a link that leaves the root was accepted")
	}
	if _, err := os.Stat(filepath.Join(outside, "planted")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was written outside the root (%v)", err)
	}
}

func TestLinksAreFollowedInsideTheRoot(t *testing.T) {
	r := root{dir: t.TempDir()}
	for _, dir := range []string{"usr/lib/a", "usr/bin"} {
		if err := os.MkdirAll(filepath.Join(r.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, "usr/lib/a/lib.so.1.2"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"usr/bin/tool": "/lib/a/lib.so.1", "usr/lib/a/lib.so.1": "lib.so.1.2", "usr/bin/round": "round", "usr/bin/nowhere": "none",
	} {
		if err := os.Symlink(target, filepath.Join(r.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.follow("usr/bin/tool")
	if diff := cmp.Diff([]string{"usr/bin/tool", "usr/lib/a/lib.so.1", "usr/lib/a/lib.so.1.2"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := r.follow("usr/bin/round"); err == nil {
		t.Error("a link to itself was followed to an end")
	}
	if _, err := r.follow("usr/bin/nowhere"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link to nowhere: %v", err)
	}
}
