package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/podlogs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/progress"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

const (
	// operatorGrace is how long after its deadline the operator may take to end a Job.
	operatorGrace = 30 * time.Second
	// observeGrace is how long the operator may take to observe a Job before the user is told.
	observeGrace = 10 * time.Second
	// maxNotes is how many failures are told at once. All are shown at the end.
	maxNotes = 10
)

// liveRun follows the Job of run.
type liveRun struct {
	app     *app
	client  *fleet.Client
	job     *v1beta1.Job
	options *readOptions
	timeout time.Duration
	keep    bool
	ignore  []*regexp.Regexp

	shown   progress.Progress
	collect *collector
	latest  *fleet.Snapshot
	// told are what the user was told: failed nodes, what blocks the Job, and that it waits.
	told            map[string]bool
	blocked         string
	toldNotObserved bool
}

func (l *liveRun) follow(ctx context.Context, interrupts *interrupts) error {
	l.told = map[string]bool{}
	l.latest = &fleet.Snapshot{Job: l.job}
	l.collect = newCollector(podlogs.NewReader(l.client.Core, l.options.limit, l.options.timeout), l.app.moves(l.app.Out))
	l.shown = l.app.progress()
	l.shown.Note(fmt.Sprintf("Created job/%s in namespace %s", l.job.Name, l.job.Namespace))
	if l.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, l.timeout+operatorGrace, errTimeout)
		defer cancel()
	}
	following, stop := interrupts.apply(ctx, l.app, l.shown.Note)
	defer stop()
	err := l.untilOver(following)
	l.shown.Close()
	return l.end(ctx, err)
}

// untilOver follows the Job until it is over, and reads the log of each node as it ends.
func (l *liveRun) untilOver(ctx context.Context) error {
	follower, err := l.client.Follow(ctx, l.job, false)
	if err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	for _, line := range follower.Snapshot().Missing() {
		l.shown.Note(line)
	}
	err = follow(ctx, follower, 100*time.Millisecond, time.Second, func(s *fleet.Snapshot) (bool, error) {
		s = l.app.settle(ctx, l.client, follower, s)
		l.latest = s
		l.shown.Update(&s.Job.Status)
		l.tell(s.Job)
		views := s.Views(l.app.now())
		for i := range views {
			l.observe(ctx, s, &views[i])
		}
		return s.Verdict().Over, nil
	}, l.shown.Note)
	if err == nil {
		l.collect.wait()
	}
	return err
}

// observe reads the log of a node that has ended, and tells of a failure.
func (l *liveRun) observe(ctx context.Context, s *fleet.Snapshot, v *plan.NodeView) {
	if !hasEnded(v) {
		return
	}
	if pod := s.PodOf(v); pod != nil {
		l.collect.start(ctx, pod, v)
	}
	if v.State != plan.NodeFailed || l.told[v.Node] || len(l.told) > maxNotes {
		return
	}
	l.told[v.Node] = true
	if len(l.told) > maxNotes {
		l.shown.Note("More nodes failed: all are shown at the end")
		return
	}
	for _, line := range nodeview.Changes(nil, []plan.NodeView{*v}) {
		l.shown.Note(line)
	}
}

// tell says what keeps the Job from going on, when that changes.
func (l *liveRun) tell(job *v1beta1.Job) {
	if age := l.app.now().Sub(job.CreationTimestamp.Time); job.Status.ObservedGeneration < 0 && age > observeGrace && !l.toldNotObserved {
		l.toldNotObserved = true
		l.shown.Note("The operator has not observed the Job yet: does it run? kubectl node-job version names it")
	}
	if job.Status.Blocked == l.blocked {
		return
	}
	l.blocked = job.Status.Blocked
	if c := meta.FindStatusCondition(job.Status.Conditions, v1beta1.JobBlocked); c != nil && l.blocked != "" {
		l.shown.Note(fmt.Sprintf("Blocked (%s): %s", c.Reason, firstLine(c.Message)))
	}
}

// end shows what the nodes printed and deletes the Job, as far as err lets it.
func (l *liveRun) end(ctx context.Context, err error) error {
	a := l.app
	if errors.Is(err, errDetached) {
		a.say("Detached. The Job goes on:\n  kubectl node-job status %[1]s -n %[2]s\n  kubectl node-job logs %[1]s -n %[2]s\n  kubectl node-job cancel %[1]s -n %[2]s", l.job.Name, l.job.Namespace)
		return exitWith(verdict.Interrupted)
	}
	v := l.latest.Verdict()
	switch {
	case errors.Is(err, errInterrupted):
		v = verdict.Verdict{Code: verdict.Interrupted, Message: "canceled: " + v.Message}
	case errors.Is(err, errTimeout):
		v = verdict.Verdict{Code: verdict.Timeout, Message: fmt.Sprintf("not over %s after its time was: is the operator running? %s", operatorGrace, v.Message)}
	case err != nil:
		return fmt.Errorf("%w; the Job goes on: kubectl node-job status %s -n %s", err, l.job.Name, l.job.Namespace)
	}
	if err := l.print(v.Over); err != nil {
		return err
	}
	a.say("\njob/%s %s", l.job.Name, v.Message)
	if v.Code == verdict.Suspended {
		a.say("It is kept: kubectl node-job resume %[1]s -n %[2]s, or cancel %[1]s -n %[2]s", l.job.Name, l.job.Namespace)
		return exitWith(v.Code)
	}
	if l.keep && v.Code != verdict.Interrupted {
		a.say("It is kept for a week: kubectl node-job cancel, or kubectl delete dsj %s -n %s", l.job.Name, l.job.Namespace)
		return exitWith(v.Code)
	}
	// The user may have interrupted what ctx is for.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := l.client.Delete(ctx, l.job); err != nil {
		a.say("The Job could not be deleted, and goes an hour after it is over: %v", err)
	}
	return exitWith(v.Code)
}

// print shows what the nodes printed. Of a Job that is not over, these are the nodes that ended.
func (l *liveRun) print(over bool) error {
	views := l.latest.Views(l.app.now())
	nodeview.Sort(views)
	var all []outputs.Output
	for i := range views {
		if over || hasEnded(&views[i]) {
			all = append(all, l.collect.output(&views[i]))
		}
	}
	return l.app.style().PrintGroups(l.app.Out, outputs.GroupBy(all, l.ignore))
}
