package provenance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestWhichVariablesHoldSecrets(t *testing.T) {
	rows := []struct{ name, variable, text, want string }{
		{"a token", "API_TOKEN=abcdef123", "the abcdef123 here", "the [redacted] here"},
		{"a name in lower case", "my_secret=abcdef123", "abcdef123", "[redacted]"},
		{"a name that only contains the word", "PGPASSWORD2=abcdef123", "abcdef123", "[redacted]"},
		{"a passphrase", "SSH_PASSPHRASE=correct horse", "correct horse", "[redacted]"},
		{"a value with = in it", "KEY=ab==cdef==", "ab==cdef==", "[redacted]"},
		{"a value with spaces around it", "KEY= abcdef \n", "abcdef", "[redacted]"},
		{"another name", "USER_NAME=abcdef123", "abcdef123", "abcdef123"},
		{"a short value", "TOKEN=abcde", "abcde", "abcde"},
		{"a boolean", "TOKENIZERS=false", "false", "false"},
		{"a small number", "MAX_TOKENS=128000", "128000", "128000"},
		{"a number as long as a PIN", "KEY=12345678", "12345678", "[redacted]"},
		{"a duration", "KEY_TTL=1h30m0s", "1h30m0s", "1h30m0s"},
		{"a word of brunt's own", "POSTGRES_PASSWORD=postgres", "kind postgres", "kind postgres"},
		{"a reference", "TOKEN=${env.TOKEN}", "TOKEN: ${env.TOKEN}", "TOKEN: ${env.TOKEN}"},
		{"the password of a URL", "DATABASE_URL=postgres://u:hunter22@db/x", "hunter22", "[redacted]"},
		{"the password of a URL, with an @ and a / unencoded", "DATABASE_URL=postgres://u:hun@te/r22@db/x", "hun@te/r22", "[redacted]"},
		{"the password of a URL, decoded", "DATABASE_URL=postgres://u:hunt%40r22@db/x", "hunt@r22", "[redacted]"},
		{"the second of two URLs", "URLS=redis://:passwd1@a redis://:passwd2@b", "passwd1 passwd2", "[redacted] [redacted]"},
		{"the password of a libpq DSN", "DSN=host=db password='hunter 22' user=u", "hunter 22", "[redacted]"},
		{"the password of a MySQL DSN", "DSN=u:hunter22@tcp(db:3306)/x", "hunter22", "[redacted]"},
		{"the token in a query", "HOOK=https://h/x?a=b&token=abcdef1&c=d", "abcdef1", "[redacted]"},
		{"a host and port are no password", "ADDR=http://127.0.0.1:8080/x", "127.0.0.1:8080", "127.0.0.1:8080"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := NewRedactor([]string{"OTHER=x", row.variable}).Redact(row.text); got != row.want {
				t.Errorf("from the environment: got %q, want %q", got, row.want)
			}
			name, value, _ := strings.Cut(row.variable, "=")
			if got := NewRedactor(nil, nil, map[string]string{name: value}).Redact(row.text); got != row.want {
				t.Errorf("from a map: got %q, want %q", got, row.want)
			}
		})
	}
}

func TestPasswordsInURLsAreHiddenWhateverTheyAre(t *testing.T) {
	rows := []struct{ text, want string }{
		{"dial postgres://u:p@db:5432/x failed", "dial postgres://u:[redacted]@db:5432/x failed"},
		{"redis://:pw@h", "redis://:[redacted]@h"},
		{"http://u:p@ss@h/", "http://u:[redacted]@h/"},
		{"http://u@h/", "http://u@h/"},
		{"http://u:@h/", "http://u:@h/"},
		{"http://h:8080/a@b", "http://h:8080/a@b"},
		{"http://h:8080 mail a:b@c", "http://h:8080 mail a:b@c"},
		{`{"a":"http://h:80","b":"x@y"}`, `{"a":"http://h:80","b":"x@y"}`},
		{"mongodb://u:p1@h1:1,h2:2/x amqp://a:b@c", "mongodb://u:[redacted]@h1:1,h2:2/x amqp://a:[redacted]@c"},
		{"a:://u:p@h", "a:://u:[redacted]@h"},
		{"a:///u:p@h", "a:///u:p@h"},
		{"x://u:" + strings.Repeat("y", 2*longestUserinfo) + "@h", "x://u:" + strings.Repeat("y", 2*longestUserinfo) + "@h"},
		{"", ""},
	}
	for _, row := range rows {
		if got := NewRedactor(nil).Redact(row.text); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
		if got := written(NewRedactor(nil), row.text, 1); got != row.want {
			t.Errorf("byte by byte: got %q, want %q", got, row.want)
		}
	}
}

