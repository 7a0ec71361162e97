package page

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

// content is what the page says, as text that the template escapes.
type content struct {
	Name, Namespace string
	// Verdict is the phase of the Job in a word, Tone the state whose colour it has.
	Verdict, Tone, Message string
	// Note says that the nodes are those with a record, and that there may be others.
	Note   string
	Facts  []fact
	Total  int
	Counts []count
	// Size of the squares of the grid: tile, large, medium or small.
	Size       string
	Headings   []string
	Rows       []row
	Causes     []cause
	MoreCauses int
	Timeline   *timeline
	Made, By   string
}

// fact is a line of the heading.
type fact struct {
	Name, Value string
	Code        bool
}

// count is how many nodes are in a state, and the part of all that they are.
type count struct {
	State        plan.NodeState
	Mark, Letter string
	Count        int
	X, Width     string
}

// mark is how a state is drawn: by a class of the style sheet, and by a letter for who does not see
// colours. Nodes that are done have none, so that the others stand out.
type mark struct{ class, letter string }

var marks = map[plan.NodeState]mark{
	plan.NodeDone: {"d", ""}, plan.NodeFailed: {"f", "F"}, plan.NodeRetried: {"r", "R"}, plan.NodeSkipped: {"s", "S"},
	plan.NodeWorking: {"w", "W"}, plan.NodeWaiting: {"q", "·"}, plan.NodeLeftOut: {"l", "L"}, plan.NodeNotRun: {"n", "N"},
}

func newContent(r *results.Report, columns *results.Columns, made Made) *content {
	causes, causeOf, more := newCauses(r)
	c := &content{
		Name: clean(r.Name), Namespace: clean(r.Namespace), Message: clean(r.Message), Note: r.Note, Total: len(r.Nodes), Facts: facts(r), Counts: counts(r),
		Size: size(len(r.Nodes)), Rows: newRows(r, columns, causeOf), Causes: causes, MoreCauses: more, Timeline: newTimeline(r),
		Made: stamp(made.At) + " UTC", By: made.By,
	}
	for i := range columns.All {
		c.Headings = append(c.Headings, clean(columns.All[i].Heading))
	}
	c.Verdict, c.Tone = verdictOf(r)
	c.Message = strings.TrimPrefix(c.Message, c.Verdict+": ")
	return c
}

// verdictOf returns what became of the run in a word, and the class of its colour.
func verdictOf(r *results.Report) (word, tone string) {
	switch failed := r.Counts[plan.NodeFailed]; {
	case r.Phase == v1beta1.PhaseFailed, !r.Present && failed > 0:
		tone = "f"
	case r.Phase == v1beta1.PhaseComplete && failed > 0, r.Phase == v1beta1.PhaseSuspended:
		tone = "r"
	case r.Phase == v1beta1.PhaseComplete:
		tone = "d"
	case !r.Present:
		tone = "n" // Nothing is known of nodes without a record.
	default:
		tone = "w"
	}
	if r.Phase != "" {
		return string(r.Phase), tone
	}
	return "Recorded", tone
}

func facts(r *results.Report) []fact {
	all := []fact{
		{Name: "UID", Value: string(r.UID), Code: true},
		{Name: "Run", Value: fmt.Sprintf("generation %d, template %s", r.Run.Generation, r.Run.TemplateHash)},
		{Name: "Image", Value: strings.Join(r.Images, ", "), Code: true},
		{Name: "Command", Value: command(r.Command), Code: true},
		{Name: "Started", Value: timeText(r.StartTime)},
		{Name: "Ended", Value: timeText(r.EndTime)},
	}
	if r.StartTime != nil && r.EndTime != nil {
		all[len(all)-1].Value += ", after " + duration.HumanDuration(r.EndTime.Sub(r.StartTime.Time))
	}
	var known []fact
	for _, f := range all {
		if f.Value != "" {
			f.Value = clean(f.Value)
			known = append(known, f)
		}
	}
	return known
}

// command writes arguments so that a reader sees where each ends.
func command(arguments []string) string {
	var texts []string
	for _, text := range arguments {
		if text == "" || strings.ContainsAny(text, " \t\n'\"$\\;|&<>") {
			text = "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

func counts(r *results.Report) []count {
	var all []count
	x := 0.0
	for _, state := range results.States {
		n := r.Counts[state]
		if n == 0 {
			continue
		}
		width := 1000 * float64(n) / float64(len(r.Nodes))
		all = append(all, count{state, marks[state].class, marks[state].letter, n, fmt.Sprintf("%.1f", x), fmt.Sprintf("%.1f", width)})
		x += width
	}
	return all
}

func size(nodes int) string {
	switch {
	case nodes <= 60:
		return "tile"
	case nodes <= 400:
		return "large"
	case nodes <= 1500:
		return "medium"
	}
	return "small"
}

// clean returns a text without what moves or hides other text. The template escapes it.
func clean(text string) string { return outputs.Clean([]byte(text), false) }

func stamp(at time.Time) string { return at.UTC().Format(time.DateTime) }

func timeText(at *metav1.Time) string {
	if at == nil {
		return ""
	}
	return stamp(at.Time) + " UTC"
}
