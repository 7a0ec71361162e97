package logfollow

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	. "github.com/onsi/gomega"
)

const at = "2026-01-02T03:04:05.678901234Z "

// feed reads the stream by at most size bytes at once, and returns whether the word was found.
func feed(m *Matcher, stream string, size int, end bool) bool {
	for len(stream) > 0 {
		n := copy(m.Space(), stream[:min(size, len(stream))])
		if m.Advance(n) {
			return true
		}
		stream = stream[n:]
	}
	return end && m.Pending()
}

func TestMatcher(t *testing.T) {
	tests := map[string]struct {
		word, stream string
		found, cut   bool // found when the stream ends, and when it is cut
	}{
		"a line":                         {"done", at + "done\n", true, true},
		"within a line":                  {"done", at + "I am done.\n", true, true},
		"after other lines":              {"done", at + "a\n" + at + "b\n" + at + "done\n", true, true},
		"part of a word":                 {"done", at + "undone abandoned doner done_ 1done\n", false, false},
		"part of a word, then alone":     {"done", at + "undone done\n", true, true},
		"another case":                   {"done", at + "Done\n", false, false},
		"letters beyond ASCII":           {"done", at + "donné édone doneé\n", false, false},
		"punctuation beyond ASCII":       {"done", at + "«done»\n", true, true},
		"binary around it":               {"done", at + "\xff\xfedone\xff\x00\n", true, true},
		"in the timestamp only":          {"2026", at + "nothing\n", false, false},
		"in the timestamp and the line":  {"2026", at + "year 2026\n", true, true},
		"part of the timestamp":          {"03", at + "x\n", false, false},
		"no line break at the end":       {"done", at + "done", true, false},
		"no timestamp":                   {"done", "done\n", false, false},
		"a kubelet's error":              {"done", at + "x\nfailed to open log file \"/var/log/pods/ns_done-x\": gone", false, false},
		"an error, then its line":        {"done", "failed: done and gone, which takes more bytes than a timestamp may have\n" + at + "done\n", true, true},
		"the rest of an earlier line":    {"done", "done\n" + at + "x\n", false, false},
		"a zone of its own":              {"done", "2026-01-02T03:04:05.678901234+01:00 done\n", true, true},
		"part of a rune at the end":      {"done", at + "done\xc3", true, false},
		"over two lines":                 {"done", at + "do\n" + at + "ne\n", false, false},
		"empty lines":                    {"done", at + "\n\n" + at + "done\n", true, true},
		"carriage returns":               {"done", at + "done\r\n", true, true},
		"two words":                      {"all done", at + "we are all done!\n", true, true},
		"not a word":                     {"[ok]", at + "x[ok]y\n", true, true},
		"a word of one letter":           {"x", at + "xx x\n", true, true},
		"a repeated beginning":           {"dodone", at + "dododone dodone\n", true, true},
		"a long line before it":          {"done", at + strings.Repeat("x", 1<<17) + " done\n", true, true},
		"a long line and part of a word": {"done", at + strings.Repeat("x", 1<<17) + "done\n", false, false},
	}
	for name, test := range tests {
		for _, size := range []int{1, 2, 3, 7, 64, 4096} {
			t.Run(fmt.Sprintf("%s, %d bytes at once", name, size), func(t *testing.T) {
				g := NewWithT(t)
				g.Expect(feed(NewMatcher(test.word, 256, nil), test.stream, size, true)).To(Equal(test.found))
				g.Expect(feed(NewMatcher(test.word, 256, nil), test.stream, size, false)).To(Equal(test.cut))
			})
		}
	}
}

func TestSince(t *testing.T) {
	g := NewWithT(t)
	m := NewMatcher("done", 128, nil)
	g.Expect(m.Since().IsZero()).To(BeTrue())
	for _, size := range []int{1, 5, 4096} {
		m.Reset()
		feed(m, at+"a\n2026-01-02T03:04:06Z b\n", size, false)
		g.Expect(m.Since().Format("15:04:05")).To(Equal("03:04:06"), "%d bytes at once", size)
	}
	m.Reset()
	feed(m, "no timestamp\n", 3, false)
	g.Expect(m.Since().Format("15:04:05")).To(Equal("03:04:06"), "the earlier timestamp stays")
}

func TestFirst(t *testing.T) {
	tests := map[string]struct{ stream, first string }{
		"nothing":                {"", ""},
		"one line":               {at + "a\n", "03:04:05"},
		"two lines":              {at + "a\n2026-01-02T03:04:06Z b\n", "03:04:05"},
		"a line without a break": {at + "a", "03:04:05"},
		"part of a timestamp":    {at[:12], ""},
		"a kubelet's error":      {"failed to open\n", ""},
		"the rest of a line":     {"a\n" + at + "b\n", "03:04:05"},
		"a long rest of a line":  {strings.Repeat("a", 1000) + "\n" + at + "b\n", "03:04:05"},
	}
	for name, test := range tests {
		for _, size := range []int{1, 5, 4096} {
			t.Run(fmt.Sprintf("%s, %d bytes at once", name, size), func(t *testing.T) {
				g := NewWithT(t)
				m := NewMatcher("done", 128, nil)
				feed(m, "2020-01-02T03:04:05Z an earlier stream\n", size, false)
				m.Reset()
				g.Expect(m.First().IsZero()).To(BeTrue())
				feed(m, test.stream, size, false)
				if test.first == "" {
					g.Expect(m.First().IsZero()).To(BeTrue())
				} else {
					g.Expect(m.First().Format("15:04:05")).To(Equal(test.first))
				}
			})
		}
	}
}

