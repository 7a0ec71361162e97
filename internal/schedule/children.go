package schedule

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// maxActive is how many Jobs status.active names.
const maxActive = 100

// older orders Jobs by when they were created.
func older(a, b *v1beta1.Job) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

// observeChildren says which children are active, and how the last run is.
func (n *next) observeChildren() {
	n.children = slices.SortedFunc(slices.Values(n.Children), older)
	n.status.Active = nil
	for _, job := range n.children {
		if finished := job.StandingVerdict(); finished == nil {
			n.active = append(n.active, job)
		} else if last := n.status.LastSuccessfulTime; finished.Type == v1beta1.JobComplete && (last == nil || finished.LastTransitionTime.After(last.Time)) {
			n.status.LastSuccessfulTime = new(finished.LastTransitionTime)
		}
	}
	for _, job := range n.active[:min(len(n.active), maxActive)] {
		n.status.Active = append(n.status.Active, v1beta1.ActiveRun{Name: job.Name, UID: job.UID, ScheduledTime: scheduledTime(job)})
	}
	n.status.ActiveJobs = int32(len(n.active))
	n.countEnded()
	n.observeLastRun()
}

// countEnded counts the runs that were active, or about to be, and ended since the status was
// written.
func (n *next) countEnded() {
	for _, run := range n.CronJob.Status.Active {
		n.countIfEnded(run.UID, run.Name)
	}
	// A run that is short may end before it was active in the status.
	if p := n.CronJob.Status.Pending; p != nil && p.UID != "" && !n.wasActive(p.UID) && n.childWithUID(p.UID) != nil {
		n.countIfEnded(p.UID, p.Name)
	}
}

func (n *next) countIfEnded(uid types.UID, name string) {
	job := n.childWithUID(uid)
	if job == nil && n.Named != nil && n.Named.UID == uid {
		return // The informer cache of a new leader lags behind.
	}
	if job == nil {
		n.Results = append(n.Results, Deleted)
		return
	}
	finished := job.StandingVerdict()
	if finished == nil {
		return
	}
	result := Complete
	if finished.Type == v1beta1.JobFailed {
		result = Failed
	}
	n.Results = append(n.Results, result)
	n.emit(corev1.EventTypeNormal, "SawCompletedJob", "Run", "Job "+name+" is "+string(result)+": "+finished.Message)
}

func (n *next) wasActive(uid types.UID) bool {
	return slices.ContainsFunc(n.CronJob.Status.Active, func(run v1beta1.ActiveRun) bool { return run.UID == uid })
}

func (n *next) childWithUID(uid types.UID) *v1beta1.Job {
	return n.findChild(func(job *v1beta1.Job) bool { return job.UID == uid })
}

func (n *next) childNamed(name string) *v1beta1.Job {
	return n.findChild(func(job *v1beta1.Job) bool { return job.Name == name })
}

func (n *next) findChild(is func(*v1beta1.Job) bool) *v1beta1.Job {
	if i := slices.IndexFunc(n.children, is); i >= 0 {
		return n.children[i]
	}
	return nil
}

// observeLastRun says how the child is that was created last. It never goes back to an earlier
// one when the last one is deleted.
func (n *next) observeLastRun() {
	last := n.status.LastRun
	if len(n.children) > 0 {
		newest := n.children[len(n.children)-1]
		if last == nil || cmp.Or(newest.CreationTimestamp.Compare(last.CreationTime.Time), cmp.Compare(newest.Name, last.Name)) >= 0 {
			n.status.LastRun = runOf(newest)
			return
		}
	}
	if last != nil && last.CompletionTime == nil && n.childNamed(last.Name) == nil && (n.Named == nil || n.Named.Name != last.Name) {
		last.Phase = v1beta1.RunDeleted
	}
}

// runOf returns how a Job is. Its progress is that of its end: before, each node that is done
// would cost a write of the CronJob too.
func runOf(job *v1beta1.Job) *v1beta1.LastRun {
	run := &v1beta1.LastRun{
		Name: job.Name, ScheduledTime: scheduledTime(job), CreationTime: job.CreationTimestamp, Phase: v1beta1.RunPhase(job.Status.Phase),
	}
	if finished := job.StandingVerdict(); finished != nil {
		run.Completed, run.Failed, run.CompletionTime = job.Status.Completed, job.Status.Failed, new(finished.LastTransitionTime)
	}
	return run
}
