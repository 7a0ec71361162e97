package nodeview

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
)

// Sort orders the nodes: those that need a person come last, next to the prompt, and nodes in
// the same state come as people count them.
func Sort(views []plan.NodeView) {
	slices.SortStableFunc(views, func(a, b plan.NodeView) int {
		return cmp.Or(cmp.Compare(order[a.State], order[b.State]), nodeset.Compare(a.Node, b.Node))
	})
}

var order = map[plan.NodeState]int{
	plan.NodeDone: 0, plan.NodeSkipped: 1, plan.NodeNotRun: 2, plan.NodeLeftOut: 3, plan.NodeWaiting: 4, plan.NodeWorking: 5,
	plan.NodeRetried: 6, plan.NodeFailed: 7,
}

// Table returns one line a node below a line of headings. wide adds the pod. Lines are cut at the
// width, unless that is 0.
func Table(views []plan.NodeView, now time.Time, wide bool, width int) ([]string, error) {
	headings := []string{"Node", "State", "Attempts", "Exit", "Since"}
	if wide {
		headings = append(headings, "Pod")
	}
	var rows [][]any
	for i := range views {
		v := &views[i]
		cells := []any{v.Node, string(v.State), attempts(v), exitCode(v.ExitCode), age(v.Since, now)}
		if wide {
			cells = append(cells, podName(v))
		}
		rows = append(rows, append(cells, reason(v)))
	}
	return Lines(append(headings, "Why"), rows, width)
}

// Lines returns a table as lines, the first of them with its headings. They are cut at the width,
// unless that is 0.
func Lines(headings []string, rows [][]any, width int) ([]string, error) {
	table := &metav1.Table{}
	for _, heading := range headings {
		table.ColumnDefinitions = append(table.ColumnDefinitions, metav1.TableColumnDefinition{Name: heading, Type: "string"})
	}
	for _, cells := range rows {
		table.Rows = append(table.Rows, metav1.TableRow{Cells: cells})
	}
	var text bytes.Buffer
	if err := printers.NewTablePrinter(printers.PrintOptions{}).PrintObj(table, &text); err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = Fit(strings.TrimRight(lines[i], " "), width)
	}
	return lines, nil
}

// Fit returns a line that is not wider than the width, unless that is 0.
func Fit(line string, width int) string {
	if width <= 0 {
		return line
	}
	return runewidth.Truncate(line, width, "…")
}

func attempts(v *plan.NodeView) string {
	if v.Attempts == 0 {
		return none
	}
	return fmt.Sprint(v.Attempts)
}

func exitCode(code *int32) string {
	if code == nil {
		return none
	}
	return fmt.Sprint(*code)
}

func age(at, now time.Time) string {
	if at.IsZero() {
		return none
	}
	return since(at, now)
}

func podName(v *plan.NodeView) string {
	if v.Pod == nil {
		return none
	}
	return v.Pod.Name
}

// reason is why a node is as it is, in one line. What a container printed last says more than
// how often it restarted, and takes its place.
func reason(v *plan.NodeView) string {
	first, printed, _ := strings.Cut(v.Why, "\n")
	if printed = strings.TrimSpace(printed); printed == "" {
		return first
	}
	last := printed[strings.LastIndexByte(printed, '\n')+1:]
	if word, _, _ := strings.Cut(first, ":"); word != v1beta1.ReasonBackoffLimitExceeded {
		return word + ": " + last
	}
	return last
}

const none = "-"
