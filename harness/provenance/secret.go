package provenance

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what is taken for a secret, in characters; see Redactor.
const (
	shortestSecret = 6
	shortestNumber = 8
	shortestLine   = 16 // of a secret of several lines, such as a PEM key
	longestNeedle  = 1024
)

// vocabulary are words that brunt itself writes into records.
var vocabulary = wordSet(`aborted broken complete inconclusive service dependency postgres reference command docker steady
	warmup recovery latency timeout bandwidth password secret default disabled enabled require required prefer verify-full`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

var (
	secretName = regexp.MustCompile(`(?i)KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE`)
	reference  = regexp.MustCompile(`^\$\{[^{}]*\}$`)

	// Passwords inside a value. Each has one group: the password. The first is greedy, as many write an @ or a / into a
	// password without encoding it.
	urlPassword   = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@]*:(\S+)@`)
	strictURL     = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@]*:([^\s/@]+)@`)
	mysqlPassword = regexp.MustCompile(`^[^\s:/@]+:(\S+)@(?:tcp|unix)\(`)
	pairPassword  = regexp.MustCompile(`(?i)[a-z_.-]*(?:password|passwd|pwd|token|secret|key)=('[^']*'|"[^"]*"|[^&;,\s'"]+)`)
)

// secretsOf returns the secrets in one variable.
func secretsOf(name, value string) []string {
	var found []string
	if secretName.MatchString(name) {
		found = append(found, value, strings.TrimSpace(value))
	}
	for _, pattern := range []*regexp.Regexp{urlPassword, strictURL, mysqlPassword, pairPassword} {
		for _, match := range pattern.FindAllStringSubmatch(value, -1) {
			password := strings.Trim(match[1], `'"`)
			found = append(found, password)
			if decoded, err := url.PathUnescape(password); err == nil {
				found = append(found, decoded)
			}
		}
	}
	secrets := found[:0]
	for _, candidate := range found {
		if worthHiding(candidate) {
			secrets = append(secrets, candidate)
		}
	}
	return secrets
}

// worthHiding says whether a value can be a secret at all.
func worthHiding(value string) bool {
	trimmed := strings.TrimSpace(value)
	length := utf8.RuneCountInString(trimmed)
	if length < shortestSecret || vocabulary[strings.ToLower(trimmed)] || reference.MatchString(trimmed) {
		return false
	}
	if _, err := strconv.ParseFloat(trimmed, 64); err == nil && length < shortestNumber {
		return false
	}
	if _, err := time.ParseDuration(trimmed); err == nil && length < 2*shortestNumber {
		return false
	}
	return true
}

// forms returns a secret in all the writings that it is looked for in.
func forms(secret string) []string {
	if len(secret) > longestNeedle {
		cut := longestNeedle
		for cut > longestNeedle-utf8.UTFMax && !utf8.RuneStart(secret[cut]) {
			cut--
		}
		return append(forms(secret[:cut]), forms(secret[cut:])...)
	}
	parts := []string{secret}
	if strings.Contains(secret, "\n") {
		for line := range strings.Lines(secret) {
			line = strings.TrimSpace(line)
			if len(line) >= shortestLine && !strings.HasPrefix(line, "-----") {
				parts = append(parts, line)
			}
		}
	}
	var all []string
	for _, part := range parts {
		for _, form := range writings(part) {
			all = append(all, unmarked(form)...)
		}
	}
	return all
}

// writings returns a text as the formats write it in which logs, reports and commands repeat it.
func writings(text string) []string {
	query := url.QueryEscape(text)
	once := jsonEscapes(text)
	all := []string{
		text, query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(text),
		strings.TrimPrefix(url.UserPassword("", text).String(), ":"),
		componentEscape(text),
		html.EscapeString(text), xmlEscape(text), strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text),
	}
	for _, escaped := range once {
		all = append(all, escaped)
		all = append(all, jsonEscapes(escaped)...)
	}
	for _, c := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, c.EncodeToString([]byte(text)), c.WithPadding(base64.NoPadding).EncodeToString([]byte(text)))
		all = append(all, insideBase64(text, c)...)
	}
	for _, form := range all {
		all = append(all, hexEscape.ReplaceAllStringFunc(form, strings.ToLower),
			hexEscape.ReplaceAllStringFunc(form, upperHex))
	}
	return all
}

// insideBase64 is what a text looks like in the base64 of a longer one, as in the header of HTTP's basic authentication
// (user:password): there are three writings, by where it begins. The characters at its ends, which it shares with its
// neighbours, are left out.
func insideBase64(text string, c *base64.Encoding) []string {
	if len(text) < shortestSecret {
		return nil // what is left of it would be found everywhere
	}
	var all []string
	for before := range 3 {
		encoded := c.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
		first := (before*8 + 5) / 6         // the first character that is of the text alone
		end := (before + len(text)) * 8 / 6 // after the last one
		all = append(all, encoded[first:end])
	}
	return all
}

// hexEscape is an escape whose digits come in either case.
var hexEscape = regexp.MustCompile(`%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}`)

func upperHex(escape string) string {
	prefix := len(escape) - len(strings.TrimLeft(escape, `%\u`))
	return escape[:prefix] + strings.ToUpper(escape[prefix:])
}

// jsonEscapes returns what stands between the quotes in JSON, with and without the escapes for HTML, in ASCII only, with
// slashes escaped, and in Go's own quoting.
func jsonEscapes(text string) []string {
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string can't fail
	unquoted := inner(strings.TrimSuffix(plain.String(), "\n"))
	safe, _ := json.Marshal(text)
	return []string{
		unquoted, inner(string(safe)), strings.ReplaceAll(unquoted, "/", `\/`),
		inner(strconv.QuoteToASCII(text)), inner(strconv.Quote(text)),
	}
}

func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// componentEscape is encodeURIComponent of JavaScript.
func componentEscape(text string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").
		Replace(url.QueryEscape(text))
}

func xmlEscape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder can't fail
	return out.String()
}

// unmarked returns a needle, and further ones that keep it from arising anew out of a mark and what stands beside it: if
// the secret is "]abcdef", then "[redacted]abcdef" would contain it, so "abcdef" is looked for as well. The more of the
// mark a secret repeats, the more is hidden. Nothing is returned of a needle that is made of marks alone: it can't be hidden.
func unmarked(needle string) []string {
	if onlyMarks(needle) {
		return nil
	}
	var all []string
	seen := map[string]bool{"": true}
	var add func(string)
	add = func(text string) {
		if seen[text] {
			return
		}
		seen[text] = true
		all = append(all, text)
		for k := 1; k <= len(Redacted); k++ {
			if rest, ok := strings.CutPrefix(text, Redacted[len(Redacted)-k:]); ok {
				add(rest)
			}
			if rest, ok := strings.CutSuffix(text, Redacted[:k]); ok {
				add(rest)
			}
		}
		if before, after, ok := strings.Cut(text, Redacted); ok {
			add(before)
			add(after)
		}
	}
	add(needle)
	return all
}

// onlyMarks says whether a text is part of a mark, or an end of a mark, marks, and a beginning of a mark.
func onlyMarks(text string) bool {
	if strings.Contains(Redacted, text) {
		return true
	}
	for k := range len(Redacted) + 1 {
		rest, ok := strings.CutPrefix(text, Redacted[len(Redacted)-k:])
		for ok && strings.HasPrefix(rest, Redacted) {
			rest = rest[len(Redacted):]
		}
		if ok && strings.HasPrefix(Redacted, rest) {
			return true
		}
	}
	return false
}
