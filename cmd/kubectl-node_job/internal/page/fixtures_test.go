package page

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

var began = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

var made = Made{At: began.Add(time.Hour), By: "kubectl node-job v0.1.0"}

// aJob is a Job that is over after so long.
func aJob(failed int, took time.Duration) *v1beta1.Job {
	job := wrappers.Job("ops", "patch-kernel").Generation(2).UID("6f1c2a9e-54d0-4f7b-9f1e-0c8a7d3b5e21").Status(v1beta1.JobStatus{
		Phase: v1beta1.PhaseFailed, ObservedGeneration: 2, TemplateHash: "7c9f6d5b84", RunGeneration: 2, Failed: int32(failed),
		StartTime: new(metav1.NewTime(began)),
		Conditions: []metav1.Condition{{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue, Reason: "TooManyFailedNodes",
			Message: fmt.Sprintf("%d nodes failed, more than maxFailedNodes allows", failed), LastTransitionTime: metav1.NewTime(began.Add(took))}},
	}).Obj()
	job.Spec.Image, job.Spec.Command = "registry.example.com/ops/patch:2026.1", []string{"sh", "-c", `apt-get -y upgrade && uname -r`}
	return job
}

// someViews are nodes in each state: 50 of them work at once.
func someViews(n int) []plan.NodeView {
	var views []plan.NodeView
	free := make([]time.Duration, 50)
	for i := range n {
		slot := 0
		for at := range free {
			if free[at] < free[slot] {
				slot = at
			}
		}
		start := free[slot]
		took := time.Duration(40+(i*7919)%89) * time.Second
		free[slot] = start + took
		entry := &v1beta1.NodeRecord{
			Node: fmt.Sprintf("rack%02d-node%03d", i/100+1, i%100+1), NodeUID: types.UID(fmt.Sprintf("node-uid-%d", i)), Result: v1beta1.RecordSucceeded, Attempts: 1, ExitCode: new(int32(0)),
			StartTime: new(metav1.NewTime(began.Add(start))), EndTime: new(metav1.NewTime(began.Add(start + took))),
			Output: fmt.Sprintf(`{"kernel":"6.12.%d","rebooted":%v,"seconds":%d}`, 57+i%2, i%3 == 0, int(took.Seconds())),
		}
		v := plan.NodeView{Node: entry.Node, State: plan.NodeDone, Attempts: 1, ExitCode: entry.ExitCode, Entry: entry}
		fail := func(code int32, reason, message, output string) {
			entry.Result, entry.Reason, entry.Message, entry.Output, entry.Attempts = v1beta1.RecordFailed, reason, message, output, 3
			v.State, v.Attempts, v.ExitCode, v.Why = plan.NodeFailed, 3, &code, reason+": failed at attempt 3, and was stopped"
		}
		switch {
		case i%41 == 7:
			fail(100, v1beta1.ReasonBackoffLimitExceeded, "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process N", fmt.Sprintf("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process %d\nN: Be aware that removing the lock file is not a solution", 1200+i%3))
		case i%97 == 11:
			fail(28, v1beta1.ReasonBackoffLimitExceeded, "write /boot/initrd.img-6.12.58: no space left on device", "Setting up linux-image-6.12.58 ...\nupdate-initramfs: Generating /boot/initrd.img-6.12.58\nwrite /boot/initrd.img-6.12.58: no space left on device")
		case i%211 == 23:
			fail(0, v1beta1.ReasonNodeDeadlineExceeded, "not done within 300 seconds", "")
			v.ExitCode = nil
		case i%89 == 29:
			entry.Result, entry.Output, v.State, v.Why = v1beta1.RecordSkipped, "held back by policy", plan.NodeSkipped, "a rule of nodeFailurePolicy skips it"
			v.ExitCode = new(int32(42))
		case i%173 == 40:
			v = plan.NodeView{Node: entry.Node, State: plan.NodeNotRun, Why: "the Job was over before it was done"}
		case i%199 == 50:
			v = plan.NodeView{Node: entry.Node, State: plan.NodeLeftOut, Why: "not Ready since before the Job started"}
		}
		views = append(views, v)
	}
	return views
}

// report returns the report of so many nodes.
func report(n int) (*results.Report, *results.Columns) {
	views := someViews(n)
	failed, last := 0, began
	for i := range views {
		if entry := views[i].Entry; entry != nil && entry.EndTime.After(last) {
			last = entry.EndTime.Time
		}
		if views[i].State == plan.NodeFailed {
			failed++
		}
	}
	r := results.NewReport(aJob(failed, last.Add(2*time.Second).Sub(began)), views)
	columns := results.DefaultColumns(r.Nodes)
	return r, &columns
}
