package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// rollout plays the user, the DaemonSet controller and the kubelets around the
// real Compute, and writes down what happens, a line a step.
type rollout struct {
	t          *testing.T
	now        time.Time
	job        *v1beta1.Job
	ds         *appsv1.DaemonSet
	nodes      []string
	pods       []*corev1.Pod
	made       int
	lastWrite  time.Time
	again      bool
	records    Records
	transcript strings.Builder
}

func newRollout(t *testing.T, j *wrappers.JobWrapper, nodes ...string) *rollout {
	t.Helper()
	r := &rollout{t: t, now: now, job: j.UID("j-uid").Generation(1).Obj(), nodes: nodes}
	r.step("the user creates the Job")
	r.settle()
	return r
}

// step is one reconcile, a second after something happened.
func (r *rollout) step(happened string) {
	r.t.Helper()
	r.now = r.now.Add(time.Second)
	var did []string
	templateHash, err := daemonset.CurrentHash(r.job, r.ds)
	if err != nil {
		r.t.Fatal(err)
	}
	desired, err := daemonset.Desired(r.job, templateHash, daemonset.Pause{Image: "pause:v1"})
	if err != nil {
		r.t.Fatal(err)
	}
	if r.job.Finished() == nil && (r.ds == nil || daemonset.NeedsApply(r.ds, desired)) {
		did = append(did, "apply DaemonSet")
		r.apply(desired)
	}
	state := State{Job: r.job, Now: r.now, TemplateHash: templateHash, DaemonSet: r.ds,
		LastStatusWrite: r.lastWrite, ExpectationsMet: true, Records: r.records}
	for _, pod := range r.pods {
		read := ReadPod(pod)
		read.Owner = aDaemonSet
		state.Pods = append(state.Pods, read)
	}
	for _, node := range r.nodes {
		state.Nodes = append(state.Nodes, Node{Name: node, UID: types.UID(node), Placement: daemonset.Placed})
	}
	p := Compute(state)
	if p.ReadLive {
		did, state.Live, state.Records.Known, state.Records.Unwritten = append(did, "read live"), true, true, p.Unwritten
		p = Compute(state)
	}
	r.records = state.Records
	r.records.Unwritten = p.Unwritten
	did = append(did, r.execute(p)...)
	if len(did) == 0 {
		did = []string{"-"}
	}
	fmt.Fprintf(&r.transcript, "%5s  %-34s %s\n", r.now.Sub(now), happened, strings.Join(did, "; "))
}

func (r *rollout) apply(desired *appsv1.DaemonSet) {
	applied := desired.DeepCopy()
	applied.Generation, applied.UID = 1, aDaemonSet
	if r.ds != nil {
		applied.Generation, applied.Status = r.ds.Generation+1, r.ds.Status
	}
	r.ds = applied
}

// execute does what the Plan says, and returns it in words.
func (r *rollout) execute(p Plan) []string {
	var did []string
	for _, page := range p.Pages {
		page.ResourceVersion = "1"
		did = append(did, fmt.Sprintf("record %s with %d nodes", page.Name, len(page.Spec.Nodes)))
	}
	if len(p.Pages) > 0 {
		r.records = r.records.Written(p.Pages, p.Later, r.now)
	}
	if p.IncludeInBackup {
		did = append(did, "include in backups")
		delete(r.job.Labels, v1beta1.LabelExcludeFromBackup)
	}
	if p.Status != nil {
		r.job.Status, r.lastWrite = p.Status.Status, r.now
		did = append(did, "status "+statusLine(&r.job.Status))
		for _, event := range p.Status.Events {
			did = append(did, "event "+event.Reason)
		}
	}
	switch p.DaemonSet {
	case DeleteDaemonSet:
		did, r.ds, r.pods = append(did, "delete DaemonSet"), nil, nil
	case GateTemplate:
		did = append(did, "gate the template")
		r.ds.Spec.Template.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}}
		r.ds.Generation++
	}
	did = append(did, r.deletePods(p.DeletePods, p.DeleteReason)...)
	for i := range p.Ungate {
		r.pod(p.Ungate[i].Node).Spec.SchedulingGates = nil
	}
	if len(p.Ungate) > 0 {
		did = append(did, "ungate "+strings.Join(nodesOf(p.Ungate), ", "))
	}
	if p.ExcludeFromBackup {
		did = append(did, "exclude from backups")
		metav1.SetMetaDataLabel(&r.job.ObjectMeta, v1beta1.LabelExcludeFromBackup, "true")
	}
	r.again = p.RequeueAfter == immediately
	if p.RequeueAfter > immediately {
		did = append(did, "again in "+p.RequeueAfter.String())
	}
	return did
}

