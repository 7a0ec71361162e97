package outputs

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
)

func TestClean(t *testing.T) {
	for name, test := range map[string]struct {
		raw, plain, coloured string
	}{
		"plain":                {"a\n\tb\n", "a\n\tb", "a\n\tb"},
		"CRLF":                 {"a\r\nb\r\n", "a\nb", "a\nb"},
		"no newline":           {"a", "a", "a"},
		"empty":                {"\n\n", "", ""},
		"colours":              {"\x1b[31mred\x1b[0m ok", "red ok", "\x1b[31mred\x1b[0m ok\x1b[0m"},
		"a title of a window":  {"\x1b]0;x\x07y", `\x1b]0;x\x07y`, `\x1b]0;x\x07y`},
		"a cleared screen":     {"\x1b[2Jx", `\x1b[2Jx`, `\x1b[2Jx`},
		"a carriage return":    {"10%\r20%", `10%\x0d20%`, `10%\x0d20%`},
		"binary":               {"\x00\xff\xfea", `\x00\xff\xfea`, `\x00\xff\xfea`},
		"a C1 control":         {"\u009b31mx", `\u009b31mx`, `\u009b31mx`},
		"letters of the world": {"grüße 世界", "grüße 世界", "grüße 世界"},
		"text that turns":      {"a\u202eb", `a\u202eb`, `a\u202eb`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(Clean([]byte(test.raw), false)).To(Equal(test.plain))
			g.Expect(Clean([]byte(test.raw), true)).To(Equal(test.coloured))
		})
	}
}

func TestGroupsAreByExitCodeAndOutput(t *testing.T) {
	g := NewWithT(t)
	at := func(node string, code int32, text string) Output {
		return Output{Node: node, ExitCode: &code, Text: text}
	}
	groups := GroupBy([]Output{
		at("n10", 0, "took 3s"), at("n9", 0, "took 4s"), at("n3", 2, "took 3s"), at("n4", 0, "other"), {Node: "n5", Text: "took 3s"},
		at("n6", 0, "\x1b[32mother\x1b[0m"), {Node: "n7", Note: "its kubelet did not answer"},
	}, []*regexp.Regexp{regexp.MustCompile(`\d+s`)})
	var got []string
	for _, group := range groups {
		got = append(got, fmt.Sprintf("%v %s %q %s", group.Nodes, codeText(group.ExitCode), group.Text, group.Note))
	}
	g.Expect(got).To(Equal([]string{
		`[n4 n6] 0 "other" `, `[n9 n10] 0 "took 4s" `, `[n5]  "took 3s" `, `[n7]  "" its kubelet did not answer`, `[n3] 2 "took 3s" `,
	}))
}

func TestPrintedGroups(t *testing.T) {
	var outputs []Output
	for i := range 400 {
		o := Output{Node: fmt.Sprintf("node-%03d.rack-%d.example.com", i, i/100), ExitCode: new(int32(0)), Text: "Linux 6.12.0"}
		switch {
		case i%97 == 5:
			o.ExitCode, o.Text = new(int32(3)), "cat: /etc/foo: No such file or directory\n"+strings.Repeat("a long line ", 20)
		case i == 42:
			o.ExitCode, o.Text, o.Note = nil, "", "its kubelet did not answer within 10s"
		case i%50 == 11:
			o.Text = ""
		}
		outputs = append(outputs, o)
	}
	groups := GroupBy(outputs, nil)
	for _, width := range []int{0, 60, 80, 200} {
		for _, colour := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d columns, colour %v", width, colour), func(t *testing.T) {
				var page bytes.Buffer
				NewWithT(t).Expect(Style{Width: width, Colour: colour}.PrintGroups(&page, groups)).To(Succeed())
				golden.Check(t, fmt.Sprintf("groups-%d-%v", width, colour), page.String())
			})
		}
	}
}

func TestPrefixedLines(t *testing.T) {
	g := NewWithT(t)
	var page bytes.Buffer
	g.Expect(Style{}.PrintPrefixed(&page, []Output{{Node: "a", Text: "x\n\ny"}, {Node: "b", Note: "cut"}, {Node: "c"}})).To(Succeed())
	g.Expect(page.String()).To(Equal("a: x\na: \na: y\nb: (cut)\n"))
}
