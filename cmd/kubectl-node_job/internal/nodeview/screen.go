package nodeview

import (
	"fmt"
	"time"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Screen returns lines that fit into a terminal of this width and height: the header, and of the
// nodes those that need a person first. Above the others it says how many it leaves out.
func Screen(job *v1beta1.Job, views []plan.NodeView, now time.Time, wide bool, width, height int) ([]string, error) {
	var lines []string
	for _, line := range Header(job, now) {
		lines = append(lines, Fit(line, width))
	}
	Sort(views)
	room := max(1, height-len(lines)-3) // Headings, the line of those left out, and the cursor's.
	left := max(0, len(views)-room)
	table, err := Table(views[left:], now, wide, width)
	if err != nil {
		return nil, err
	}
	if left > 0 {
		lines = append(lines, Fit(fmt.Sprintf("%d more, of %d nodes, are not shown", left, len(views)), width))
	}
	return append(lines, table...), nil
}

// Changes returns a line for each node whose state changed, and for each that is new and not
// waiting.
func Changes(before, after []plan.NodeView) []string {
	last := make(map[string]plan.NodeState, len(before))
	for i := range before {
		last[before[i].Node] = before[i].State
	}
	var lines []string
	for i := range after {
		v := &after[i]
		if state, known := last[v.Node]; known && state == v.State || !known && v.State == plan.NodeWaiting {
			continue
		}
		line := fmt.Sprintf("%s: %s", v.Node, v.State)
		if v.ExitCode != nil && *v.ExitCode != 0 {
			line += fmt.Sprintf(", exit code %d", *v.ExitCode)
		}
		if why := reason(v); why != "" && v.State != plan.NodeWorking {
			line += ", " + why
		}
		lines = append(lines, line)
	}
	return lines
}
