package images

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// recipe says what goes into an image, in paths of a root file system whose /bin, /sbin and /lib are links into /usr.
type recipe struct {
	kind     string
	packages []string // what apt is asked for, beside the shell's
	server   string   // pattern of the server's program
	programs []string // patterns of programs that must be there, beside the shell's
	optional []string // patterns of libraries that go in if everything they load can be had
	data     []string // patterns of files and folders that are copied whole
	without  []string // patterns of what is left out of data
	account  account
	folders  []folder
	// version finds the major version.
	version func(root root) (string, error)
}

// account is the user that the server runs as; the numbers are the official images'.
type account struct {
	name string
	id   int
	home string
}

// folder is an empty folder that belongs to the account.
type folder struct {
	name string
	mode int64
}

// shell is what the entrypoint, init scripts and a person who looks inside need.
var shellPackages = []string{"bash", "coreutils", "util-linux", "sed", "grep", "gzip", "tar"}

func shellPrograms() []string {
	names := strings.Fields("bash basename cat chmod chown cp cut date dirname env grep gzip head id ln ls mkdir mktemp mv rm sed " +
		"seq setpriv sleep sort stat tail tar test touch tr uname wc")
	for i, name := range names {
		names[i] = "usr/bin/" + name
	}
	return names
}

// skippedPackages are what the servers' packages depend on and the programs do not: maintainer scripts, LLVM, documentation.
// Whether something needed is among them shows when the closure is drawn.
var skippedPackages = []string{
	"adduser", "debconf", "dpkg", "init-system-helpers", "libllvm", "libpam-modules", "libperl", "libz3", "locales", "libc-l10n",
	"lsb-base", "netbase", "openssl", "passwd", "perl", "postgresql-client-common", "postgresql-common", "procps",
	"readline-common", "ssl-cert", "sysvinit-utils", "ucf", "usrmerge", "util-linux-extra",
}

func recipes() []recipe {
	return []recipe{
		{
			kind:     "postgres",
			packages: []string{"postgresql", "tzdata"},
			server:   "usr/lib/postgresql/*/bin/postgres",
			programs: []string{"usr/lib/postgresql/*/bin/*"},
			optional: []string{"usr/lib/postgresql/*/lib/*.so"},
			data:     []string{"usr/share/postgresql/*", "usr/share/zoneinfo", "usr/lib/locale/C.utf8"},
			without:  []string{"usr/share/postgresql/*/man", "usr/share/zoneinfo/right", "usr/share/zoneinfo/posix"},
			account:  account{name: "postgres", id: 999, home: "/var/lib/postgresql"},
			folders: []folder{
				{"var/lib/postgresql", 0o755}, {"var/lib/postgresql/data", 0o700}, {"var/run/postgresql", 0o2775},
				{"usr/local/share/brunt", 0o755}, {"docker-entrypoint-initdb.d", 0o755},
			},
			version: func(r root) (string, error) {
				server, err := r.one("usr/lib/postgresql/*/bin/postgres")
				return path.Base(path.Dir(path.Dir(server))), err
			},
		},
		{
			kind:     "redis",
			packages: []string{"redis-server", "redis-tools", "tzdata"},
			server:   "usr/bin/redis-server",
			programs: []string{"usr/bin/redis-server", "usr/bin/redis-cli"},
			data:     []string{"usr/lib/locale/C.utf8", "usr/share/zoneinfo/Etc"},
			account:  account{name: "redis", id: 999, home: "/data"},
			folders:  []folder{{"data", 0o755}},
			version: func(r root) (string, error) {
				return r.packageMajor("redis-tools")
			},
		},
	}
}

func (r recipe) major(root root) (string, error) {
	major, err := r.version(root)
	if err != nil {
		return "", fmt.Errorf("the version of %s: %w", r.kind, err)
	}
	return major, nil
}

// packageMajor is the major version of a package that the root was made of.
func (r root) packageMajor(name string) (string, error) {
	found, err := filepath.Glob(filepath.Join(r.debs, name+"_*.deb"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("package %s was not downloaded exactly once (%d times)", name, len(found))
	}
	return majorOf(filepath.Base(found[0])), nil
}

// majorOf is the first number of the upstream version in the name of a package file: 7 of redis-tools_5%3a7.0.15-1_amd64.deb.
func majorOf(file string) string {
	_, version, _ := strings.Cut(file, "_")
	version, _, _ = strings.Cut(version, "_")
	if _, after, epoch := strings.Cut(version, "%3a"); epoch {
		version = after
	}
	return version[:len(version)-len(strings.TrimLeft(version, "0123456789"))]
}
