package job_test

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// applyOptional creates an optional policy for the accounts of this suite, until the test
// ends, and waits until refused is.
func applyOptional(name, account, here string, refused func() error) {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "guard", "optional", name, "policy.yaml"))
	Expect(err).NotTo(HaveOccurred())
	Expect(string(data)).To(ContainSubstring("'" + account + "'"))
	// It runs last, when the policy is deleted.
	DeferCleanup(func() {
		Eventually(refused).Should(Satisfy(func(err error) bool { return !apierrors.IsForbidden(err) }))
	})
	for document := range strings.SplitSeq(strings.ReplaceAll(string(data), "'"+account+"'", "'"+here+"'"), "\n---\n") {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed())
		Expect(k8s.Create(ctx, object)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(ctx, object)).To(Succeed()) })
	}
	Eventually(refused).Should(Satisfy(apierrors.IsForbidden))
}

// podObject is a pod that a user makes, with labels.
func podObject(ns, name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.com/c:v1"}}},
	}
}

var refusedByPolicy = Satisfy(apierrors.IsForbidden)

var _ = Describe("the optional policy for pods", Serial, func() {
	It("lets only the DaemonSet controller make pods with our labels, which then stay", func() {
		ns := newNamespace()
		addNodes(ns, "a", "b")
		applyOptional("pods", "system:kube-controller-manager", "kcm", func() error {
			return k8s.Create(ctx, podObject(ns, "probe", v1beta1.PodLabels("j")), client.DryRunAll)
		})
		j := create(pooled(ns, "j").Parallelism("1"))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		first := open(ns, "j", "a", "b")
		pod, err := podOn(ns, "j", first)
		Expect(err).NotTo(HaveOccurred())

		other := podObject(ns, "other", map[string]string{"job": "theirs"})
		Expect(k8s.Create(ctx, other)).To(Succeed())
		label := func(pod *corev1.Pod, labels string) error {
			return k8s.Patch(ctx, pod.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":`+labels+`}}`)))
		}
		Expect(label(other, `{"job":"still-theirs"}`)).To(Succeed())
		Expect(label(other, `{"daemonset-job":"true"}`)).To(refusedByPolicy)
		for _, labels := range []string{`{"daemonset-job":null}`, `{"daemonset-job":"false"}`, `{"job":"k"}`, `{"daemonset":"k"}`,
			`{"daemonset.darkowlzz.space/template-hash":"h"}`, `{"daemonset.darkowlzz.space/completion-mode":null}`} {
			Expect(label(pod, labels)).To(refusedByPolicy, labels)
		}
		Expect(label(pod, `{"theirs":"1"}`)).To(Succeed())
		Expect(k8s.Status().Patch(ctx, pod.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"job":"k"}}}`)))).To(refusedByPolicy)
		binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Labels: v1beta1.PodLabels("j")}, Target: corev1.ObjectReference{Kind: "Node", Name: ns + "-a"}}
		Expect(k8s.SubResource("binding").Create(ctx, other, binding)).To(refusedByPolicy)

		finish(ns, "j", first)
		finish(ns, "j", without(first, "a", "b")[0])
		Eventually(condition(j, v1beta1.JobComplete)).Should(Equal("True AllNodesDone"))
	})
})

var _ = Describe("the optional fence", Serial, func() {
	It("keeps the operator's account to DaemonSets of Jobs, and of pods to their gates and its condition", func() {
		ns := newNamespace()
		addNodes(ns, "a", "b")
		const account = "system:serviceaccount:daemonset-job-system:daemonset-job-controller-manager"
		operator := impersonate("manager")
		theirs := func() client.Object {
			ds, err := daemonset.Desired(wrappers.Job(ns, "theirs").UID("u").Obj(), "h1", daemonset.Pause{})
			Expect(err).NotTo(HaveOccurred())
			ds.OwnerReferences = nil
			return ds
		}
		applyOptional("fence", account, "manager", func() error { return operator.Create(ctx, theirs(), client.DryRunAll) })
		// More rights than the operator has: the fence alone must hold.
		bindIn(ns, "manager", rbacv1.PolicyRule{APIGroups: []string{"", "apps"}, Resources: []string{"*"}, Verbs: []string{"*"}})

		By("letting it do all its work")
		j := create(pooled(ns, "j").Parallelism("1"))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		change(j, func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers[0].Image = "example.com/work:v2" })
		Eventually(func() (string, error) {
			pod, err := podOn(ns, "j", open(ns, "j", "a", "b"))
			if err != nil {
				return "", err
			}
			return pod.Spec.Containers[0].Image, nil
		}).Should(Equal("example.com/work:v2"))
		first := open(ns, "j", "a", "b")
		pod, err := podOn(ns, "j", first)
		Expect(err).NotTo(HaveOccurred())
		statusPatch := func(patch string) error {
			return operator.Status().Patch(ctx, pod.DeepCopy(), client.RawPatch(types.StrategicMergePatchType, []byte(patch)))
		}
		Eventually(func() error {
			return statusPatch(`{"status":{"conditions":[{"type":"` + v1beta1.PodCompleted + `","status":"True","reason":"Completed","lastTransitionTime":"` + time.Now().UTC().Format(time.RFC3339) + `"}]}}`)
		}).Should(Succeed())
		Eventually(status(j)).Should(HaveField("Succeeded", int32(1)))

		By("letting it do nothing else")
		Expect(statusPatch(`{"status":{"phase":"Failed"}}`)).To(refusedByPolicy)
		Expect(statusPatch(`{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`)).To(refusedByPolicy)
		patch := func(object client.Object, patch string) error {
			return operator.Patch(ctx, object, client.RawPatch(types.StrategicMergePatchType, []byte(patch)))
		}
		Expect(patch(pod.DeepCopy(), `{"spec":{"containers":[{"name":"job-container","image":"example.com/evil:v1"}]}}`)).To(refusedByPolicy)
		Expect(patch(pod.DeepCopy(), `{"spec":{"activeDeadlineSeconds":1}}`)).To(refusedByPolicy)
		Expect(patch(pod.DeepCopy(), `{"metadata":{"labels":{"a":"b"}}}`)).To(refusedByPolicy)
		Expect(patch(pod.DeepCopy(), `{"metadata":{"annotations":{"a":"b"}}}`)).To(refusedByPolicy)
		Expect(patch(pod.DeepCopy(), `{"metadata":{"finalizers":["example.com/a"]}}`)).To(refusedByPolicy)
		Expect(patch(pod.DeepCopy(), `{"metadata":{"annotations":{"daemonset.darkowlzz.space/ungated-at":"now"}}}`)).To(Succeed())
		Expect(operator.Create(ctx, podObject(ns, "p", v1beta1.PodLabels("j")))).To(refusedByPolicy)
		eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: pod.Name}}
		Expect(operator.SubResource("eviction").Create(ctx, pod, eviction)).To(refusedByPolicy)

		other := podObject(ns, "other", nil)
		Expect(k8s.Create(ctx, other)).To(Succeed())
		Expect(operator.Delete(ctx, other)).To(refusedByPolicy)
		Expect(patch(other, `{"metadata":{"annotations":{"a":"b"}}}`)).To(refusedByPolicy)

		ds := theirs()
		Expect(operator.Create(ctx, theirs())).To(refusedByPolicy)
		Expect(k8s.Create(ctx, ds)).To(Succeed())
		Expect(operator.Delete(ctx, ds)).To(refusedByPolicy)
		Expect(patch(ds, `{"spec":{"minReadySeconds":1}}`)).To(refusedByPolicy)
	})
})
