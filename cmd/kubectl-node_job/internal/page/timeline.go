package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

const (
	// chartWidth is the width of the time line in its own units, which the page stretches.
	chartWidth = 1000
	// loadHeight is the height of the curve of nodes at work.
	loadHeight = 60
	// maxChartHeight is how high the lines of all nodes are at most, in pixels.
	maxChartHeight = 280
	// ticks is how many times the axis names.
	ticks = 5
)

// timeline is when each node worked.
type timeline struct {
	Height int
	Stroke string
	Paths  []path
	// Load is the area below the number of nodes at work, Peak its highest value.
	Load string
	Peak int
	// Ticks are the times of the axis, Day the day of the first one.
	Ticks []string
	Day   string
	// Nodes are how many nodes have a line, Without how many have none.
	Nodes, Without int
}

// path is the lines of all nodes in one state.
type path struct{ Mark, Lines string }

// span is when a node worked.
type span struct {
	start, end time.Time
	state      plan.NodeState
}

// newTimeline returns the time line of the nodes whose work has a start and an end, in the order
// in which they started. It is nil if there are none.
func newTimeline(r *results.Report) *timeline {
	var spans []span
	for i := range r.Nodes {
		if node := &r.Nodes[i]; node.StartTime != nil && node.EndTime != nil && !node.EndTime.Before(node.StartTime) {
			spans = append(spans, span{node.StartTime.Time, node.EndTime.Time, node.State})
		}
	}
	if len(spans) == 0 {
		return nil
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Or(a.start.Compare(b.start), a.end.Compare(b.end)) })
	first, last := spans[0].start, slices.MaxFunc(spans, func(a, b span) int { return a.end.Compare(b.end) }).end
	total := max(last.Sub(first), time.Second)
	x := func(at time.Time) float64 { return chartWidth * float64(at.Sub(first)) / float64(total) }

	t := &timeline{Nodes: len(spans), Without: len(r.Nodes) - len(spans), Height: min(maxChartHeight, max(24, 10*len(spans))), Day: first.UTC().Format(time.DateOnly)}
	step := float64(t.Height) / float64(len(spans))
	t.Stroke = fmt.Sprintf("%.2f", max(0.7, min(7, step*0.8)))
	lines := map[plan.NodeState]*strings.Builder{}
	for i, s := range spans {
		if lines[s.state] == nil {
			lines[s.state] = &strings.Builder{}
		}
		fmt.Fprintf(lines[s.state], "M%.1f %.1fh%.1f", x(s.start), (float64(i)+0.5)*step, max(1.5, x(s.end)-x(s.start)))
	}
	for _, state := range results.States {
		if lines[state] != nil {
			t.Paths = append(t.Paths, path{marks[state].class, lines[state].String()})
		}
	}
	t.Load, t.Peak = load(spans, x)
	for i := range ticks {
		t.Ticks = append(t.Ticks, first.Add(total*time.Duration(i)/(ticks-1)).UTC().Format(time.TimeOnly))
	}
	return t
}

// load returns the area below the number of nodes at work, and the highest number. Of nodes that
// end and start in the same second, the ends count first.
func load(spans []span, x func(time.Time) float64) (area string, peak int) {
	type change struct {
		at    time.Time
		delta int
	}
	var changes []change
	for _, s := range spans {
		end := s.end
		if end.Equal(s.start) {
			end = end.Add(time.Millisecond) // It worked, if for less than a second.
		}
		changes = append(changes, change{s.start, 1}, change{end, -1})
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.delta, b.delta)) })
	type step struct {
		x    float64
		most int
	}
	var steps []step
	now := 0
	for i, c := range changes {
		now += c.delta
		peak = max(peak, now)
		if i+1 < len(changes) && changes[i+1].at.Equal(c.at) {
			continue
		}
		steps = append(steps, step{min(x(c.at), chartWidth), now})
	}
	var text strings.Builder
	fmt.Fprintf(&text, "M0 %d", loadHeight)
	for _, s := range steps {
		fmt.Fprintf(&text, "H%.1fV%.1f", s.x, loadHeight*(1-float64(s.most)/float64(peak)))
	}
	fmt.Fprintf(&text, "H%dV%dZ", chartWidth, loadHeight)
	return text.String(), peak
}