// written passes a text through a Writer in pieces of n bytes.
func written(r *Redactor, text string, n int) string {
	var out bytes.Buffer
	w := r.Writer(&out)
	for len(text) > n {
		w.Write([]byte(text[:n]))
		text = text[n:]
	}
	w.Write([]byte(text))
	w.Close()
	return out.String()
}

// encodings are the writings in which a secret must be found.
var encodings = map[string]func(string) string{
	"plain":          func(s string) string { return s },
	"query":          url.QueryEscape,
	"path":           url.PathEscape,
	"lower-case hex": func(s string) string { return hexEscape.ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower) },
	"userinfo":       func(s string) string { return "x://" + url.UserPassword("u", s).String() + "@h" },
	"JSON":           jsonText,
	"JSON in JSON":   func(s string) string { return jsonText(jsonText(s)) },
	"JSON for people": func(s string) string {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.Encode(s)
		return out.String()
	},
	"Go":     func(s string) string { return fmt.Sprintf("%q", s) },
	"ASCII":  strconv.QuoteToASCII,
	"base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"XML": func(s string) string {
		var out bytes.Buffer
		xml.EscapeText(&out, []byte(s))
		return out.String()
	},
}

func jsonText(s string) string {
	out, _ := json.Marshal(s)
	return string(out)
}

func TestASecretIsFoundInEveryWriting(t *testing.T) {
	for _, secret := range []string{"hunter22", `pa"ss\wo/rd`, "a b+c&d=e%f<g>h", "pässwörd/€", "tab\tnew\nline", "it's 100%", "$ecret!*()~", "\x00\x01bin\xff"} {
		r := NewRedactor([]string{"SECRET=" + secret})
		for name, encode := range encodings {
			text := "before " + encode(secret) + " after"
			got := r.Redact(text)
			if strings.Contains(got, strings.Trim(encode(secret), "\"\n")) || !strings.Contains(got, Redacted) {
				t.Errorf("%q as %s: %q", secret, name, got)
			}
			if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") {
				t.Errorf("%q as %s: more than the secret is gone: %q", secret, name, got)
			}
		}
	}
}

func TestASecretIsFoundInTheBase64OfALongerText(t *testing.T) {
	for _, secret := range []string{"hunter", "hunter2", "hunter22", "p\"ss~w?rd>>\xff\xfe"} {
		r := NewRedactor([]string{"PASSWORD=" + secret})
		for _, user := range []string{"", "u:", "me:", "you:", "them:"} {
			for _, c := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
				header := "Authorization: Basic " + c.EncodeToString([]byte(user+secret+"\n"))
				got := r.Redact(header)
				if !strings.Contains(got, Redacted) || len(got) > len("Authorization: Basic "+Redacted)+(len(user)+1)*8/6+4 {
					t.Errorf("%q after %q: %q became %q", secret, user, header, got)
				}
			}
		}
	}
}

func TestOverlappingSecretsBecomeOneMark(t *testing.T) {
	r := NewRedactor(nil)
	for _, s := range []string{"abcdef", "abcdefgh", "defxyz", "aaa"} {
		r.Add(s)
	}
	rows := []struct{ text, want string }{
		{"-abcdefgh-", "-[redacted]-"}, {"-abcdefxyz-", "-[redacted]-"}, {"-abcdefg-", "-[redacted]g-"},
		{"-abcdefabcdef-", "-[redacted]-"}, {"-aaaaa-", "-[redacted]-"}, {"-aa-", "-aa-"}, {"-abcdeabcdef", "-abcde[redacted]"},
	}
	for _, row := range rows {
		if got := r.Redact(row.text); got != row.want {
			t.Errorf("%q: got %q, want %q", row.text, got, row.want)
		}
	}
}

