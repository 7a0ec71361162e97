package cli

import (
	"context"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/podlogs"
)

// collector reads what the pods printed, each pod once and in the background.
type collector struct {
	reader      *podlogs.Reader
	keepColours bool

	reading sync.WaitGroup
	mu      sync.Mutex
	// read is what was read, by the pod's UID. latest is the pod of each node that was begun last:
	// it may be gone when its output is shown.
	read   map[types.UID]read
	latest map[string]types.UID
}

// read is what was read of a pod.
type read struct {
	text []byte
	cut  bool
	err  error
}

func newCollector(reader *podlogs.Reader, keepColours bool) *collector {
	return &collector{reader: reader, keepColours: keepColours, read: map[types.UID]read{}, latest: map[string]types.UID{}}
}

// start reads a pod, unless that was begun. The DaemonSet controller makes a pod again in the place
// of one that failed: while that is gated, what the one before it printed is the node's output.
func (c *collector) start(ctx context.Context, pod *corev1.Pod, view *plan.NodeView) {
	if !view.Pod.Started {
		return
	}
	c.mu.Lock()
	_, begun := c.read[pod.UID]
	if !begun {
		c.read[pod.UID], c.latest[view.Node] = read{err: context.Canceled}, pod.UID
	}
	c.mu.Unlock()
	if begun {
		return
	}
	failed := view.State != plan.NodeDone && view.State != plan.NodeWorking
	c.reading.Go(func() {
		text, cut, err := c.reader.Read(ctx, pod, failed)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.read[pod.UID] = read{text, cut, err}
	})
}

// wait returns once all that was begun is read.
func (c *collector) wait() { c.reading.Wait() }

// output returns what a node printed: its log, or what is recorded of it if that is gone. No exit
// code says why a node failed whose work did not end.
func (c *collector) output(view *plan.NodeView) outputs.Output {
	o := c.printed(view)
	if view.State == plan.NodeFailed && view.ExitCode == nil && !strings.HasPrefix(o.Note, string(plan.NodeFailed)) {
		why := "Failed: " + firstLine(view.Why)
		o.Note = strings.TrimSuffix(why+"; "+o.Note, "; ")
	}
	return o
}

func (c *collector) printed(view *plan.NodeView) outputs.Output {
	o := outputs.Output{Node: view.Node, ExitCode: view.ExitCode}
	var problem error
	if got, begun := c.got(view); begun {
		o.Text = outputs.Clean(got.text, c.keepColours)
		switch {
		case got.cut:
			o.Note = "cut here: --limit-bytes shows more"
			return o
		case got.err != nil:
			problem = got.err
		default:
			if !hasEnded(view) {
				o.Note = "still at work"
			}
			return o
		}
	}
	c.recorded(&o, view, problem)
	return o
}

// got returns what was read of a node, and whether that was begun.
func (c *collector) got(view *plan.NodeView) (read, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	uid, begun := c.latest[view.Node]
	if view.Pod != nil && view.Pod.Started && view.Pod.UID != uid {
		return read{}, false
	}
	return c.read[uid], begun
}

// recorded fills in what is recorded of a node whose log cannot be read.
func (c *collector) recorded(o *outputs.Output, view *plan.NodeView, problem error) {
	why := "its pod is gone"
	if problem != nil {
		why = problem.Error()
	}
	_, printed, _ := strings.Cut(view.Why, "\n")
	switch {
	case o.Text != "":
		o.Note = "ends here: " + why
	case view.Entry != nil && view.Entry.Output != "":
		o.Text = outputs.Clean([]byte(view.Entry.Output), c.keepColours)
		o.Note = why + ": this is what the operator recorded"
	case printed != "":
		o.Text = outputs.Clean([]byte(printed), c.keepColours)
		o.Note = why + ": these are the last lines that the operator recorded"
	case hasStarted(view):
		o.Note = why + ", and what it printed is not recorded"
	default:
		o.Note = string(view.State) + ": " + firstLine(view.Why)
	}
}

// hasStarted returns whether the work on a node was started, so that it may have printed.
func hasStarted(view *plan.NodeView) bool {
	return view.Pod != nil && view.Pod.Started || view.Attempts > 0 || view.State == plan.NodeDone || view.State == plan.NodeSkipped
}

// hasEnded returns whether the work on a node ended, also if the operator does not count it yet.
func hasEnded(view *plan.NodeView) bool {
	switch view.State {
	case plan.NodeDone, plan.NodeFailed, plan.NodeSkipped, plan.NodeRetried:
		return true
	}
	return view.Pod != nil && view.Pod.WorkFailed
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