func (r *rollout) deletePods(pods []Pod, why string) []string {
	if len(pods) == 0 {
		return nil
	}
	for _, pod := range pods {
		r.pods = slices.DeleteFunc(r.pods, func(p *corev1.Pod) bool { return p.UID == pod.UID })
	}
	return []string{"delete pods " + strings.Join(nodesOf(pods), ", ") + ": " + why}
}

func statusLine(s *v1beta1.JobStatus) string {
	line := fmt.Sprintf("%s %s, %d active", s.Phase, s.Completed, s.Active)
	if s.Failed > 0 {
		line += fmt.Sprintf(", %d failed", s.Failed)
	}
	return line
}

// settle lets the DaemonSet controller and the kubelets work until nothing changes.
func (r *rollout) settle() {
	r.t.Helper()
	for range 20 {
		switch {
		case r.syncDaemonSet():
			r.step("the DaemonSet controller syncs")
		case r.startPods():
			r.step("the kubelets start pods")
		case r.again:
			r.step("at once")
		default:
			return
		}
	}
	r.t.Fatal("the rollout never settles:\n" + r.transcript.String())
}

// syncDaemonSet is the DaemonSet controller. It returns whether it changed anything.
func (r *rollout) syncDaemonSet() (changed bool) {
	if r.ds == nil {
		return false
	}
	before := r.ds.Status
	r.pods = slices.DeleteFunc(r.pods, func(pod *corev1.Pod) bool { return !slices.Contains(r.nodes, NodeName(pod)) })
	for _, node := range r.nodes {
		if r.pod(node) == nil {
			r.made++
			made := wrappers.Pod(r.job, node, r.ds.Spec.Template.Labels[v1beta1.LabelTemplateHash]).Gated().Created(int64(r.made)).Obj()
			made.UID, made.Spec.SchedulingGates = types.UID(fmt.Sprint(r.made)), r.ds.Spec.Template.Spec.SchedulingGates
			r.pods = append(r.pods, made)
			changed = true
		}
	}
	n := int32(len(r.nodes))
	r.ds.Status = appsv1.DaemonSetStatus{ObservedGeneration: r.ds.Generation, DesiredNumberScheduled: n, CurrentNumberScheduled: n}
	return changed || before.ObservedGeneration != r.ds.Generation || before.DesiredNumberScheduled != n
}

// startPods is the scheduler and the kubelets. It returns whether a pod started.
func (r *rollout) startPods() (started bool) {
	for _, pod := range r.pods {
		if node := NodeName(pod); pod.Spec.NodeName == "" && len(pod.Spec.SchedulingGates) == 0 {
			pod.Spec.NodeName, started = node, true
			pod.Status.Phase = corev1.PodRunning
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
				Name: v1beta1.ContainerName, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			}}
		}
	}
	return started
}

func (r *rollout) pod(node string) *corev1.Pod {
	for _, pod := range r.pods {
		if NodeName(pod) == node {
			return pod
		}
	}
	return nil
}

// done is the terminator, which marks the pod of a node.
func (r *rollout) done(node string) {
	r.t.Helper()
	r.pod(node).Status.Conditions = []corev1.PodCondition{{Type: v1beta1.PodCompleted, Status: corev1.ConditionTrue}}
	r.step("node " + node + " is done")
	r.settle()
}

// crash is the container of a node that restarted too often.
func (r *rollout) crash(node string) {
	r.t.Helper()
	status := &r.pod(node).Status.ContainerStatuses[0]
	status.RestartCount = 7
	status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "boom"}
	r.step("node " + node + " fails")
	r.settle()
}

// update is the user, who changes the Job.
func (r *rollout) update(what string, change func(*v1beta1.JobSpec)) {
	r.t.Helper()
	change(&r.job.Spec)
	r.job.Generation++
	r.step("the user " + what)
	r.settle()
}

// annotate is the user, who resumes the Job.
func (r *rollout) annotate(value string) {
	r.t.Helper()
	r.job.Annotations = map[string]string{v1beta1.AnnotationResume: value}
	r.step("the user resumes the Job")
	r.settle()
}

// join and leave are a node.
func (r *rollout) join(node string) {
	r.t.Helper()
	r.nodes = append(r.nodes, node)
	r.step("node " + node + " joins")
	r.settle()
}

func (r *rollout) leave(node string) {
	r.t.Helper()
	r.nodes = slices.DeleteFunc(r.nodes, func(n string) bool { return n == node })
	r.step("node " + node + " leaves")
	r.settle()
}

// pass is time.
func (r *rollout) pass(d time.Duration) {
	r.t.Helper()
	r.now = r.now.Add(d - time.Second)
	r.step(d.String() + " pass")
	r.settle()
}
