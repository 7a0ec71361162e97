package cli

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func (w *world) get(name string) *v1beta1.Job {
	w.t.Helper()
	job := &v1beta1.Job{}
	w.Expect(w.k8s.Get(w.ctx, client.ObjectKey{Namespace: w.ns, Name: name}, job)).To(Succeed())
	return job
}

func TestRetryWritesTheAnnotation(t *testing.T) {
	w := newWorld(t, 0)
	resume := func(s *v1beta1.JobStatus) { s.Resume, s.Failed = new(""), 1 }
	for name, conditionType := range map[string]string{"held": v1beta1.JobSuspended, "failed": v1beta1.JobFailed} {
		job := w.start(w.newJob(name).Obj())
		w.status(job, condition(conditionType, v1beta1.ReasonMaxFailedNodesExceeded, "1 failed"))
		w.status(job, resume)
		code, stdout, stderr := w.plugin("retry", name)
		w.Expect(stderr).To(BeEmpty())
		w.Expect(code).To(Equal(0))
		w.Expect(stdout).To(Equal("job/" + name + " is tried again on the nodes that have not succeeded\n"))
		w.Expect(w.get(name).Annotations[v1beta1.AnnotationResume]).NotTo(BeEmpty())
		code, _, stderr = w.plugin("retry", name)
		w.Expect(code).To(Equal(2))
		w.Expect(stderr).To(ContainSubstring("was resumed already"))
	}
}

func TestRetryRefusesWhatHasNotFailed(t *testing.T) {
	w := newWorld(t, 0)
	job := w.start(w.newJob("report").Obj())
	code, _, stderr := w.plugin("retry", "report")
	w.Expect(code).To(Equal(2))
	w.Expect(stderr).To(Equal("error: job \"report\" has not failed and does not hold itself: it is Running\n"))
	w.status(job, condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done"))
	_, _, stderr = w.plugin("retry", "report")
	w.Expect(stderr).To(ContainSubstring("is Complete: there is nothing to try again"))
	old := w.start(w.newJob("old").Obj())
	w.status(old, condition(v1beta1.JobFailed, v1beta1.ReasonMaxFailedNodesExceeded, "1 failed"))
	_, _, stderr = w.plugin("retry", "old")
	w.Expect(stderr).To(ContainSubstring("earlier version of the operator"))
}

func TestSuspendAndResume(t *testing.T) {
	w := newWorld(t, 0)
	job := w.start(w.newJob("report").Obj())
	code, stdout, _ := w.plugin("suspend", "report")
	w.Expect(code).To(Equal(0))
	w.Expect(stdout).To(Equal("job/report suspended\n"))
	w.Expect(w.get("report").Suspended()).To(BeTrue())
	w.plugin("resume", "report")
	w.Expect(w.get("report").Suspended()).To(BeFalse())

	w.status(job, condition(v1beta1.JobSuspended, v1beta1.ReasonMaxFailedNodesExceeded, "1 failed"))
	w.status(job, func(s *v1beta1.JobStatus) { s.Resume = new("") })
	code, _, stderr := w.plugin("resume", "report")
	w.Expect(code).To(Equal(2))
	w.Expect(stderr).To(ContainSubstring("kubectl node-job retry report"))

	w.status(job, condition(v1beta1.JobFailed, v1beta1.ReasonMaxFailedNodesExceeded, "1 failed"))
	_, _, stderr = w.plugin("suspend", "report")
	w.Expect(stderr).To(Equal("error: job \"report\" is over, it cannot be suspended: it is Failed\n"))
	_, _, stderr = w.plugin("suspend", "daemonset/report")
	w.Expect(stderr).To(ContainSubstring("write the name of a Job, or cronjob/NAME"))
}

func TestCancelDeletesAJobThatRuns(t *testing.T) {
	w := newWorld(t, 0)
	job := w.start(w.newJob("report").Annotation("meta.helm.sh/release-name", "x").Obj())
	done := w.start(w.newJob("done").Obj())
	w.status(done, condition(v1beta1.JobComplete, "AllNodesDone", "3 nodes done"))
	code, stdout, stderr := w.plugin("cancel", "report")
	w.Expect(code).To(Equal(0))
	w.Expect(stdout).To(Equal("job/report canceled\n"))
	w.Expect(stderr).To(ContainSubstring("Helm owns Job"))
	w.Expect(client.IgnoreNotFound(w.k8s.Get(w.ctx, client.ObjectKeyFromObject(job), job))).To(Succeed())
	_, stdout, _ = w.plugin("cancel", "done")
	w.Expect(stdout).To(Equal("job/done is over already: it is Complete\n"))
	w.get("done")
}

func aCronJob(w *world, name string) *v1beta1.CronJob {
	cronJob := &v1beta1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name}, Spec: v1beta1.CronJobSpec{
		Schedule: "@daily", JobTemplate: v1beta1.JobTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"team": "a"}}, Spec: wrappers.Job("", "").Exit().Spec},
	}}
	w.Expect(w.k8s.Create(w.ctx, cronJob)).To(Succeed())
	return cronJob
}

