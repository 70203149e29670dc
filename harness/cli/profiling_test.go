package cli

import (
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/devcraft-studio/brunt/results"
)

// profiledService is one in Go that has its profiles where every such service has them, and at /page what any path of a web shop answers.
func profiledService(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/page/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>welcome</html>")) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestProfilesAreTakenOfWhoHasThem(t *testing.T) {
	url := profiledService(t)
	for _, row := range []struct {
		name string
		page profilePage
		base string
		says string // empty: it has one
	}{
		{"CPU", profilePage{results.ProfileCPU, "/profile", true}, "/debug/pprof", ""},
		{"contention", profilePage{results.ProfileMutex, "/mutex", true}, "/debug/pprof", ""},
		{"heap", profilePage{results.ProfileHeap, "/heap", false}, "/debug/pprof", ""},
		{"nothing there", profilePage{results.ProfileCPU, "/profile", true}, "/elsewhere", "404"},
		{"a page for whatever is asked", profilePage{results.ProfileCPU, "/profile", true}, "/page", "it is no profile"},
	} {
		data, err := row.page.fetch(t.Context(), url+row.base, time.Second)
		switch {
		case row.says == "" && (err != nil || len(data) == 0):
			t.Errorf("%s: %d bytes, %v", row.name, len(data), err)
		case row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)):
			t.Errorf("%s: %v, not %q", row.name, err, row.says)
		}
	}
}

func TestServicesWithoutProfilesAreNamed(t *testing.T) {
	cpu, err := profilePage{results.ProfileCPU, "/profile", true}.fetch(t.Context(), profiledService(t)+"/debug/pprof", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	p := newProfiling(3 * time.Second)
	for build := range 2 {
		p.note("api", build, results.ProfileCPU, cpu, "")
		p.note("api", build, results.ProfileMutex, nil, "status 404")
		p.note("mail", build, results.ProfileCPU, nil, "status 404")
	}
	found := &results.Profiled{BaselineServed: 100, CandidateServed: 100}
	p.compare(found)
	if len(found.Profiles) != 1 || found.Profiles[0].Service != "api" || found.Profiles[0].Kind != results.ProfileCPU {
		t.Errorf("%+v", found.Profiles)
	}
	if diff := cmp.Diff([]string{"mail: the baseline's cpu profile: status 404"}, found.Without); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"who waited for locks in api is not known: the baseline's mutex profile: status 404"}, found.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestProfilesLastAlmostAsLongAsTheLoad(t *testing.T) {
	for measured, want := range map[time.Duration]time.Duration{
		45 * time.Second: 44 * time.Second, 5400 * time.Millisecond: 4 * time.Second, 1500 * time.Millisecond: time.Second, 0: time.Second,
	} {
		if got := newProfiling(measured).length; got != want {
			t.Errorf("under a load of %v they take %v, not %v", measured, got, want)
		}
	}
}
