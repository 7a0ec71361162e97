package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
)

// manifest writes objects into one file.
func (w *world) manifest(objects ...client.Object) string {
	w.t.Helper()
	var documents []string
	for _, object := range objects {
		text, err := yaml.Marshal(object)
		w.Expect(err).NotTo(HaveOccurred())
		documents = append(documents, string(text))
	}
	file := filepath.Join(w.t.TempDir(), "manifest.yaml")
	w.Expect(os.WriteFile(file, []byte(strings.Join(documents, "---\n")), 0o600)).To(Succeed())
	return file
}

// change updates a node.
func (w *world) change(i int, change func(*corev1.Node)) {
	w.t.Helper()
	node := &corev1.Node{}
	w.Expect(w.k8s.Get(w.ctx, client.ObjectKey{Name: w.node(i)}, node)).To(Succeed())
	change(node)
	w.Expect(w.k8s.Update(w.ctx, node)).To(Succeed())
}

// manyKindsOfNodes is a world with nodes of each kind that a Job can meet.
func manyKindsOfNodes(t *testing.T) *world {
	w := newWorld(t, 9)
	w.change(2, func(n *corev1.Node) {
		n.Spec.Taints = []corev1.Taint{{Key: "gpu", Value: "yes", Effect: corev1.TaintEffectNoSchedule}}
	})
	w.change(3, func(n *corev1.Node) {
		n.Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoSchedule}}
	})
	away := &corev1.Node{}
	w.Expect(w.k8s.Get(w.ctx, client.ObjectKey{Name: w.node(3)}, away)).To(Succeed())
	away.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, LastTransitionTime: metav1.NewTime(w.at)}}
	w.Expect(w.k8s.Status().Update(w.ctx, away)).To(Succeed())
	w.change(4, func(n *corev1.Node) { n.Labels["pool"] = "db" })
	w.change(5, func(n *corev1.Node) { delete(n.Labels, "pool") })
	w.change(6, func(n *corev1.Node) { n.Labels["type"] = "virtual-kubelet" })
	w.change(7, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	return w
}

func TestPlanSaysWhereAJobWouldRun(t *testing.T) {
	w := manyKindsOfNodes(t)
	file := w.manifest(w.newJob("report").Parallelism("50%").MaxFailedNodes("1").Obj())
	for name, output := range map[string]string{"plan": "", "plan-wide": "wide"} {
		code, stdout, stderr := w.plugin("plan", "-f", file, "-o", output)
		w.Expect(stderr).To(BeEmpty())
		w.Expect(code).To(Equal(0))
		golden.Check(t, name, stdout)
	}
	_, stdout, _ := w.plugin("plan", "-f", file, "-o", "json")
	var report nodeview.PlanReport
	w.Expect(json.Unmarshal([]byte(stdout), &report)).To(Succeed())
	w.Expect(report.AtOnce).To(Equal(2))
	w.Expect(report.Nodes).To(HaveLen(9))
	w.Expect(report.Nodes[0].Order).To(Equal(1))
	jobs := &v1beta1.JobList{}
	w.Expect(w.k8s.List(w.ctx, jobs, client.InNamespace(w.ns))).To(Succeed())
	w.Expect(jobs.Items).To(BeEmpty(), "a plan writes nothing")
}

// A Job that is there runs again if its manifest changes what runs, and else on the nodes alone
// that are not done.
func TestPlanOfAJobThatIsThere(t *testing.T) {
	w := newWorld(t, 5)
	job := aRun(w)
	file := w.manifest(w.newJob("report").Parallelism("1").Obj())
	code, stdout, stderr := w.plugin("plan", "-f", file)
	w.Expect(stderr).To(BeEmpty())
	w.Expect(code).To(Equal(0))
	golden.Check(t, "plan-limits", stdout)

	file = w.manifest(w.newJob("report").Command("other").Obj())
	_, stdout, _ = w.plugin("plan", "-f", file)
	golden.Check(t, "plan-template", stdout)
	w.Expect(w.k8s.Get(w.ctx, client.ObjectKeyFromObject(job), job)).To(Succeed())
	w.Expect(job.Spec.Command).To(Equal([]string{"true"}), "a plan writes nothing")
}

