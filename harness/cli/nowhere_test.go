package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devcraft-studio/brunt/results/recording"
)

// spelled is a file with what is packed in it: of a recording, the names of its series.
func spelled(file []byte) []byte {
	r, err := recording.NewReader(bytes.NewReader(file))
	if err != nil { // not a recording
		return file
	}
	seen := map[recording.Key]bool{}
	for {
		f, err := r.Next()
		if err != nil {
			return file
		}
		for _, p := range f.Points {
			if seen[p.Key] {
				continue
			}
			seen[p.Key] = true
			file = fmt.Appendf(file, "\n%s{%s}", p.Key.Metric, p.Key.Tags)
			tags, err := recording.SplitTags(p.Key.Tags)
			for _, name := range slices.Sorted(maps.Keys(tags)) {
				file = fmt.Appendf(file, "\n%s %s %v", name, tags[name], err)
			}
		}
	}
}

// watch reads the store, its write-ahead log and the leases again and again, until the function that it returns is called,
// which returns every state that was seen.
func (p *place) watch() func() map[string][]byte {
	states, over := map[string][]byte{}, make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		last := map[string]string{}
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			leases, _ := filepath.Glob(filepath.Join(p.tmp, "brunt-*"))
			folders := []string{"store"}
			for _, dir := range leases {
				folders = append(folders, filepath.Join("tmp", filepath.Base(dir), "leases"))
			}
			for _, folder := range folders {
				for name, text := range p.files(folder) {
					if last[name] != string(text) {
						last[name] = string(text)
						states[fmt.Sprintf("%s, state %d", name, len(states))] = text
					}
				}
			}
			select {
			case <-over:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	return func() map[string][]byte {
		p.Helper()
		close(over)
		done.Wait()
		return states
	}
}

// nowhere fails for every secret that stands in one of the texts, in whatever writing.
func nowhere(t *testing.T, secrets map[string]string, texts map[string][]byte) {
	t.Helper()
	for _, way := range slices.Sorted(maps.Keys(secrets)) {
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			for form, written := range formsOf(secrets[way]) {
				if i := bytes.Index(texts[name], []byte(written)); i >= 0 {
					t.Errorf("the secret by way of %s stands in %s as %s: %q", way, name, form, texts[name][max(0, i-60):min(len(texts[name]), i+len(written)+20)])
				}
			}
		}
	}
}

// formsOf are the writings in which a secret is looked for. They are made here and not by the redactor: what it forgets
// must be found.
func formsOf(secret string) map[string]string {
	quoted := func(v any) string { b, _ := json.Marshal(v); return string(b[1 : len(b)-1]) }
	var plain, escaped bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret)
	_ = xml.EscapeText(&escaped, []byte(secret))
	forms := map[string]string{
		"itself": secret, "a query": url.QueryEscape(secret), "a path": url.PathEscape(secret),
		"a URI component": strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"),
		"userinfo":        strings.TrimPrefix(url.UserPassword("", secret).String(), ":"),
		"JSON":            quoted(secret), "JSON in JSON": quoted(quoted(secret)),
		"plain JSON": strings.Trim(strings.TrimSpace(plain.String()), `"`), "plain JSON in JSON": quoted(strings.Trim(strings.TrimSpace(plain.String()), `"`)),
		"Go": strings.Trim(strconv.Quote(secret), `"`), "HTML": html.EscapeString(secret), "XML": escaped.String(),
		"Markdown": strings.ReplaceAll(secret, "<", `\<`), "hexadecimal": fmt.Sprintf("%x", secret),
	}
	for before := range 3 { // by where it begins in a longer text; the characters at its ends are not its own
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("u", before) + secret))
		text = text[(before*8+5)/6 : (before+len(secret))*8/6]
		forms[fmt.Sprintf("base64 at %d", before)] = text
		forms[fmt.Sprintf("URL's base64 at %d", before)] = strings.NewReplacer("+", "-", "/", "_").Replace(text)
	}
	return forms
}

// marked fails unless the texts whose names end like that hold what shows that a secret stood there.
func marked(t *testing.T, texts map[string][]byte, wanted map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if text := whole(texts, name); !strings.Contains(text, wanted[name]) {
			t.Errorf("%s (%d bytes) lacks %q, so that nothing is proven of it:\n%.3000s", name, len(text), wanted[name], text)
		}
	}
}

// whole is the text whose name ends like that.
func whole(texts map[string][]byte, name string) string {
	for full, text := range texts {
		if strings.HasSuffix(full, name) {
			return string(text)
		}
	}
	return ""
}
