package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

const (
	// maxSummary is how many characters of an output are shown before it is folded.
	maxSummary = 160
	// chunk is how many lines of the table a browser draws at once. It draws those that are seen.
	chunk = 50
)

// row is a node in the grid and in the table.
type row struct {
	ID           int
	Node         string
	State        plan.NodeState
	Mark, Letter string
	Exit         string
	Attempts     string
	Start, End   string
	// Values of the columns. Those that a node does not have are empty.
	Values []string
	// Why the node is as it is, Output what it printed. Rest follows the first line of a long Output.
	Why, Output, Rest string
	// Cause is the number of the node's cause of failure, empty if it has none.
	Cause string
}

func newRows(r *results.Report, columns *results.Columns, causeOf map[string]int) []row {
	rows := make([]row, 0, len(r.Nodes))
	for i := range r.Nodes {
		node := &r.Nodes[i]
		shown := row{ID: i, Node: clean(node.Node), State: node.State, Mark: marks[node.State].class, Letter: marks[node.State].letter, Why: clean(node.Why)}
		if node.ExitCode != nil {
			shown.Exit = fmt.Sprint(*node.ExitCode)
		}
		if node.Attempts > 0 {
			shown.Attempts = fmt.Sprint(node.Attempts)
		}
		if node.StartTime != nil {
			shown.Start = stamp(node.StartTime.Time)
		}
		if node.EndTime != nil {
			shown.End = stamp(node.EndTime.Time)
		}
		for at := range columns.All {
			value, _ := columns.All[at].Value(node)
			shown.Values = append(shown.Values, clean(value))
		}
		if !columns.Cover(node) {
			shown.Output, shown.Rest = fold(clean(strings.TrimSpace(node.Output)))
		}
		if number, found := causeOf[node.Node]; found {
			shown.Cause = fmt.Sprint(number)
		}
		rows = append(rows, shown)
	}
	return rows
}

// Chunks returns the rows in parts of the table.
func (c *content) Chunks() [][]row { return slices.Collect(slices.Chunk(c.Rows, chunk)) }

// fold returns the beginning of a text, and all of it if that is not all.
func fold(text string) (summary, all string) {
	first, _, more := strings.Cut(text, "\n")
	if runes := []rune(first); len(runes) > maxSummary {
		first, more = string(runes[:maxSummary]), true
	}
	if !more {
		return text, ""
	}
	return first + " …", text
}
