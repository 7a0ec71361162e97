package outputs

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
)

// Output is what one node printed.
type Output struct {
	Node string
	// ExitCode of the work, nil while it has not ended.
	ExitCode *int32
	// Text as Clean returns it.
	Text string
	// Note says in a sentence what is special: that the text was cut, or could not be read.
	Note string
}

// Group is nodes that printed the same and ended alike.
type Group struct {
	// Nodes in the order of people: node-9 before node-10.
	Nodes    []string
	ExitCode *int32
	// Text of the first of the nodes.
	Text string
	Note string
}

// GroupBy returns the outputs grouped by exit code, note and text. What matches one of the
// expressions does not count: it differs by nature, as times do. Nodes that failed come last,
// next to the prompt, and of the others those of most nodes first.
func GroupBy(outputs []Output, ignore []*regexp.Regexp) []Group {
	outputs = slices.Clone(outputs)
	slices.SortStableFunc(outputs, func(a, b Output) int { return nodeset.Compare(a.Node, b.Node) })
	index := map[string]int{}
	var groups []Group
	for _, o := range outputs {
		text := colours.ReplaceAllString(o.Text, "")
		for _, expression := range ignore {
			text = expression.ReplaceAllString(text, "")
		}
		id := strings.Join([]string{codeText(o.ExitCode), o.Note, text}, "\x00")
		i, known := index[id]
		if !known {
			i = len(groups)
			index[id] = i
			groups = append(groups, Group{ExitCode: o.ExitCode, Text: o.Text, Note: o.Note})
		}
		groups[i].Nodes = append(groups[i].Nodes, o.Node)
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(failed(a), failed(b)), cmp.Compare(len(b.Nodes), len(a.Nodes)))
	})
	return groups
}

func failed(g Group) int {
	if g.ExitCode != nil && *g.ExitCode != 0 {
		return 1
	}
	return 0
}

func codeText(code *int32) string {
	if code == nil {
		return ""
	}
	return strconv.Itoa(int(*code))
}
