package cli

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
)

// created returns the Job that a run creates.
func (w *world) created() *v1beta1.Job {
	w.t.Helper()
	jobs := &v1beta1.JobList{}
	w.Eventually(func() []v1beta1.Job {
		w.Expect(w.k8s.List(w.ctx, jobs, client.InNamespace(w.ns))).To(Succeed())
		return jobs.Items
	}).Should(HaveLen(1))
	return &jobs.Items[0]
}

// work plays the operator for a run until each node works.
func (w *world) work(nodes int) (*v1beta1.Job, []*corev1.Pod) {
	w.t.Helper()
	job := w.created()
	w.own(job)
	var pods []*corev1.Pod
	for i := range nodes {
		pods = append(pods, w.pod(job, i+1))
	}
	job = w.status(job, func(s *v1beta1.JobStatus) {
		s.Phase, s.Completed, s.Desired, s.Active = v1beta1.PhaseRunning, "0/3", int32(nodes), int32(nodes)
	})
	return job, pods
}

// noJob returns whether the namespace has no Job.
func (w *world) noJob() bool {
	jobs := &v1beta1.JobList{}
	w.Expect(w.k8s.List(w.ctx, jobs, client.InNamespace(w.ns))).To(Succeed())
	return len(jobs.Items) == 0
}

// named replaces the name of the Job, which the API server made up.
func (w *world) named(text, job string) string {
	return strings.ReplaceAll(w.neutral(text), job, "run-xxxxx")
}

func TestRunShowsWhatIsDifferent(t *testing.T) {
	w := newWorld(t, 3)
	p := w.begin("run", "--image=busybox", "-l", "pool="+w.ns, "--", "uname", "-r")
	job, pods := w.work(3)
	w.Expect(job.Spec.Command).To(Equal([]string{"uname", "-r"}))
	w.Eventually(p.err.String).Should(ContainSubstring("0/3 done, 3 at work"))
	w.finish(pods[0], 0, "6.12\n")
	w.finish(pods[1], 0, "6.12\n")
	w.finish(pods[2], 127, "uname: not found\n")
	w.Eventually(p.err.String).Should(ContainSubstring("Failed, exit code 127, uname: not found"))
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Phase, s.Completed, s.Succeeded, s.Failed, s.Active = v1beta1.PhaseComplete, "2/3", 2, 1, 0
		condition(v1beta1.JobComplete, v1beta1.ReasonFailuresTolerated, "2 of 3 nodes done, 1 failed, which the Job tolerates")(s)
	})
	code, stdout, stderr := p.wait()
	golden.Check(t, "run", w.named(stdout+"--- stderr\n"+stderr, job.Name))
	w.Expect(code).To(Equal(1))
	w.Eventually(w.noJob).Should(BeTrue())
}

// gatedAgain makes the pod of a node again, as the DaemonSet controller does.
func (w *world) gatedAgain(pod *corev1.Pod, i int) {
	w.t.Helper()
	w.Expect(w.k8s.Delete(w.ctx, pod, client.GracePeriodSeconds(0))).To(Succeed())
	again := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: w.ns, Name: pod.Name + "-again", Labels: pod.Labels, OwnerReferences: pod.OwnerReferences,
	}, Spec: *w.ds.Spec.Template.Spec.DeepCopy()}
	again.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}}
	again.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{
			{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{w.node(i)}},
		}}},
	}}}
	w.Expect(w.k8s.Create(w.ctx, again)).To(Succeed())
}

// The pod of a node that failed is deleted before the next node starts, and made again, gated.
func TestRunShowsWhatAPodPrintedThatIsMadeAgain(t *testing.T) {
	w := newWorld(t, 2)
	p := w.begin("run", "--image=busybox", "-l", "pool="+w.ns, "--parallelism=1", "--", "check")
	job, pods := w.work(2)
	w.finish(pods[0], 3, "first line\n\ndisk is full\n")
	w.Eventually(p.err.String).Should(ContainSubstring("-1: Failed, exit code 3"))
	failed := w.succeeded(1, "disk is full")
	failed.NodeUID, failed.PodUID, failed.Result, failed.Reason, failed.ExitCode = w.uidOf(1), pods[0].UID, v1beta1.RecordFailed, v1beta1.ReasonBackoffLimitExceeded, new(int32(3))
	w.records(job.Name, job.UID, 0, 1, failed)
	w.gatedAgain(pods[0], 1)
	w.finish(pods[1], 0, "fine\n")
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Phase, s.Completed, s.Succeeded, s.Failed, s.Active = v1beta1.PhaseComplete, "1/2", 1, 1, 0
		condition(v1beta1.JobComplete, v1beta1.ReasonFailuresTolerated, "1 of 2 nodes done, 1 failed, which the Job tolerates")(s)
	})
	code, stdout, _ := p.wait()
	w.Expect(stdout).To(Equal("=== test-xxxxx-2, exit code 0\nfine\n\n=== test-xxxxx-1, exit code 3\nfirst line\n\ndisk is full\n"))
	w.Expect(code).To(Equal(1))
}

// The watch of the Job can be back before those of pods and records.
func TestRunShowsWhatEndedWhileTheAPIServerWasGone(t *testing.T) {
	w := newWorld(t, 3)
	proxy := startProxy(t)
	direct := w.kubeconfig
	w.kubeconfig = proxy.kubeconfig(t)
	p := w.begin("run", "--image=busybox", "-l", "pool="+w.ns, "--", "uname")
	job, pods := w.work(3)
	w.Eventually(p.err.String).Should(ContainSubstring("0/3 done, 3 at work"))
	time.Sleep(waitABit * 2)
	proxy.stop()
	w.kubeconfig = direct
	w.Eventually(p.err.String).Should(ContainSubstring("Lost the connection"))
	for _, pod := range pods {
		w.finish(pod, 0, "Linux\n")
	}
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Phase, s.Completed, s.Succeeded, s.Active = v1beta1.PhaseComplete, "3/3", 3, 0
		condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done")(s)
	})
	proxy.start()
	code, stdout, _ := p.wait()
	w.Expect(stdout).To(Equal("=== test-xxxxx-[1-3] (3), exit code 0\nLinux\n"))
	w.Expect(code).To(Equal(0))
}

