package plan

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// disturb lets the user or a node do something that Kubernetes does not undo.
func (w *world) disturb() {
	switch w.random.IntN(6) {
	case 0, 1:
		w.disturbNode()
	case 5:
		if w.chance(2) {
			w.refusing = !w.refusing
			w.note("API server refuses pages: %t", w.refusing)
		}
		if w.guard.Missing != "" || w.chance(5) {
			w.disturbPolicy()
		}
	case 2:
		w.disturbPod()
	default:
		w.disturbJob()
	}
}

// disturbPolicy lets an administrator remove the policy for Jobs, or make it again.
func (w *world) disturbPolicy() {
	if w.guard.Missing == "" {
		w.guard = missing
	} else {
		w.guard = Guard{Since: w.stamp().Add(3 * time.Second)}
	}
	w.note("manager observed the policy: %+v", w.guard)
}

func (w *world) disturbNode() {
	if len(w.machines) == 0 || w.chance(4) {
		w.join()
		return
	}
	m := w.machines[w.random.IntN(len(w.machines))]
	switch w.random.IntN(7) {
	case 0:
		w.leave(m)
		return
	case 1, 2:
		w.setReady(m, !m.ready())
	case 3:
		w.setTaint(m, drained, !m.tainted())
	case 4:
		m.full = !m.full
	case 5:
		m.Labels = map[string]string{"pool": string("ab"[w.random.IntN(2)])}
	default:
		w.reboot(m)
	}
	w.nodeChanged(m)
}

func (w *world) join() {
	name := fmt.Sprintf("n%d", w.random.IntN(7))
	if w.machine(name) != nil || len(w.machines) >= 6 {
		return
	}
	m := &machine{Node: &corev1.Node{}}
	if w.joined[name] {
		// A machine is replaced by one of its name after its pods were bound to it. They may be
		// gone, and still in the manager's cache.
		w.now = w.now.Add(machineTolerance + time.Second)
	}
	w.joined[name] = true
	m.Name, m.UID, m.Labels, m.CreationTimestamp = name, w.uid("node"), map[string]string{"pool": "a"}, w.stamp()
	m.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: w.stamp()}}
	w.machines = append(w.machines, m)
	w.note("node %s joined", name)
	w.nodeChanged(m)
}

// leave takes a node away, with all that ran on it. Its pods are collected later.
func (w *world) leave(m *machine) {
	w.note("node %s left", m.Name)
	for _, p := range w.podsOn(m.Name) {
		p.running, p.lost = false, p.bound
	}
	w.machines = slices.DeleteFunc(w.machines, func(other *machine) bool { return other == m })
	w.nodeGone(m)
}

func (w *world) setReady(m *machine, ready bool) {
	w.note("node %s ready: %t", m.Name, ready)
	status := corev1.ConditionTrue
	if !ready {
		status = corev1.ConditionUnknown
	}
	m.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, LastTransitionTime: w.stamp()}}
	w.setTaint(m, corev1.TaintNodeUnreachable, !ready)
}

func (w *world) setTaint(m *machine, key string, there bool) {
	w.note("node %s taint %s: %t", m.Name, key, there)
	m.Spec.Taints = slices.DeleteFunc(slices.Clone(m.Spec.Taints), func(t corev1.Taint) bool { return t.Key == key })
	if there {
		m.Spec.Taints = append(m.Spec.Taints, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoSchedule})
	}
}

func (w *world) reboot(m *machine) {
	if !m.ready() {
		return
	}
	w.note("node %s rebooted", m.Name)
	for _, p := range w.podsOn(m.Name) {
		if p.running && !p.terminating() {
			w.goDown(p)
			w.podChanged(p)
		}
	}
	// A machine takes longer to boot than clocks differ.
	w.now = w.now.Add(sandboxTolerance + time.Second)
}

func (w *world) disturbPod() {
	if len(w.pods) == 0 {
		return
	}
	p := w.pods[w.random.IntN(len(w.pods))]
	switch n := w.random.IntN(4); {
	case p.owner == "": // The next DaemonSet adopts it at once.
	case n < 2:
		w.note("user deleted %s", p.uid)
		w.deletePod(p)
	case n == 2:
		w.note("user deleted %s by force", p.uid)
		w.removePod(p)
	default:
		if p.running && !p.terminating() {
			w.note("kubelet evicted %s", p.uid)
			p.evicted, p.running, p.done = true, false, p.done && !p.exit
			w.podChanged(p)
		}
	}
}