func TestASecretOfSeveralLinesIsFoundLineByLine(t *testing.T) {
	key := "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7VJTU\nshort\n-----END KEY-----\n"
	r := NewRedactor([]string{"TLS_KEY=" + key})
	for _, text := range []string{"MIIEvQIBADANBgkqhkiG9w0BAQEF", "x AASCBKcwggSjAgEAAoIBAQC7VJTU y", key, jsonText(key)} {
		if got := r.Redact(text); strings.Contains(got, "MII") || strings.Contains(got, "AASC") {
			t.Errorf("%q", got)
		}
	}
	if got := r.Redact("-----BEGIN KEY-----"); got != "-----BEGIN KEY-----" {
		t.Errorf("%q", got)
	}
}

func TestAVeryLongSecretIsHidden(t *testing.T) {
	var long strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&long, "%dé", i)
	}
	r := NewRedactor([]string{"SECRET=" + long.String()})
	if got := r.Redact("<" + long.String() + ">"); got != "<[redacted]>" {
		t.Errorf("%.100q", got)
	}
}

func TestASecretDoesNotAriseAnewBesideAMark(t *testing.T) {
	rows := []struct {
		secrets []string
		text    string
	}{
		{[]string{"]abcde"}, "]abcdeabcde"},
		{[]string{"abcde["}, "abcdeabcde["},
		{[]string{"d]x[re", "s3cret"}, "s3cretxs3cret"},
		{[]string{"ab[redacted]cd", "s3cret"}, "abs3cretcd"},
		{[]string{"edac[red", "s3cret"}, "edacs3cret"},
		{[]string{"http:[", "s3cret"}, "http:s3cret"},
		{[]string{"ed]@hosts"}, "x://u:pw@hosts"},
	}
	for _, row := range rows {
		r := NewRedactor(nil)
		for _, s := range row.secrets {
			r.Add(s)
		}
		for _, got := range []string{r.Redact(row.text), written(r, row.text, 1)} {
			for _, s := range row.secrets {
				if strings.Contains(got, s) {
					t.Errorf("%q holds %q", got, s)
				}
			}
		}
	}
}

func TestTheMarkItselfIsNoSecret(t *testing.T) {
	r := NewRedactor(nil)
	for _, s := range []string{"", "redacted", "[redacted]", "[redacted][redacted]", "acted][redac"} {
		r.Add(s)
	}
	if got := r.Redact("[redacted] redacted x"); got != "[redacted] redacted x" {
		t.Errorf("%q", got)
	}
}

func TestAWriterHoldsBackOnlyWhatMayBeASecret(t *testing.T) {
	r := NewRedactor([]string{"TOKEN=abcdef123"})
	var out bytes.Buffer
	w := r.Writer(&out)
	steps := []struct{ write, want string }{
		{"a line\n", "a line\n"}, {"x abc", "a line\nx "}, {"def12", "a line\nx "}, {"4\n", "a line\nx abcdef124\n"},
		{"postgres://u:", "a line\nx abcdef124\npostgres://u:"}, {"p", "a line\nx abcdef124\npostgres://u:"},
		{"@h", "a line\nx abcdef124\npostgres://u:"},
		{"/", "a line\nx abcdef124\npostgres://u:[redacted]@h/"},
	}
	for _, step := range steps {
		if n, err := w.Write([]byte(step.write)); n != len(step.write) || err != nil {
			t.Fatal(n, err)
		}
		if out.String() != step.want {
			t.Errorf("after %q: %q, want %q", step.write, out.String(), step.want)
		}
	}
}

