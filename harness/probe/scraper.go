package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/devcraft-studio/brunt/results"
	"github.com/devcraft-studio/brunt/results/recording"
)

// Source is somebody who tells metrics of a node.
type Source struct {
	Node string
	URL  string // of the page where a service tells its own
	// Name tells several sources of one node apart; empty: the service's own page.
	Name   string
	Teller Teller // in place of a page
}

// Teller tells metrics in Prometheus's text format, as they are now. It returns when ctx ends, at the latest.
type Teller interface {
	Tell(ctx context.Context) ([]byte, error)
}

// ScrapeOptions say what is scraped and where it goes. The zero value of a number is its default.
type ScrapeOptions struct {
	Sources []Source
	// Out takes the recording: a frame for each scrape of a source, from the moment that was asked to that of the answer. It is
	// not closed.
	Out io.Writer
	// Redact takes secrets out of the values of labels; nil leaves them.
	Redact func(string) string
	Logger *slog.Logger

	Interval   time.Duration // between two scrapes of a source; default 1 s
	Deadline   time.Duration // for an answer; default 800 ms, so that one scrape is over before the next is due
	MostSeries int           // of a source, beyond which series are left out; default 2000
}

const (
	scrapeInterval = time.Second
	scrapeDeadline = 800 * time.Millisecond
	mostSeries     = 2000
	mostScraped    = 4 << 20 // bytes of one answer
	firstTries     = 5
	betweenTries   = 200 * time.Millisecond
	apart          = 10 * time.Millisecond // sources of one moment, at most

	// The text format is what every client library speaks; it is asked for without compression, which would cost the service more
	// than the loopback saves.
	textFormat = "text/plain;version=0.0.4;q=1,*/*;q=0.1"
)

func (o ScrapeOptions) withDefaults() ScrapeOptions {
	if o.Interval <= 0 {
		o.Interval = scrapeInterval
	}
	if o.Deadline <= 0 {
		o.Deadline = scrapeDeadline
	}
	if o.MostSeries <= 0 {
		o.MostSeries = mostSeries
	}
	if o.Redact == nil {
		o.Redact = func(s string) string { return s }
	}
	return o
}

// Scraper scrapes the metrics of services once a second, beside a trial and without a say in it: whatever goes wrong is counted
// and told.
type Scraper struct {
	options ScrapeOptions
	scrapes []*scrapes
	client  *http.Client
	stop    context.CancelFunc
	running sync.WaitGroup
	told    []Series
	align   sync.Once
	aligned chan struct{} // closed when zero is known
	zero    time.Time

	mu     sync.Mutex // guards writer
	writer *recording.Writer
	failed error // of the writer; nothing is written after it
}

// scrapes are those of one source.
type scrapes struct {
	Source
	results.Scrape
	series *series
	took   time.Duration
	up     bool // the last one was answered
}

