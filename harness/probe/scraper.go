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

// Source is a service that tells its metrics.
type Source struct {
	Node string
	URL  string // of its metrics
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
}

// StartScraping scrapes every source once, with a few tries, so that it is known what each tells, and then goes on in the
// background until Stop. A source that does not answer is no error: see Missed.
func StartScraping(ctx context.Context, o ScrapeOptions) (*Scraper, error) {
	o = o.withDefaults()
	writer, err := recording.NewWriter(o.Out)
	if err != nil {
		return nil, fmt.Errorf("record the services' metrics: %w", err)
	}
	s := &Scraper{options: o, writer: writer, client: &http.Client{
		// One connection for each source is kept. No proxy of the environment stands between us and loopback.
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, source := range o.Sources {
		s.scrapes = append(s.scrapes, &scrapes{Source: source, Scrape: results.Scrape{Node: source.Node}, series: newSeries(source.Node, o)})
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
		// Sources are asked one after another within the second, not all at once.
		offset := o.Interval * time.Duration(i) / time.Duration(len(s.scrapes))
		s.running.Go(func() { s.run(ctx, one, offset) })
	}
	return s, nil
}

// Told lists the series that the first scrapes found.
func (s *Scraper) Told() []Series { return s.told }

// Stop ends the scraping and says what became of it, by node in the order of the sources. The error is that of the recording.
func (s *Scraper) Stop() ([]results.Scrape, error) {
	s.stop()
	s.running.Wait()
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
	for {
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		s.scrape(ctx, one)
		for next = next.Add(s.options.Interval); time.Until(next) < 0; {
			next = next.Add(s.options.Interval)
		}
	}
}

// scrape asks a source once and records what changed. It reports whether there was an answer.
func (s *Scraper) scrape(ctx context.Context, one *scrapes) bool {
	asked := time.Now()
	body, err := s.ask(ctx, one.URL)
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
		frame.Points = append(frame.Points, one.series.own(metricTook, answered.Sub(asked).Seconds()))
	}
	up := 1.0
	if err != nil {
		up = 0
	}
	frame.Points = append(frame.Points, one.series.own(metricUp, up))
	s.write(frame)
	return err == nil
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

// ask is what a source answers within the deadline.
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