// disturbJob lets the user change, delete and create Jobs and DaemonSets.
func (w *world) disturbJob() {
	if w.job == nil {
		w.createJob()
		return
	}
	switch w.random.IntN(13) {
	case 12:
		w.changeSpec(w.setRules)
	case 0:
		w.removeJob("user")
		if w.chance(2) {
			w.createJob() // As kubectl replace --force does.
		}
	case 1:
		if w.job.DeletionTimestamp == nil && w.chance(4) {
			w.note("user deleted the Job, and a finalizer keeps it")
			w.changeJob(func(j *v1beta1.Job) { j.DeletionTimestamp = new(w.stamp()) })
		}
	case 2:
		w.disturbDaemonSet()
	case 3, 4:
		w.changeSpec(func(spec *v1beta1.JobSpec) {
			spec.Template = spec.Template.DeepCopy()
			spec.Template.Spec.Containers[0].Image = fmt.Sprintf("example.com/work:v%d", w.random.IntN(3))
		})
	case 5:
		w.changeSpec(func(spec *v1beta1.JobSpec) { spec.Suspend = new(w.chance(2)) })
	case 6, 7:
		w.changeSpec(func(spec *v1beta1.JobSpec) { spec.Parallelism, spec.Results = w.parallelism(), w.results() })
	case 8:
		w.changeSpec(func(spec *v1beta1.JobSpec) {
			spec.MaxFailedNodes, spec.Results = new(intstr.FromInt32(w.random.Int32N(3))), w.results()
		})
	case 9, 10:
		w.resume()
	default:
		if w.job.Finished() != nil && w.job.Status.ObservedGeneration == w.job.Generation {
			w.removeJob("terminator")
		}
	}
}

func (w *world) resume() {
	w.note("user resumed the Job")
	w.changeJob(func(j *v1beta1.Job) {
		j.Annotations = map[string]string{v1beta1.AnnotationResume: string(w.uid("resume"))}
	})
}

func (w *world) parallelism() *intstr.IntOrString {
	if n := w.random.Int32N(4); n > 0 {
		return new(intstr.FromInt32(n))
	}
	return nil
}

// disturbDaemonSet lets the user delete the DaemonSet, with its pods or without, or
// take its name.
func (w *world) disturbDaemonSet() {
	switch {
	case w.ds == nil && w.chance(4):
		w.note("user took the DaemonSet's name")
		w.ds = &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: v1beta1.DaemonSetName("j"), UID: w.uid("foreign")}}
		w.dsChanged()
	case w.ds == nil:
	case w.chance(4) && w.job.UID == jobOf(w.ds):
		for _, p := range w.pods {
			if p.owner == w.ds.UID {
				p.owner = ""
				w.podChanged(p)
			}
		}
		w.removeDaemonSet("user, --cascade=orphan,")
	default:
		w.removeDaemonSet("user")
	}
}

func (w *world) removeJob(by string) {
	w.note("%s deleted Job %s", by, w.job.UID)
	w.pods = slices.DeleteFunc(w.pods, func(p *simPod) bool {
		if p.owner == "" {
			w.podGone(p) // The user cleans up what nothing owns.
		}
		return p.owner == ""
	})
	w.pages = slices.DeleteFunc(w.pages, func(page *v1beta1.JobRecord) bool { return metav1.IsControlledBy(page, w.job) })
	w.countOutlived()
	w.job = nil
	w.jobChanged()
}

func (w *world) createJob() {
	j := wrappers.Job("ns", "j").UID(string(w.uid("job"))).Generation(1).BackoffLimit(w.limit).Template(corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"pool": "a"}, Containers: []corev1.Container{{Name: v1beta1.ContainerName, Image: "example.com/work:v0"}},
	}})
	j.Spec.Parallelism, j.Spec.Results = w.parallelism(), w.results()
	options := []func(){
		func() { j.Exit() }, func() { j.Exit() }, func() { j.MaxFailedNodes("1") },
		func() { j.OnFailure(v1beta1.FailureActionSuspend) }, func() { j.OnFailure(v1beta1.FailureActionSuspend) }, func() { j.OnFailure(v1beta1.FailureActionSuspend) }, func() { j.Never() }, func() { j.Spec.CompletedPods = v1beta1.CompletedPodsRelease }, func() { j.TTL(600) }, func() { j.Deadline(900) }, func() { j.Suspend(true) },
	}
	for _, option := range options {
		if w.chance(4) {
			option()
		}
	}
	if !w.chance(3) {
		w.setRules(&j.Spec)
	}
	w.job = j.Obj()
	w.rules.learn(w.job)
	w.job.CreationTimestamp = w.stamp()
	w.count[recreated]++
	w.note("user created Job %s", w.job.UID)
	w.jobChanged()
}

// changeSpec changes the Job's spec, as the user does. What it runs may be the same.
func (w *world) changeSpec(change func(*v1beta1.JobSpec)) {
	w.changeJob(func(j *v1beta1.Job) {
		j.Generation++
		change(&j.Spec)
		w.rules.learn(j)
		w.note("user changed the Job: generation %d, parallelism %v, suspend %t, %s", j.Generation, j.Spec.Parallelism, j.Suspended(),
			j.Spec.Template.Spec.Containers[0].Image)
	})
}

func (w *world) changeJob(change func(*v1beta1.Job)) {
	w.job = w.job.DeepCopy()
	change(w.job)
	w.jobChanged()
}

// jobOf returns the UID of the Job that controls the DaemonSet, if one does.
func jobOf(ds *appsv1.DaemonSet) types.UID {
	if owner := metav1.GetControllerOf(ds); owner != nil {
		return owner.UID
	}
	return ""
}
