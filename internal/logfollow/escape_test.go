package logfollow

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestMatcherSkipsEscapeSequences(t *testing.T) {
	tests := map[string]struct {
		text  string
		found bool
	}{
		"behind a colour":                      {"\x1b[32mdone\n", true},
		"in a colour":                          {"task: \x1b[1;32mdone\x1b[0m\n", true},
		"before a reset of tput":               {"done\x1b(B\x1b[m\n", true},
		"no line break after the reset":        {"\x1b[32mdone\x1b[0m", true},
		"no line break, and a cut sequence":    {"done\x1b[", true},
		"a colour within the word":             {"do\x1b[1mne\n", true},
		"a colour within a longer word":        {"un\x1b[1mdone\x1b[0m\n", false},
		"a longer word after a colour":         {"\x1b[1mdone\x1b[0mr\n", false},
		"a private mode":                       {"\x1b[?25hdone\n", true},
		"the title of a window":                {"\x1b]0;done\x07x\n", false},
		"after the title of a window":          {"\x1b]0;title\x07done\n", true},
		"a title with a string terminator":     {"\x1b]0;done\x1b\\x\n", false},
		"after a string terminator":            {"\x1b]0;title\x1b\\done\n", true},
		"the address of a link":                {"\x1b]8;;http://example.com/ done \x1b\\here\x1b]8;;\x1b\\\n", false},
		"the text of a link":                   {"\x1b]8;;http://example.com/\x1b\\done\x1b]8;;\x1b\\\n", true},
		"a device control string":              {"\x1bP done \x1b\\\n", false},
		"a title without an end":               {"\x1b]0; done \n", false},
		"the line after a title without end":   {"\x1b]0;title\n" + at + "done\n", true},
		"the line after a colour without end":  {"\x1b[3\n" + at + "done\n", true},
		"two characters":                       {"\x1b7done\x1b8\n", true},
		"the second character is of the word":  {"\x1bdone\n", false},
		"a sequence that another one breaks":   {"\x1b[3\x1b[32mdone\n", true},
		"a title that a colour breaks":         {"\x1b]0;title\x1b[32mdone\n", true},
		"binary after an escape":               {"\x1b\xffdone\n", true},
		"binary within a colour":               {"\x1b[3\xffdone\n", true},
		"a control character within a colour":  {"\x1b[3\x00done\n", true},
		"an escape alone":                      {"\x1b\n" + at + "done\n", true},
		"an escape before the word and a line": {"\x1b\n" + at + "undone\n", false},
		"many colours before it":               {strings.Repeat("\x1b[1;38;5;42mx\x1b[0m", 1000) + " \x1b[1mdone\n", true},
		"a title longer than the buffer":       {"\x1b]0;" + strings.Repeat("done ", 1000) + "\x07\n", false},
	}
	for name, test := range tests {
		for _, size := range []int{1, 2, 3, 7, 64, 4096} {
			t.Run(fmt.Sprintf("%s, %d bytes at once", name, size), func(t *testing.T) {
				NewWithT(t).Expect(feed(NewMatcher("done", 256, nil), at+test.text, size, true)).To(Equal(test.found))
			})
		}
	}
}

// A stream that was cut within a sequence does not hide the beginning of the next one.
func TestResetEndsAnEscapeSequence(t *testing.T) {
	g := NewWithT(t)
	m := NewMatcher("done", 256, nil)
	g.Expect(feed(m, at+"\x1b]0;", 4096, false)).To(BeFalse())
	m.Reset()
	g.Expect(feed(m, at+"done\n", 4096, false)).To(BeTrue())
}

func TestMatcherInJSONLines(t *testing.T) {
	tests := map[string]bool{
		`{"level":"info","msg":"done"}`:                  true,
		`{"level":"info","msg":"all work done."}`:        true,
		`{"done":false}`:                                 true,
		`{"msg":"undone"}`:                               false,
		`{"msg":"first line\ndone"}`:                     false, // The n of \n stands before the word.
		`{"msg":"done\nlast line"}`:                      true,
		`{"msg":"\u001b[32mdone\u001b[0m"}`:              false, // So does the m of an escaped colour.
		`{"msg":"\u001b[32m done\u001b[0m"}`:             true,
		`{"msg":"not yet","file":"/var/lib/done/state"}`: true,
	}
	for line, found := range tests {
		t.Run(line, func(t *testing.T) {
			NewWithT(t).Expect(feed(NewMatcher("done", 256, nil), at+line+"\n", 4096, true)).To(Equal(found))
		})
	}
}
