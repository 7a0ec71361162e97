package results

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
)

const (
	// none stands for a value that is not there.
	none = "-"
	// maxCell is how wide a cell of a table is at most, but for one at the end of its line.
	maxCell = 40
)

// Table returns one line a node below a line of headings: how it ended, then the columns. The last
// one has the first line of outputs that the columns do not show, or what keeps the node. Lines
// are cut at the width, unless that is 0.
func Table(r *Report, columns *Columns, now time.Time, width int) ([]string, error) {
	last := !columns.Chosen && (len(columns.All) == 0 || hasOther(r, columns))
	headings := []string{"Node", "State", "Exit", "Attempts", "Ended"}
	for i := range columns.All {
		headings = append(headings, cell(columns.All[i].Heading))
	}
	if last {
		headings = append(headings, "Output")
	}
	var rows [][]any
	for i := range r.Nodes {
		row := &r.Nodes[i]
		cells := []any{row.Node, string(row.State), number(row.ExitCode), attempts(row.Attempts), ended(row, now)}
		for at := range columns.All {
			text := none
			if value, found := columns.All[at].Value(row); found {
				text = cell(value)
			}
			cells = append(cells, text)
		}
		if last {
			cells = append(cells, summary(row, columns))
		}
		rows = append(rows, cells)
	}
	return nodeview.Lines(headings, rows, width)
}

// hasOther returns whether some node has to say what no column says.
func hasOther(r *Report, columns *Columns) bool {
	for i := range r.Nodes {
		if summary(&r.Nodes[i], columns) != none {
			return true
		}
	}
	return false
}

// summary is what a node printed beside what the columns show, in one line, or what keeps it.
func summary(row *Row, columns *Columns) string {
	if columns.Cover(row) {
		return none
	}
	text := outputs.Clean([]byte(strings.TrimSpace(row.Output)), false)
	switch {
	case row.Failed():
		// The last line says why it failed.
		text = text[strings.LastIndexByte(text, '\n')+1:]
		if text == "" {
			text = row.Why
		} else if row.Reason != "" && row.Reason != v1beta1.ReasonBackoffLimitExceeded {
			text = row.Reason + ": " + text
		}
	case text == "":
		text = row.Why
	default:
		first, _, more := strings.Cut(text, "\n")
		if text = first; more {
			text += " …"
		}
	}
	if text == "" {
		return none
	}
	return line(text)
}

// cell returns a text for a cell with others behind it.
func cell(text string) string {
	text = line(outputs.Clean([]byte(text), false))
	if text == "" {
		return `""`
	}
	return runewidth.Truncate(text, maxCell, "…")
}

// line returns a text in one line. Tabs are what separates the cells.
func line(text string) string { return strings.NewReplacer("\n", " ", "\t", " ").Replace(text) }

func number(code *int32) string {
	if code == nil {
		return none
	}
	return fmt.Sprint(*code)
}

func attempts(n int32) string {
	if n == 0 {
		return none
	}
	return fmt.Sprint(n)
}

func ended(row *Row, now time.Time) string {
	if row.EndTime == nil {
		return none
	}
	return duration.HumanDuration(max(0, now.Sub(row.EndTime.Time))) + " ago"
}
