package plan

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// simPod is a pod, and the process that it stands for.
type simPod struct {
	name, node, hash string
	uid, owner, job  types.UID
	// generation is that of the Job whose template the pod is made from.
	generation, version int64
	exit                bool
	// asks says that the pod asks for its output.
	asks    bool
	created time.Time
	// What the API server has of it.
	gated, bound, unschedulable, started, done, evicted  bool
	ungatedAt, scheduledAt, deletion, sandbox, startedAt time.Time
	restarts                                             int32
	end                                                  *corev1.ContainerStateTerminated
	// running processes do the work, unless it is done.
	running bool
	// spared pods were done or failed once. They hold no slot, and the kubelet may run
	// their work once more. Only a done one may run it while another pod works on its node.
	spared, doneOnce bool
	// sandboxed says what the pod has of its sandbox. killed is how its container ended when the
	// node went down: the kubelet never started it again in that sandbox.
	sandboxed sandboxState
	killed    *corev1.ContainerStateTerminated
	// confirmed is the exit code of the failure after which the kubelet last started the
	// container again in the present sandbox, 0 without one or if the node was done before.
	confirmed int32
	// hangs says that the work never ends by itself, and ignores that it works on after SIGTERM.
	// stopping pods were deleted by the manager, since their node failed or is skipped.
	hangs, ignores, stopping bool
	// lost pods were on a node that left. A node that joins under its name does not run them.
	lost bool
}

func (p *simPod) terminating() bool { return !p.deletion.IsZero() }

// works returns whether the pod's process does the Job's work.
func (p *simPod) works() bool { return p.running && !p.done }

// mayWork returns whether the pod works, or may start to at any moment.
func (p *simPod) mayWork() bool {
	return p.works() || (!p.gated && !p.started && !p.evicted && !p.done && !p.lost && !p.terminating())
}

// read returns what the API server's pod says.
func (p *simPod) read() Pod {
	pod := wrappers.Pod(aJob, p.node, p.hash)
	statuses := &pod.Status.ContainerStatuses
	if p.exit {
		pod.Exit("work")
		statuses = &pod.Status.InitContainerStatuses
	}
	pod.Name, pod.UID, pod.ResourceVersion, pod.CreationTimestamp = p.name, p.uid, fmt.Sprint(p.version), metav1.NewTime(p.created)
	if p.owner != "" {
		pod.OwnerReferences = []metav1.OwnerReference{{UID: p.owner, Controller: new(true)}}
	}
	if !p.ungatedAt.IsZero() {
		pod.Annotations = map[string]string{v1beta1.AnnotationUngatedAt: p.ungatedAt.Format(time.RFC3339)}
	}
	if p.terminating() {
		pod.DeletionTimestamp = new(metav1.NewTime(p.deletion))
	}
	p.readScheduling(pod)
	if p.started {
		pod.Status.Conditions = append(pod.Status.Conditions, p.sandboxCondition())
		(*statuses)[0].RestartCount, (*statuses)[0].LastTerminationState.Terminated = p.restarts, p.end
		if p.killed != nil {
			(*statuses)[0].State = corev1.ContainerState{Terminated: p.killed}
		}
	}
	if p.readOutput(pod); p.done && !p.exit && !p.asks {
		pod.Completed()
	}
	if p.evicted {
		pod.Evicted()
	}
	return ReadPod(&pod.Pod)
}

// readScheduling says how far the pod is on its way to its node.
func (p *simPod) readScheduling(pod *wrappers.PodWrapper) {
	switch {
	case p.gated:
		pod.Gated()
	case p.unschedulable:
		pod.Unschedulable("no room")
	case !p.bound:
		pod.Gated().Spec.SchedulingGates = nil
	case !p.started:
		pod.Status.Phase = corev1.PodPending
		pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses = nil, nil
	}
	if p.bound {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
			Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(p.scheduledAt)})
	}
}

// restart runs the pod's container again, after it ended with this code.
func (p *simPod) restart(now time.Time, exitCode, limit int32) {
	p.end = &corev1.ContainerStateTerminated{ExitCode: exitCode, StartedAt: metav1.NewTime(p.startedAt), FinishedAt: metav1.NewTime(now), Message: fmt.Sprintf("try %d failed on %s", p.restarts+1, p.node)}
	p.startedAt = now
	p.restarts++
	p.spared = p.spared || p.restarts > limit
}