// edgeBefore and edgeAfter match a letter, digit or underscore right before a word
// and right after it.
var (
	edgeBefore = regexp.MustCompile(`[\pL\p{Nd}_]$`)
	edgeAfter  = regexp.MustCompile(`^[\pL\p{Nd}_]`)
)

// sequences matches an escape sequence, which may be cut by the end of its line.
var sequences = regexp.MustCompile(`\x1b(?:\[[ -?]*[@-~]?|[\]PX^_][^\x07\x1b]*\x07?|[ -/]*[0-~]?)`)

// reference is a slow Matcher: it searches each line without its timestamp and its
// escape sequences.
func reference(word, stream string) bool {
	checkBefore, checkAfter := edgeAfter.MatchString(word), edgeBefore.MatchString(word)
	for line := range strings.SplitSeq(stream, "\n") {
		line = sequences.ReplaceAllString(line, "")
		length, logged := timestamp([]byte(line))
		if !logged {
			continue
		}
		line = line[length:]
		for i := range len(line) {
			if strings.HasPrefix(line[i:], word) && !(checkBefore && edgeBefore.MatchString(line[:i])) &&
				!(checkAfter && edgeAfter.MatchString(line[i+len(word):])) {
				return true
			}
		}
	}
	return false
}

// acceptable returns whether the API server accepts a word.
func acceptable(word string) bool {
	return word != "" && len(word) <= 256 && utf8.ValidString(word) && strings.TrimSpace(word) == word && !strings.ContainsFunc(word, unicode.IsControl)
}

func FuzzMatcher(f *testing.F) {
	f.Add("done", "x done\nundone\n", uint64(1))
	f.Add("done", "édone\ndoneé done_\n\xffdone\xc3", uint64(2))
	f.Add("done", "\x1b[32mundone\x1b[\n\x1b]0;done\x07x\n\x1b(Bdone\x1b", uint64(3))
	f.Add("é", "né\né", uint64(4))
	f.Add("all done!", "all done!x\nall  done!", uint64(5))
	f.Add("=", "a=b", uint64(6))
	f.Add("a a", "a a a a", uint64(7))
	f.Add("\ufffd", "x\xff\ufffdx", uint64(8))
	f.Add(strings.Repeat("ab", 128), strings.Repeat("ab", 300)+" "+strings.Repeat("ab", 128), uint64(9))
	f.Fuzz(func(t *testing.T, word, text string, seed uint64) {
		if !acceptable(word) {
			t.Skip("the API server refuses this word")
		}
		var stream strings.Builder
		for i, line := range strings.Split(text, "\n") {
			if i%5 < 4 { // Every fifth line has no timestamp.
				stream.WriteString(at)
			}
			stream.WriteString(line + "\n")
		}
		want := reference(word, stream.String())
		random, m, got := rand.New(rand.NewPCG(seed, 0)), NewMatcher(word, 16, nil), false
		for rest := stream.String(); len(rest) > 0 && !got; {
			n := copy(m.Space(), rest[:1+random.IntN(min(len(rest), 40))])
			got = m.Advance(n)
			rest = rest[n:]
		}
		if got = got || m.Pending(); got != want {
			t.Errorf("seed %d: found %v of %q in %q, want %v", seed, got, word, stream.String(), want)
		}
	})
}

func TestMatcherAgainstTheReference(t *testing.T) {
	random := rand.New(rand.NewPCG(rand.Uint64(), 0))
	parts := []string{"done", "do", "ne", " ", "\n", "_", "é", "\xff", "x", "", "2026", ":", "—", "\x1b", "[", "]", "m", "(", "\\", "\x07", "\x1b[32m"}
	for range 3000 {
		var stream strings.Builder
		stream.WriteString(at)
		for range random.IntN(60) {
			part := parts[random.IntN(len(parts))]
			stream.WriteString(part)
			if part == "\n" && random.IntN(5) > 0 {
				stream.WriteString(at)
			}
		}
		stream.WriteString("\n")
		size := 1 + random.IntN(50)
		if got, want := feed(NewMatcher("done", 16, nil), stream.String(), size, true), reference("done", stream.String()); got != want {
			t.Fatalf("found %v in %q by %d bytes, want %v", got, stream.String(), size, want)
		}
	}
}

// megabyte returns a log without the word.
func megabyte() []byte {
	line := at + "the quick brown fox jumps over the lazy dog, again and again and again\n"
	return []byte(strings.Repeat(line, 1+(1<<20)/len(line)))
}

// read reads a log as from a stream, and returns whether the word is in it.
func read(m *Matcher, log []byte) bool {
	for len(log) > 0 {
		n := copy(m.Space(), log)
		if m.Advance(n) {
			return true
		}
		log = log[n:]
	}
	return false
}

func TestMatcherAllocatesNothing(t *testing.T) {
	log, m := megabyte(), NewMatcher("done", bufferSize, nil)
	if allocations := testing.AllocsPerRun(10, func() { read(m, log) }); allocations > 0 {
		t.Fatalf("%v allocations for a megabyte", allocations)
	}
}

func BenchmarkMatcher(b *testing.B) {
	log, m := megabyte(), NewMatcher("done", bufferSize, nil)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		if read(m, log) {
			b.Fatal("found what is not there")
		}
	}
}