func TestTriggerStartsARunOfTheCronJob(t *testing.T) {
	w := newWorld(t, 0)
	cronJob := aCronJob(w, "nightly-report-of-the-disks-of-all-nodes")
	code, stdout, stderr := w.plugin("trigger", cronJob.Name)
	w.Expect(stderr).To(BeEmpty())
	w.Expect(code).To(Equal(0))
	w.Expect(stdout).To(MatchRegexp(`^job/nightly-report-of-the-disks-of-all-n-manual-[a-z0-9]{5} created\n$`))
	jobs := &v1beta1.JobList{}
	w.Expect(w.k8s.List(w.ctx, jobs, client.InNamespace(w.ns))).To(Succeed())
	w.Expect(jobs.Items).To(HaveLen(1))
	w.Expect(v1beta1.CronJobOf(&jobs.Items[0]).UID).To(Equal(cronJob.UID))
	w.Expect(jobs.Items[0].Labels).To(HaveKeyWithValue("team", "a"))

	cronJob.Status.ActiveJobs = 1
	w.Expect(w.k8s.Status().Update(w.ctx, cronJob)).To(Succeed())
	_, _, stderr = w.plugin("trigger", cronJob.Name)
	w.Expect(stderr).To(ContainSubstring("has 1 active runs already"))
	code, _, stderr = w.plugin("trigger", "other")
	w.Expect(code).To(Equal(2))
	w.Expect(stderr).To(ContainSubstring(`CronJob "other" is not in namespace "test-xxxxx"`))
}

func TestSuspendACronJob(t *testing.T) {
	w := newWorld(t, 0)
	cronJob := aCronJob(w, "nightly")
	_, stdout, _ := w.plugin("suspend", "cronjob/nightly")
	w.Expect(stdout).To(Equal("cronjob/nightly suspended\n"))
	w.Expect(w.k8s.Get(w.ctx, client.ObjectKeyFromObject(cronJob), cronJob)).To(Succeed())
	w.Expect(*cronJob.Spec.Suspend).To(BeTrue())
}

func TestNamesAreCompleted(t *testing.T) {
	w := newWorld(t, 0)
	w.start(w.newJob("report").Obj())
	aCronJob(w, "nightly")
	_, stdout, _ := w.plugin("__complete", "status", "")
	w.Expect(stdout).To(Equal("report\n:4\n"))
	_, stdout, _ = w.plugin("__complete", "trigger", "ni")
	w.Expect(stdout).To(Equal("nightly\n:4\n"))
	_, stdout, _ = w.plugin("__complete", "status", "report", "")
	w.Expect(stdout).To(Equal(":4\n"))
	_, stdout, _ = w.plugin("__complete", "status", "--namespace", w.ns)
	w.Expect(stdout).To(ContainSubstring("test-xxxxx\n"))
}

func TestVersionComparesWithTheOperator(t *testing.T) {
	w := newWorld(t, 0)
	labels := map[string]string{"app.kubernetes.io/name": "daemonset-job", "control-plane": "controller-manager"}
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "controller-manager", Labels: labels}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "manager", Image: "registry.local:5000/daemonset-job:v0.9.0"}}}},
	}}
	w.Expect(w.k8s.Create(w.ctx, deployment)).To(Succeed())
	code, stdout, stderr := w.plugin("version")
	w.Expect(code).To(Equal(0))
	w.Expect(stdout).To(MatchRegexp(`^plugin: kubectl-node_job dev \(go.*\)\noperator: v0.9.0 in test-xxxxx/controller-manager\n$`))
	w.Expect(stderr).To(ContainSubstring("Warning: the plugin is dev, and the operator in test-xxxxx is v0.9.0"))

	w.kubeconfig = userWith(t)
	_, stdout, _ = w.plugin("version")
	w.Expect(stdout).To(ContainSubstring("operator: unknown, you may not list deployments.apps of all namespaces"))
	w.Expect(w.k8s.Delete(w.ctx, deployment)).To(Succeed())
}

func TestTheVersionOfAnImageWithADigestIsThatOfItsCSV(t *testing.T) {
	g := NewWithT(t)
	for image, want := range map[string]string{
		"docker.io/x/daemonset-job:v0.1.0":            "v0.1.0",
		"docker.io/x/daemonset-job:v0.1.0@sha256:abc": "v0.1.0",
		"localhost:5000/daemonset-job@sha256:abc":     "v0.2.0",
	} {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"olm.owner": "daemonset-job.v0.2.0"}}}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "manager", Image: image}}
		g.Expect(operatorVersion(d)).To(Equal(want), image)
	}
}
