package outputs

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
)

// Style is how outputs are printed.
type Style struct {
	// Width is the terminal's, 0 for no limit.
	Width int
	// Colour says that headings are bold.
	Colour bool
}

// PrintGroups prints each group under a heading with its nodes. Text is never cut or wrapped:
// whoever copies it wants it as it is.
func (s Style) PrintGroups(w io.Writer, groups []Group) error {
	var page bytes.Buffer
	for i, g := range groups {
		if i > 0 {
			page.WriteByte('\n')
		}
		for line := range strings.SplitSeq(wrap("=== "+g.heading(), s.Width), "\n") {
			s.bold(&page, line)
		}
		switch {
		case g.Text != "":
			page.WriteString(g.Text + "\n")
		case g.Note == "":
			page.WriteString("(no output)\n")
		}
		if g.Note != "" {
			page.WriteString("(" + g.Note + ")\n")
		}
	}
	_, err := page.WriteTo(w)
	return err
}

// PrintPrefixed prints each line behind the name of its node.
func (s Style) PrintPrefixed(w io.Writer, outputs []Output) error {
	var page bytes.Buffer
	for _, o := range outputs {
		if o.Text != "" {
			for line := range strings.SplitSeq(o.Text, "\n") {
				page.WriteString(o.Node + ": " + line + "\n")
			}
		}
		if o.Note != "" {
			page.WriteString(o.Node + ": (" + o.Note + ")\n")
		}
	}
	_, err := page.WriteTo(w)
	return err
}

func (g *Group) heading() string {
	text := nodeset.Fold(g.Nodes)
	if len(g.Nodes) > 1 {
		text += fmt.Sprintf(" (%d)", len(g.Nodes))
	}
	if g.ExitCode == nil {
		return text
	}
	return fmt.Sprintf("%s, exit code %d", text, *g.ExitCode)
}

func (s Style) bold(w *bytes.Buffer, line string) {
	if s.Colour {
		line = "\x1b[1m" + line + "\x1b[0m"
	}
	w.WriteString(line + "\n")
}

// wrap breaks a heading behind commas and spaces, so that its lines fit into the width.
func wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	var lines strings.Builder
	used, pending := 0, ""
	for text != "" {
		n := strings.IndexAny(text, ", ") + 1
		if n == 0 {
			n = len(text)
		}
		part := text[:n]
		if size := runewidth.StringWidth(strings.TrimRight(part, " ")); used > indent && used+size > width {
			lines.WriteString("\n" + strings.Repeat(" ", indent))
			used, pending = indent, ""
		}
		trimmed := strings.TrimRight(part, " ")
		lines.WriteString(pending + trimmed)
		used += runewidth.StringWidth(part)
		pending = part[len(trimmed):]
		text = text[n:]
	}
	return lines.String()
}

// indent is how far the further lines of a heading are moved.
const indent = 4
