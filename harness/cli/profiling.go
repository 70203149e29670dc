package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/harness/load"
	"github.com/devcraft-studio/brunt/harness/probe"
	"github.com/devcraft-studio/brunt/harness/site"
	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/profile"
)

const (
	// usualProfiles is where a service in Go has its profiles, unless its experiment says otherwise.
	usualProfiles = "/debug/pprof"
	// profilePatience is how long beyond its length a profile may take to come.
	profilePatience = 10 * time.Second
	// shorterProfile is what is asked for where a service refuses a longer one at once: its answers may take no longer than its
	// WriteTimeout, which is often half a minute.
	shorterProfile, atOnce = 10 * time.Second, 2 * time.Second
	// mostProfile is how large a profile may be, in bytes.
	mostProfile = 64 << 20
)

// profiling takes profiles of the services of two builds while load runs, and keeps them as files of the run.
type profiling struct {
	length time.Duration // whole seconds from t = 0 on

	takers sync.WaitGroup
	mu     sync.Mutex
	taken  map[string]*[2]profiles // by service, of the baseline and the candidate
}

// profiles are those of one service in one build.
type profiles map[results.ProfileKind]takenProfile

// takenProfile is a profile, or why there is none.
type takenProfile struct {
	data []byte
	why  string
}

// newProfiling is for loads of that length.
func newProfiling(measured time.Duration) *profiling {
	return &profiling{
		length: max(time.Second, (measured - time.Second).Truncate(time.Second)),
		taken:  map[string]*[2]profiles{},
	}
}

// watch begins to take the profiles of a build's services, from t = 0 of the load on.
func (p *profiling) watch(as *assembly, build int, s *site.Site, process *load.Process) {
	if p == nil {
		return
	}
	for _, n := range s.Nodes {
		switch _, named := as.profilesOf(n); {
		case n.Role != "service":
		case n.Kind == "url" && !named: // somebody else started it
			p.note(n.Name, build, results.ProfileCPU, nil, "it is asked only where the experiment names its pprof")
		default:
			p.takers.Go(func() { p.take(as, build, n, process) })
		}
	}
}

// wait waits until all are taken, which they are at the end of the load.
func (p *profiling) wait() {
	if p != nil {
		p.takers.Wait()
	}
}

// profilePage is a page of a service's profiles.
type profilePage struct {
	kind  results.ProfileKind
	path  string
	timed bool // it is of a stretch of time, and takes as long
}

// fetch asks for the profile below a base URL, of that length where it has one.
func (g profilePage) fetch(ctx context.Context, base string, length time.Duration) (data []byte, err error) {
	url := base + g.path
	if g.timed {
		url += fmt.Sprintf("?seconds=%d", int(length.Seconds()))
	}
	err = probe.Stream(ctx, url, func(r io.Reader) (err error) {
		if data, err = io.ReadAll(io.LimitReader(r, mostProfile)); err == nil {
			err = profile.Check(data)
		}
		return err
	})
	return data, err
}

// take takes the profiles of one service: of CPU and contention over the same seconds, and of the heap after them.
func (p *profiling) take(as *assembly, build int, n *site.Node, process *load.Process) {
	if !awaitZero(as.ctx, process) {
		p.note(n.Name, build, results.ProfileCPU, nil, "the load did not begin")
		return
	}
	ctx, cancel := context.WithTimeout(as.ctx, p.length+profilePatience)
	defer cancel()
	defer cutShort(ctx, process, cancel)()
	var both sync.WaitGroup
	for _, page := range []profilePage{{results.ProfileCPU, "/profile", true}, {results.ProfileMutex, "/mutex", true}} {
		both.Go(func() { p.keep(ctx, as, build, n, page) })
	}
	both.Wait()
	p.keep(ctx, as, build, n, profilePage{kind: results.ProfileHeap, path: "/heap"})
}

// cutShort cancels what still waits for an answer when the load has been over for a while. The function that it returns ends that.
func cutShort(ctx context.Context, process *load.Process, cancel context.CancelFunc) (end func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-process.Done():
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(profilePatience / 2):
			cancel()
		case <-ctx.Done():
		}
	}()
	return func() { cancel(); <-ended }
}

// awaitZero waits for t = 0; false: the load ended before.
func awaitZero(ctx context.Context, process *load.Process) bool {
	select {
	case <-process.Started():
	case <-process.Done():
		return false
	case <-ctx.Done():
		return false
	}
	select {
	case <-time.After(time.Until(process.Zero())):
		return true
	case <-process.Done():
		return false
	case <-ctx.Done():
		return false
	}
}

// keep takes one profile and keeps it as BUILD-SERVICE-KIND.pprof.
func (p *profiling) keep(ctx context.Context, as *assembly, build int, n *site.Node, page profilePage) {
	base, _ := as.profilesOf(n)
	began := time.Now()
	data, err := page.fetch(ctx, base, p.length)
	if err != nil && page.timed && p.length > shorterProfile && time.Since(began) < atOnce {
		data, err = page.fetch(ctx, base, shorterProfile)
	}
	if err == nil {
		name := fmt.Sprintf("%s-%s-%s.pprof", (&side{number: build}).name(), n.Name, page.kind)
		err = os.WriteFile(filepath.Join(as.dir, name), data, 0o644)
	}
	why := ""
	if err != nil {
		why = as.inv.redactor.Redact(oneLine(err.Error()))
	}
	p.note(n.Name, build, page.kind, data, why)
}

// profilesOf is where a service has its profiles, and whether its experiment says so.
func (as *assembly) profilesOf(n *site.Node) (url string, named bool) {
	path := usualProfiles
	for _, s := range as.inv.question.experiment.Services {
		if s.Name == n.Name && s.Pprof != "" {
			path, named = strings.TrimSuffix(s.Pprof, "/"), true
		}
	}
	return as.tellsAt(n) + path, named
}

// note notes a profile of a service, or why there is none.
func (p *profiling) note(service string, build int, kind results.ProfileKind, data []byte, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[service] == nil {
		p.taken[service] = &[2]profiles{{}, {}}
	}
	of := p.taken[service][build]
	of[kind] = takenProfile{data, why}
}

// compare says where the time of each service went, given how many iterations each build served. What can't be compared is named, with
// the reason.
func (p *profiling) compare(found *results.Profiled) {
	served := [2]float64{found.BaselineServed, found.CandidateServed}
	for _, service := range slices.Sorted(maps.Keys(p.taken)) {
		cpu, err := p.compareOne(service, results.ProfileCPU, served)
		if err != nil {
			found.Without = append(found.Without, service+": "+err.Error())
			continue
		}
		found.Profiles = append(found.Profiles, cpu)
		mutex, err := p.compareOne(service, results.ProfileMutex, served)
		if err != nil {
			found.Warnings = append(found.Warnings, "who waited for locks in "+service+" is not known: "+err.Error())
			continue
		}
		found.Profiles = append(found.Profiles, mutex)
	}
}

// compareOne compares the profiles of a kind of one service, given the iterations that each build served a second.
func (p *profiling) compareOne(service string, kind results.ProfileKind, served [2]float64) (results.ProfileComparison, error) {
	var of [2]profile.Taken
	for i, one := range p.taken[service] {
		if one[kind].why != "" {
			return results.ProfileComparison{}, fmt.Errorf("the %s's %s profile: %s", (&side{number: i}).name(), kind, one[kind].why)
		}
		of[i] = profile.Taken{Data: one[kind].data, Length: p.length, Served: served[i]}
	}
	return profile.Compare(service, kind, of[0], of[1])
}