// StartScraping scrapes every source once, with a few tries, so that it is known what each tells, and then goes on in the
// background until Stop. A source that does not answer is no error: see Missed.
func StartScraping(ctx context.Context, o ScrapeOptions) (*Scraper, error) {
	o = o.withDefaults()
	writer, err := recording.NewWriter(o.Out)
	if err != nil {
		return nil, fmt.Errorf("record the services' metrics: %w", err)
	}
	s := &Scraper{options: o, writer: writer, aligned: make(chan struct{}), client: &http.Client{
		// One connection for each source is kept. No proxy of the environment stands between us and loopback.
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, source := range o.Sources {
		s.scrapes = append(s.scrapes, &scrapes{
			Source: source, Scrape: results.Scrape{Node: source.Node, Source: source.Name}, series: newSeries(source, o),
		})
	}
	var first sync.WaitGroup
	for _, one := range s.scrapes {
		first.Go(func() { s.first(ctx, one) })
	}
	first.Wait()
	for _, one := range s.scrapes {
		s.told = append(s.told, one.series.told()...)
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	for i, one := range s.scrapes {
		// Sources are asked one shortly after another, not all at once.
		offset := min(apart, o.Interval/2/time.Duration(len(s.scrapes))) * time.Duration(i)
		s.running.Go(func() { s.run(ctx, one, offset) })
	}
	return s, nil
}

// Told lists the series that the first scrapes found.
func (s *Scraper) Told() []Series { return s.told }

// Align lets scrapes fall on whole intervals from zero on, where the frames of the load begin and end, so that what is counted in one
// can be divided by what is counted in the other. It may be called once; zero may lie in the future.
func (s *Scraper) Align(zero time.Time) {
	s.align.Do(func() {
		s.zero = zero
		close(s.aligned)
	})
}

// Stop scrapes every source that answered the last time once more, for what the end of the load added, ends the scraping and says
// what became of it, by node in the order of the sources. The error is that of the recording.
func (s *Scraper) Stop() ([]results.Scrape, error) {
	s.stop()
	s.running.Wait()
	var last sync.WaitGroup
	for _, one := range s.scrapes {
		if one.up {
			last.Go(func() { s.scrape(context.Background(), one) })
		}
	}
	last.Wait()
	s.client.CloseIdleConnections()
	var all []results.Scrape
	for _, one := range s.scrapes {
		if answered := one.Asked - one.Missed; answered > 0 {
			one.Took = float64(one.took.Microseconds()) / 1000 / float64(answered)
		}
		one.Series, one.LeftOut = one.series.counts()
		all = append(all, one.Scrape)
	}
	return all, s.failed
}

// first scrapes a source until it answers, or for a few tries.
func (s *Scraper) first(ctx context.Context, one *scrapes) {
	for range firstTries {
		if s.scrape(ctx, one) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(betweenTries):
		}
	}
}

// run scrapes a source at each interval. A moment that has passed is left out, not made up for.
func (s *Scraper) run(ctx context.Context, one *scrapes, offset time.Duration) {
	next := time.Now().Add(s.options.Interval + offset)
	aligned := s.aligned
	for {
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-aligned:
			timer.Stop()
			aligned, next = nil, s.following(time.Now()).Add(offset)
			continue
		case <-timer.C:
		}
		s.scrape(ctx, one)
		for next = next.Add(s.options.Interval); time.Until(next) < 0; {
			next = next.Add(s.options.Interval)
		}
	}
}

// following is the first whole interval from zero after a moment.
func (s *Scraper) following(now time.Time) time.Time {
	since := now.Sub(s.zero)
	n := since / s.options.Interval
	if since >= 0 {
		n++
	}
	return s.zero.Add(n * s.options.Interval)
}

// scrape asks a source once and records what changed. It reports whether there was an answer.
func (s *Scraper) scrape(ctx context.Context, one *scrapes) bool {
	asked := time.Now()
	body, err := s.answer(ctx, one.Source)
	if ctx.Err() != nil {
		return false // it was not missed: nobody wants it any more
	}
	answered := time.Now()
	one.Asked++
	one.Bytes += int64(len(body))
	frame := &recording.Frame{Start: asked.UnixNano(), End: answered.UnixNano()}
	if err == nil {
		frame.Points, err = one.series.take(body)
	}
	frame.End = max(frame.End, frame.Start) // the wall clock may have been set
	if err != nil {
		one.Missed++
		if one.Reason == "" {
			one.Reason = s.options.Redact(err.Error())
		}
		frame.Points = nil
	} else {
		one.took += answered.Sub(asked)
		frame.Points = append(frame.Points, one.series.own(one.series.took, answered.Sub(asked).Seconds()))
	}
	up := 1.0
	if err != nil {
		up = 0
	}
	one.up = err == nil
	frame.Points = append(frame.Points, one.series.own(one.series.up, up))
	s.write(frame)
	return err == nil
}

// answer is what a source tells within the deadline.
func (s *Scraper) answer(ctx context.Context, source Source) ([]byte, error) {
	if source.Teller == nil {
		return s.ask(ctx, source.URL)
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Deadline)
	defer cancel()
	return source.Teller.Tell(ctx)
}

func (s *Scraper) write(f *recording.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return
	}
	if err := s.writer.Write(f); err != nil {
		s.failed = fmt.Errorf("record the services' metrics: %w", err)
		s.options.Logger.Warn("no more metrics are recorded", "error", err)
	}
}

var errLong = errors.New("the answer is longer than 4 MiB")

// ask is what a page answers within the deadline.
func (s *Scraper) ask(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Deadline)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", textFormat)
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: status %s", url, response.Status)
	}
	var body bytes.Buffer
	n, err := body.ReadFrom(io.LimitReader(response.Body, mostScraped+1))
	switch {
	case err != nil:
		return nil, err
	case n > mostScraped:
		return nil, errLong
	}
	return body.Bytes(), nil
}
