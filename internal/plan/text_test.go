package plan

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"
)

// conditionReason is the pattern of a condition's reason in the CRD.
var conditionReason = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`)

func TestShorten(t *testing.T) {
	for name, test := range map[string]struct {
		text, want string
		limit      int
	}{
		"short":                      {" text \n", "text", 10},
		"long":                       {strings.Repeat("x", 50), "xxxxxxx…", 10},
		"between characters":         {strings.Repeat("é", 50), "ééé…", 10},
		"a forged line":              {"refused\nComplete: all nodes done", `refused\nComplete: all nodes done`, 99},
		"a terminal's commands":      {"\x1b[2J\x1b]0;title\a\x9b", `\x1b[2J\x1b]0;title\a?`, 99},
		"text that runs backwards":   {"a\u202eb\u2028c\u00a0d", `a\u202eb\u2028c\u00a0d`, 99},
		"not UTF-8":                  {"a\xff\xfeb\xed\xa0\x80", "a??b???", 99},
		"quoted text is bounded too": {strings.Repeat("\x00", 50), `\x00\x0…`, 10},
		"quotes stay":                {`it's "so" \n`, `it's "so" \n`, 99},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(Shorten(test.text, test.limit)).To(Equal(test.want)) })
	}
}

func TestTail(t *testing.T) {
	for name, test := range map[string]struct {
		text, want string
		limit      int
	}{
		"short":                      {" short\n", "short", 10},
		"from the start of a line":   {"first line\nsecond\nthird", "second\nthird", 14},
		"one long line":              {strings.Repeat("x", 50), strings.Repeat("x", 10), 10},
		"between characters":         {strings.Repeat("é", 50) + "x", "ééééx", 10},
		"not UTF-8":                  {"a\xff\nb", "a?\nb", 10},
		"a terminal's commands":      {"\x1b[31mred\n\tblue\r\n", "\\x1b[31mred\n\tblue", 99},
		"quoted text is bounded too": {"a\n" + strings.Repeat("\x00", 9), `00\x00\x00`, 10},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(Tail(test.text, test.limit)).To(Equal(test.want)) })
	}
}

func TestReason(t *testing.T) {
	for given, want := range map[string]string{
		"":                        "",
		"ImagePullBackOff":        "ImagePullBackOff",
		"NodeLost:Kubelet_2,":     "NodeLost:Kubelet_2",
		"2Fast":                   "Fast",
		"Bad\x1b[31m\nForged":     "Bad__31m_Forged",
		"\xff\n ":                 "Unknown",
		strings.Repeat("x", 4e4):  strings.Repeat("x", 64),
		strings.Repeat("x:", 4e4): strings.Repeat("x:", 31) + "x",
	} {
		NewWithT(t).Expect(Reason(given)).To(Equal(want))
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "plain", "a\nb\n", "\x1b[2J", "\xff\xfe", "é\u202e\u2028", "x:", strings.Repeat("\x00\n", 99), "�", " \u0085 "} {
		f.Add(seed, uint16(20))
	}
	f.Fuzz(func(t *testing.T, s string, size uint16) {
		g, limit := NewWithT(t), max(len("…"), int(size))
		is := func(text, again, keep string) {
			g.Expect(len(text)).To(BeNumerically("<=", limit))
			g.Expect(utf8.ValidString(text)).To(BeTrue())
			g.Expect(strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) && !strings.ContainsRune(keep, r) })).To(BeFalse())
			g.Expect(again).To(Equal(text))
		}
		short, tail := Shorten(s, limit), Tail(s, limit)
		is(short, Shorten(short, limit), "")
		is(tail, Tail(tail, limit), "\n\t")

		reason := Reason(s)
		g.Expect(Reason(reason)).To(Equal(reason))
		if s == "" {
			g.Expect(reason).To(BeEmpty())
		} else {
			g.Expect(reason).To(MatchRegexp(conditionReason.String()))
			g.Expect(len(reason)).To(BeNumerically("<=", 64))
		}
	})
}
