package logfollow

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"
)

func TestTheRestOfTheLine(t *testing.T) {
	long := strings.Repeat("0123456789", 1000)
	tests := map[string]struct {
		word, stream, rest string
		found              bool
	}{
		"JSON":                            {"done", at + `done {"kernel":"6.8"}` + "\n" + at + "more\n", `{"kernel":"6.8"}`, true},
		"nothing":                         {"done", at + "done\n" + at + "more\n", "", true},
		"spaces":                          {"done", at + "done  \t \n", "", true},
		"a carriage return":               {"done", at + "done x\r\n", "x\r", true},
		"after other lines":               {"done", at + "a\n" + at + "undone b\n" + at + "x done c\n" + at + "done d\n", "c", true},
		"punctuation":                     {"done", at + "done: x\n", ": x", true},
		"the word again":                  {"done", at + "done done\n", "done", true},
		"colours":                         {"done", at + "\x1b[32mdone\x1b[0m \x1b[1m6.8\x1b[0m\n", "6.8", true},
		"binary":                          {"done", at + "done \x00\xff\n", "\x00\xff", true},
		"a word that is no word":          {"[ok]", at + "[ok]x\n", "x", true},
		"its line goes on":                {"done", at + "done abc", "abc", false},
		"no line break, and no more":      {"done", at + "done ", "", false},
		"longer than the limit":           {"done", at + "done " + long + "\n", long[:64], true},
		"longer than the limit, goes on":  {"done", at + "done " + long, long[:64], true},
		"many spaces":                     {"done", at + "done" + strings.Repeat(" ", 9999) + "x\n", "x", true},
		"characters that do not fit":      {"done", at + "done x" + strings.Repeat("é", 99) + "\n", "x" + strings.Repeat("é", 31), true},
		"as long as the limit":            {"done", at + "done " + long[:64] + "\n", long[:64], true},
		"a line without a timestamp":      {"done", "done x\n" + at + "done y\n", "y", true},
		"a long line, and then the word":  {"done", at + long + " done x\n", "x", true},
		"a sequence that its line breaks": {"done", at + "done \x1b[3\n", "", true},
	}
	for name, test := range tests {
		for _, size := range []int{1, 2, 3, 7, 64, 4096} {
			t.Run(fmt.Sprintf("%s, %d bytes at once", name, size), func(t *testing.T) {
				g, rest := NewWithT(t), &Rest{Limit: 64}
				m := NewMatcher(test.word, 256, rest)
				g.Expect(feed(m, test.stream, size, false)).To(Equal(test.found))
				g.Expect(rest.Text()).To(Equal(test.rest))
				g.Expect(m.Open()).To(Equal(!test.found))
			})
		}
	}
}

// A stream that is cut in the line is read again. What the longest one had is kept.
func TestTheLongestRestIsKept(t *testing.T) {
	g, rest := NewWithT(t), &Rest{Limit: 64}
	m := NewMatcher("done", 256, rest)
	for _, test := range []struct{ stream, rest string }{{"done abc", "abc"}, {"", "abc"}, {"done abcdef", "abcdef"}, {"done ab", "abcdef"}} {
		m.Reset()
		g.Expect(m.Open()).To(BeFalse())
		if test.stream != "" {
			feed(m, at+test.stream, 5, false)
		}
		g.Expect(rest.Text()).To(Equal(test.rest))
	}
}

// What is kept does not depend on how the stream was cut into reads.
func FuzzRest(f *testing.F) {
	f.Add("x done {}\n", uint8(20), uint8(3))
	f.Add("done é\u2028\x1b[1mé", uint8(3), uint8(1))
	f.Add("donedone done \xff\xf0\x9f", uint8(2), uint8(2))
	f.Fuzz(func(t *testing.T, text string, limit, size uint8) {
		g, stream := NewWithT(t), at+strings.ReplaceAll(text, "\n", "\n"+at)+"\n"
		read := func(size int) (bool, string) {
			rest := &Rest{Limit: int(limit)}
			found := feed(NewMatcher("done", 16, rest), stream, size, true)
			return found, rest.Text()
		}
		found, rest := read(1 + int(size))
		foundAtOnce, restAtOnce := read(1 << 20)
		g.Expect(found).To(Equal(reference("done", stream)))
		g.Expect(foundAtOnce).To(Equal(found))
		g.Expect(rest).To(Equal(restAtOnce))
		g.Expect(len(rest)).To(BeNumerically("<=", int(limit)))
		if utf8.ValidString(text) {
			g.Expect(utf8.ValidString(rest)).To(BeTrue(), "no character is cut")
		}
	})
}