// A manifest may have several Jobs, the Job of a CronJob, and what is none.
func TestPlanOfManyObjects(t *testing.T) {
	w := newWorld(t, 2)
	cronJob := &v1beta1.CronJob{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1beta1.GroupVersion.String(), Kind: "CronJob"},
		ObjectMeta: metav1.ObjectMeta{Name: "nightly"},
		Spec:       v1beta1.CronJobSpec{Schedule: "@daily", JobTemplate: v1beta1.JobTemplateSpec{Spec: w.newJob("x").Spec}},
	}
	other := &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: "c"}}
	code, stdout, stderr := w.plugin("plan", "-f", w.manifest(w.newJob("one").Obj(), other, cronJob))
	w.Expect(code).To(Equal(0), stderr)
	golden.Check(t, "plan-many", stderr+"---\n"+stdout)
}

func TestPlanSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t, 1)
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	w.Expect(os.WriteFile(wrong, []byte("apiVersion: daemonset.darkowlzz.space/v1beta1\nkind: Job\nmetadata: {name: j}\nspec: {image: i, paralelism: 3}\n"), 0o600)).To(Succeed())
	for _, test := range []struct {
		name    string
		args    []string
		message string
	}{
		{"no file", nil, "give the manifest of the Job"},
		{"an argument", []string{"j"}, "unknown command"},
		{"no such file", []string{"-f", "/none.yaml"}, "/none.yaml"},
		{"another output", []string{"-f", wrong, "-o", "yaml"}, "write wide or json"},
		{"a field with a typing mistake", []string{"-f", wrong}, `unknown field "spec.paralelism"`},
		{"what the API server refuses", []string{"-f", w.manifest(w.newJob("j").Parallelism("many").Obj())}, "parallelism"},
		{"no Job", []string{"-f", w.manifest(&corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Name: "c"}})}, "no Job or CronJob"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := NewWithT(t)
			code, stdout, stderr := w.plugin(append([]string{"plan"}, test.args...)...)
			g.Expect(stderr).To(ContainSubstring(test.message))
			g.Expect(code).To(Equal(2))
			g.Expect(stdout).To(BeEmpty())
		})
	}
}

// Who may read but not create has a plan of what the manifest says.
func TestPlanOfAUserWithFewRights(t *testing.T) {
	w := newWorld(t, 5)
	job := aRun(w)
	group := v1beta1.GroupVersion.Group
	read := rule(group, []string{"jobs", "jobrecords"}, "get", "list")
	nodes := rule("", []string{"nodes", "pods"}, "list")
	w.kubeconfig = userWith(t, read)
	code, _, stderr := w.plugin("plan", "-f", w.manifest(w.newJob("new").Obj()))
	w.Expect(stderr).To(ContainSubstring("you may not list nodes"))
	w.Expect(code).To(Equal(2))

	w.kubeconfig = userWith(t, read, nodes, rule("apps", []string{"daemonsets"}, "list"))
	code, stdout, stderr := w.plugin("plan", "-f", w.manifest(w.newJob("new").Obj()))
	w.Expect(code).To(Equal(0), stderr)
	w.Expect(stderr).To(ContainSubstring("The API server has not checked the manifest, and added no defaults: work that is done can be shown as starting again: jobs."))
	w.Expect(stdout).To(ContainSubstring("Starts on 5 nodes, all at once"))

	_, stdout, _ = w.plugin("plan", "-f", w.manifest(w.newJob(job.Name).Obj()))
	w.Expect(stdout).To(ContainSubstring("is there already\nStarts on 1 node"))
	_, stdout, _ = w.plugin("plan", "-f", w.manifest(w.newJob(job.Name).Command("other").Obj()))
	w.Expect(stdout).To(ContainSubstring("Starts on 5 nodes"))
}

