package topology

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/devcraft-studio/brunt/harness/dependency"
)

// Program is a server's program on this machine.
type Program struct {
	Name    string // postgres, redis-server
	Path    string // of the program; empty when it is not here
	Version string // as the program itself says, such as "15.18"
}

// MissingProgramsError says which servers the local provider lacks.
type MissingProgramsError struct {
	Programs []string // of postgres, redis-server; sorted
}

func (e *MissingProgramsError) Error() string {
	return fmt.Sprintf("the local provider needs %s, which this machine does not have", strings.Join(e.Programs, " and "))
}

// programs are the servers that were found.
type programs struct {
	postgres map[string]postgresProgram // by dependency, since two may ask for different versions
	redis    string
}

// postgresProgram is one installed PostgreSQL.
type postgresProgram struct {
	dir     string // holds postgres and initdb
	version string // what `postgres --version` says, whole
}

// Where PostgreSQL is kept outside PATH: Debian and Ubuntu, Red Hat, Homebrew on both architectures, Postgres.app, and its
// own default.
var postgresPlaces = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin", "/usr/local/pgsql/bin",
}

var redisPlaces = []string{
	"/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin",
}

// FindPrograms returns postgres and redis-server with their versions, for whoever wants to tell people what this machine
// has; path is a list of folders as in PATH.
func FindPrograms(ctx context.Context, path string) []Program {
	list := []Program{{Name: "postgres"}, {Name: "redis-server"}}
	if dir := findPostgres(path, postgresPlaces, ""); dir != "" {
		list[0].Path = filepath.Join(dir, "postgres")
		list[0].Version = versionOf(ctx, list[0].Path)
	}
	if program := findRedis(path, redisPlaces); program != "" {
		list[1].Path = program
		list[1].Version = versionOf(ctx, program)
	}
	return list
}

// findPrograms finds what the dependencies need. Its error is a *MissingProgramsError that names all that is missing.
func findPrograms(ctx context.Context, path string, dependencies []depPlan) (programs, error) {
	found := programs{postgres: map[string]postgresProgram{}}
	var missing []string
	for _, d := range dependencies {
		switch d.Kind {
		case dependency.Postgres:
			dir := findPostgres(path, postgresPlaces, d.Version)
			if dir == "" {
				missing = append(missing, "postgres")
				continue
			}
			version, err := programVersion(ctx, filepath.Join(dir, "postgres"))
			if err != nil {
				return programs{}, err
			}
			found.postgres[d.Name] = postgresProgram{dir, version}
		case dependency.Redis:
			if found.redis = findRedis(path, redisPlaces); found.redis == "" {
				missing = append(missing, "redis-server")
			}
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return programs{}, &MissingProgramsError{slices.Compact(missing)}
	}
	return found, nil
}

// findPostgres returns the folder that holds both postgres and initdb: in PATH, else in places (patterns), where the major
// version asked for is preferred and the newest comes next.
func findPostgres(path string, places []string, asked string) string {
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if hasPostgres(dir) {
			dirs = append(dirs, resolved(dir))
		}
	}
	for _, pattern := range places {
		matches, _ := filepath.Glob(pattern) // the patterns are well formed
		slices.SortFunc(matches, func(a, b string) int { return majorIn(b) - majorIn(a) })
		for _, dir := range matches {
			if hasPostgres(dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	if len(dirs) == 0 {
		return ""
	}
	if major, _, _ := strings.Cut(asked, "."); major != "" {
		for _, dir := range dirs {
			if strconv.Itoa(majorIn(dir)) == major {
				return dir
			}
		}
	}
	return dirs[0]
}

// resolved follows a link in PATH to the folder that names the version.
func resolved(dir string) string {
	if target, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil && hasPostgres(filepath.Dir(target)) {
		return filepath.Dir(target)
	}
	return dir
}

func hasPostgres(dir string) bool {
	return executable(filepath.Join(dir, "postgres")) && executable(filepath.Join(dir, "initdb"))
}

func findRedis(path string, places []string) string {
	for _, dir := range append(filepath.SplitList(path), places...) {
		if program := filepath.Join(dir, "redis-server"); executable(program) {
			return program
		}
	}
	return ""
}

func executable(path string) bool {
	if !filepath.IsAbs(path) {
		return false // a program in the current folder is never meant
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// versionOf is the number alone, and empty when the program can't be run.
func versionOf(ctx context.Context, program string) string {
	version, err := programVersion(ctx, program)
	if err != nil {
		return ""
	}
	return numberIn(version)
}

var number = regexp.MustCompile(`\d+(\.\d+)*`)

func numberIn(text string) string { return number.FindString(text) }

// majorIn is the major version that a folder's name tells, as in /usr/lib/postgresql/15/bin; 0 when it tells none.
func majorIn(dir string) int {
	major, _, _ := strings.Cut(numberIn(filepath.Base(filepath.Dir(dir))), ".")
	n, _ := strconv.Atoi(major) // 0 when there is none
	return n
}

func programVersion(ctx context.Context, path string) (string, error) {
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.SysProcAttr = attributes(program{}) // a Ctrl-C is meant for us
	out, err := cmd.Output()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s does not tell its version: %w", path, err)
	}
	return strings.TrimSpace(string(out)), nil
}
