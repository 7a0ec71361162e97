package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/podlogs"
)

// lastLines is for how long the log of a node is followed after its work ended. In Log mode the
// container then sleeps, and its log has no end.
const lastLines = time.Second

// logFollowers follow the logs of pods.
type logFollowers struct {
	app    *app
	reader *podlogs.Reader
	colour bool

	printing sync.Mutex
	running  sync.WaitGroup
	// stop ends those that were begun, by the pod and how often its work was started.
	stop map[followed]context.CancelFunc
	told bool
}

// followed is one run of the work in a pod.
type followed struct {
	pod      types.UID
	restarts int32
}

// followLogs shows lines as they come, until the Job is over.
func (a *app) followLogs(ctx context.Context, client *fleet.Client, name string, reader *podlogs.Reader, wanted func(*plan.NodeView) bool) error {
	job, err := client.Job(ctx, name)
	if err != nil {
		return err
	}
	follower, err := client.Follow(ctx, job, false)
	if err != nil {
		return err
	}
	l := &logFollowers{app: a, reader: reader, colour: a.moves(a.Out), stop: map[followed]context.CancelFunc{}}
	err = follow(ctx, follower, 200*time.Millisecond, 0, func(s *fleet.Snapshot) (bool, error) {
		views := s.Views(a.now())
		for i := range views {
			if v := &views[i]; wanted(v) {
				l.observe(ctx, v, s.PodOf(v))
			}
		}
		return s.Verdict().Over, nil
	}, func(text string) { a.say("%s", text) })
	for _, stop := range l.stop {
		time.AfterFunc(lastLines, stop)
	}
	l.running.Wait()
	return err
}

// observe begins to follow a node that has started, and ends it when its work has ended.
func (l *logFollowers) observe(ctx context.Context, v *plan.NodeView, pod *corev1.Pod) {
	if pod == nil || !v.Pod.Started {
		return
	}
	id := followed{pod.UID, v.Pod.Restarts}
	stop, begun := l.stop[id]
	if !begun {
		ctx, stop = context.WithCancel(ctx)
		l.stop[id] = stop
		if len(l.stop) > podlogs.MaxRequests && !l.told {
			l.told = true
			l.app.say("At most %d logs are followed at once: others wait for their turn, and --node chooses", podlogs.MaxRequests)
		}
		l.running.Go(func() {
			err := l.reader.Follow(ctx, pod, func(line []byte) { l.print(v.Node, line) })
			if err != nil && !errors.Is(err, context.Canceled) {
				l.print(v.Node, fmt.Appendf(nil, "(%v)", err))
			}
		})
	}
	if hasEnded(v) {
		time.AfterFunc(lastLines, stop)
	}
}

func (l *logFollowers) print(node string, line []byte) {
	text := outputs.Clean(line, l.colour)
	l.printing.Lock()
	defer l.printing.Unlock()
	_, _ = fmt.Fprintf(l.app.Out, "%s: %s\n", node, strings.TrimRight(text, "\n"))
}