// As after kubectl apply: what another tool set, and the manifest never named, stays.
func TestPlanKeepsWhatTheManifestDoesNotName(t *testing.T) {
	w := newWorld(t, 2)
	file := w.manifest(w.newJob("report").Obj())
	applied, err := json.Marshal(w.newJob("report").Parallelism("1").Obj())
	w.Expect(err).NotTo(HaveOccurred())
	w.start(w.newJob("report").Parallelism("1").Suspend(true).Annotation(corev1.LastAppliedConfigAnnotation, string(applied)).Obj())
	code, stdout, stderr := w.plugin("plan", "-f", file)
	w.Expect(code).To(Equal(0), stderr)
	w.Expect(stdout).To(ContainSubstring("Starts on 2 nodes, all at once, but not for now: the Job is suspended"), "parallelism was removed from the manifest")
}

func TestPlanSaysWhatKeepsAJobFromStarting(t *testing.T) {
	w := newWorld(t, 2)
	foreign := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: v1beta1.DaemonSetName("taken")}, Spec: appsv1.DaemonSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
	}}
	w.Expect(w.k8s.Create(w.ctx, foreign)).To(Succeed())
	_, stdout, _ := w.plugin("plan", "-f", w.manifest(w.newJob("taken").Obj()))
	w.Expect(stdout).To(ContainSubstring("but not for now: the DaemonSet taken-daemonset-job is not this Job's"))

	nightly := &v1beta1.CronJob{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1beta1.GroupVersion.String(), Kind: "CronJob"},
		ObjectMeta: metav1.ObjectMeta{Name: "nightly"},
		Spec:       v1beta1.CronJobSpec{Schedule: "@daily", Suspend: new(true), JobTemplate: v1beta1.JobTemplateSpec{Spec: w.newJob("x").Spec}},
	}
	_, stdout, _ = w.plugin("plan", "-f", w.manifest(nightly))
	w.Expect(stdout).To(ContainSubstring("but not for now: the CronJob is suspended"))
}

// A manifest may make what its Job needs.
func TestPlanOfWhatIsNotThereYet(t *testing.T) {
	w := newWorld(t, 2)
	job := w.newJob("report").Obj()
	job.Namespace = w.ns + "-new"
	monitor := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "example.com/v1", Kind: "Monitor"}, ObjectMeta: metav1.ObjectMeta{Name: "m"}}
	file := w.manifest(&corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: job.Namespace}}, monitor, job)
	code, _, stderr := w.plugin("plan", "-f", file)
	w.Expect(code).To(Equal(2), "another namespace than --namespace")
	w.Expect(stderr).To(ContainSubstring("leave one of them out"))
	w.ns += "-new"
	var stdout string
	code, stdout, stderr = w.plugin("plan", "-f", file)
	w.Expect(code).To(Equal(0), stderr)
	w.Expect(stderr).To(ContainSubstring("the namespace \"test-xxxxx\" is not there yet"))
	w.Expect(stdout).To(HavePrefix("Job test-xxxxx/report is not there yet\n"))

	w.ns = strings.TrimSuffix(w.ns, "-new")
	again := w.newJob("").Obj()
	again.GenerateName = "report-"
	code, stdout, stderr = w.plugin("plan", "-f", w.manifest(again))
	w.Expect(code).To(Equal(0), stderr)
	w.Expect(stdout).To(HavePrefix("Job test-xxxxx/report- is not there yet\nStarts on 2 nodes"))
}

// A quota refuses with the code of missing rights, and the user has them.
func TestPlanFailsWhereTheJobWouldBeRefused(t *testing.T) {
	w := newWorld(t, 1)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "jobs"}, Spec: corev1.ResourceQuotaSpec{
		Hard: corev1.ResourceList{"count/jobs.daemonset.darkowlzz.space": resource.MustParse("0")},
	}}
	w.Expect(w.k8s.Create(w.ctx, quota)).To(Succeed())
	quota.Status = corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard, Used: corev1.ResourceList{"count/jobs.daemonset.darkowlzz.space": resource.MustParse("0")}}
	w.Expect(w.k8s.Status().Update(w.ctx, quota)).To(Succeed())
	file := w.manifest(w.newJob("report").Obj())
	w.Eventually(func(g Gomega) {
		code, _, stderr := w.plugin("plan", "-f", file)
		g.Expect(stderr).To(ContainSubstring("exceeded quota"))
		g.Expect(code).To(Equal(2))
	}).Should(Succeed())
}