func TestAWriterLearnsOfLaterSecrets(t *testing.T) {
	r := NewRedactor([]string{"TOKEN=first-secret"})
	var out bytes.Buffer
	w := r.Writer(&out)
	fmt.Fprint(w, "first-secret second-secret first-s")
	r.Add("second-secret")
	r.AddVariables(map[string]string{"A_KEY": "first-s3cret"})
	fmt.Fprint(w, "3cret second-")
	fmt.Fprint(w, "secret")
	w.Close()
	if want := "[redacted] second-secret [redacted] [redacted]"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestAWriterReportsTheErrorOfWhatIsBelow(t *testing.T) {
	w := NewRedactor(nil).Writer(&failing{left: 1})
	if err := w.Close(); err != nil {
		t.Errorf("nothing written, nothing to fail: %v", err)
	}
	if _, err := w.Write([]byte("a\n")); err != nil {
		t.Error(err)
	}
	for range 2 {
		if n, err := w.Write([]byte("b\n")); err == nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
	}
	if w.Close() == nil {
		t.Error("Close forgot the error")
	}
}

func TestARedactorMayBeUsedByMany(t *testing.T) {
	r := NewRedactor([]string{"TOKEN=abcdef123"})
	var out bytes.Buffer
	w := r.Writer(&out)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			r.Add(fmt.Sprintf("secret-%d", i))
			for range 50 {
				if got := r.Redact("abcdef123"); got != Redacted {
					t.Errorf("%q", got)
				}
				fmt.Fprint(w, "abcdef123 \n")
			}
		})
	}
	wait.Wait()
	w.Close()
	if strings.Contains(out.String(), "abcdef") {
		t.Errorf("%q", out.String())
	}
}

// FuzzRedact: whatever the secrets and the text, however it is cut, in whatever writing, no secret comes out; and what holds
// none comes out as it went in.
func FuzzRedact(f *testing.F) {
	f.Add("hunter22", "s3cret", "before ", " after", 3)
	f.Add("]abcde", "abcde[", "]abcde", "abcde[", 1)
	f.Add("ab[redacted]cd", "edac[red", "ab", "cd", 2)
	f.Add("a\"b\\c/d", "ü€\n\t<&>", "x://u:", "@h/p", 5)
	f.Add("aaa", "aaaa", "aa", "aaaaa", 4)
	f.Add("%41%42", `\u0041`, "postgres://u:p", "@h", 1)
	f.Fuzz(func(t *testing.T, one, two, before, after string, cut int) {
		if len(one)+len(two)+len(before)+len(after) > 2000 {
			return
		}
		r := NewRedactor(nil)
		r.Add(one)
		r.Add(two)
		text := before + one + after + two + before + after
		for name, encode := range encodings {
			text := text
			if name != "plain" {
				text = before + encode(one) + after + encode(two)
			}
			got := r.Redact(text)
			for _, secret := range []string{one, two} {
				encoded := encode(secret)
				if (name == "plain" || name == "query" || name == "path") && !onlyMarks(encoded) && strings.Contains(got, encoded) {
					t.Errorf("%q as %s is in %q", secret, name, got)
				}
				if !onlyMarks(secret) && strings.Contains(got, secret) {
					t.Errorf("%q is in %q", secret, got)
				}
			}
			if again := written(r, text, max(cut%64, 1)); again != got {
				t.Errorf("in pieces of %d: %q, at once: %q", max(cut%64, 1), again, got)
			}
		}
		if plain := NewRedactor(nil).Redact(before); !strings.Contains(before, "@") && plain != before {
			t.Errorf("%q became %q", before, plain)
		}
	})
}

func BenchmarkRedactALogLine(b *testing.B) {
	environ := []string{}
	for i := range 30 {
		environ = append(environ, fmt.Sprintf("TOKEN_%d=ghp_%032d", i, i*i*7919))
	}
	r := NewRedactor(environ)
	line := strings.Repeat("level=info msg=\"order created\" id=12345 took=1.2ms ", 4)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		r.Redact(line)
	}
}