func TestRunKeepsTheJobIfAsked(t *testing.T) {
	w := newWorld(t, 1)
	p := w.begin("run", "--image=busybox", "--keep", "--nodes", w.node(1), "--", "true")
	job, pods := w.work(1)
	w.finish(pods[0], 0, "")
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Succeeded, s.Completed = 1, "1/1"
		condition(v1beta1.JobComplete, "AllNodesDone", "1 node done")(s)
	})
	code, stdout, stderr := p.wait()
	w.Expect(code).To(Equal(0))
	w.Expect(stdout).To(Equal("=== test-xxxxx-1, exit code 0\n(no output)\n"))
	w.Expect(stderr).To(ContainSubstring("It is kept for a week"))
	w.Expect(w.noJob()).To(BeFalse())
}

// The pod of a node that fails under parallelism is deleted at once: its log is read as soon as
// the work failed, and the log of a pod that is gone is what the operator recorded.
func TestRunReadsALogBeforeThePodGoes(t *testing.T) {
	w := newWorld(t, 2)
	p := w.begin("run", "--image=busybox", "--parallelism=1", "-l", "pool="+w.ns, "--", "false")
	job, pods := w.work(2)
	w.finish(pods[0], 1, "the whole log\n")
	w.Eventually(p.err.String).Should(ContainSubstring("-1: Failed, exit code 1"))
	for _, pod := range pods {
		w.Expect(w.k8s.Delete(w.ctx, pod, client.GracePeriodSeconds(0))).To(Succeed())
	}
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Failed, s.Completed = 2, "0/2"
		s.FailedNodes = []v1beta1.FailedNode{
			{Node: w.node(1), Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(1)), Message: "restarted 1 times; its last lines:\nthe whole log"},
			{Node: w.node(2), Reason: v1beta1.ReasonBackoffLimitExceeded, ExitCode: new(int32(1)), Message: "restarted 1 times; its last lines:\nthe end of it"},
		}
		condition(v1beta1.JobComplete, v1beta1.ReasonFailuresTolerated, "0 of 2 nodes done, 2 failed")(s)
	})
	code, stdout, _ := p.wait()
	w.Expect(code).To(Equal(1))
	w.Expect(stdout).To(Equal("=== test-xxxxx-1, exit code 1\nthe whole log\n\n" +
		"=== test-xxxxx-2, exit code 1\nthe end of it\n(its pod is gone: these are the last lines that the operator recorded)\n"))
}

func TestRunEndsWithItsDeadline(t *testing.T) {
	w := newWorld(t, 1)
	p := w.begin("run", "--image=busybox", "--timeout=5m", "-l", "pool="+w.ns, "--", "sleep", "1000")
	job, _ := w.work(1)
	w.Expect(*job.Spec.ActiveDeadlineSeconds).To(BeEquivalentTo(300))
	w.status(job, func(s *v1beta1.JobStatus) {
		s.Failed, s.Completed = 1, "0/1"
		s.FailureGroups = []v1beta1.FailureGroup{{Reason: v1beta1.ReasonDeadlineExceeded, Count: 1}}
		s.FailedNodes = []v1beta1.FailedNode{{Node: w.node(1), Reason: v1beta1.ReasonDeadlineExceeded, Message: "not done when its time was over: running"}}
		condition(v1beta1.JobComplete, v1beta1.ReasonFailuresTolerated, "0 of 1 node done, 1 failed")(s)
	})
	code, stdout, _ := p.wait()
	w.Expect(code).To(Equal(124))
	w.Expect(stdout).To(ContainSubstring("DeadlineExceeded: not done when its time was over"))
}

func TestRunSaysThatTheOperatorIsNotThere(t *testing.T) {
	w := newWorld(t, 1)
	w.at = w.at.Add(time.Minute)
	p := w.begin("run", "--image=busybox", "--", "true")
	w.created()
	w.Eventually(p.err.String).Should(ContainSubstring("The operator has not observed the Job yet"))
}

func TestRunSaysWhatToWriteInstead(t *testing.T) {
	w := newWorld(t, 0)
	for name, test := range map[string]struct {
		args    []string
		message string
	}{
		"no image":      {[]string{"--", "true"}, "--image=busybox"},
		"no dash":       {[]string{"--image=x", "true"}, "write the command behind --"},
		"too many":      {[]string{"--image=x", "--nodes=n[1-300]", "--", "true"}, "choose them by --selector"},
		"bad portion":   {[]string{"--image=x", "--parallelism=0", "--", "true"}, "parallelism must be a number of at least 1"},
		"bad mount":     {[]string{"--image=x", "--mount=etc", "--", "true"}, "mountPath must be an absolute path"},
		"unknown flags": {[]string{"--imgae=x", "--", "true"}, "see kubectl node-job run --help"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Gomega = NewWithT(t)
			code, _, stderr := w.plugin(append([]string{"run"}, test.args...)...)
			w.Expect(stderr).To(ContainSubstring(test.message))
			w.Expect(code).To(Equal(2))
		})
	}
	w.Expect(w.noJob()).To(BeTrue())
}
