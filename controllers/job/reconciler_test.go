package job_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// pooled is a Job in the long form that runs on the nodes of its namespace's pool.
func pooled(namespace, name string) *wrappers.JobWrapper {
	return wrappers.Job(namespace, name).Template(template(namespace, "example.com/work:v1"))
}

func template(namespace, image string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"pool": namespace},
		Containers:   []corev1.Container{{Name: v1beta1.ContainerName, Image: image}},
	}}
}

func create(w *wrappers.JobWrapper) *v1beta1.Job {
	GinkgoHelper()
	j := w.Obj()
	Expect(k8s.Create(ctx, j)).To(Succeed())
	return j
}

// change the spec of a Job, as a person would.
func change(j *v1beta1.Job, mutate func(*v1beta1.JobSpec)) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(j), j); err != nil {
			return err
		}
		mutate(&j.Spec)
		return k8s.Update(ctx, j)
	})).To(Succeed())
}

func status(j *v1beta1.Job) func() (v1beta1.JobStatus, error) {
	return func() (v1beta1.JobStatus, error) {
		now := &v1beta1.Job{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(j), now)
		return now.Status, err
	}
}

func condition(j *v1beta1.Job, conditionType string) func() (string, error) {
	return func() (string, error) {
		s, err := status(j)()
		if c := meta.FindStatusCondition(s.Conditions, conditionType); c != nil {
			return string(c.Status) + " " + c.Reason, err
		}
		return "", err
	}
}

func phaseAnd(phase v1beta1.JobPhase, completed string) OmegaMatcher {
	return And(HaveField("Phase", phase), HaveField("Completed", completed))
}

func daemonSetOf(j *v1beta1.Job) (*appsv1.DaemonSet, error) {
	ds := &appsv1.DaemonSet{}
	err := k8s.Get(ctx, client.ObjectKey{Namespace: j.Namespace, Name: v1beta1.DaemonSetName(j.Name)}, ds)
	return ds, err
}

func notFound(j *v1beta1.Job) func() bool {
	return func() bool {
		_, err := daemonSetOf(j)
		return apierrors.IsNotFound(err)
	}
}

// podNames are the pods of a Job that are not being deleted, with their UIDs.
func podNames(j *v1beta1.Job) func() ([]string, error) {
	return func() ([]string, error) {
		pods := &corev1.PodList{}
		err := k8s.List(ctx, pods, client.InNamespace(j.Namespace), client.MatchingLabels(v1beta1.PodLabels(j.Name)))
		var all []string
		for i := range pods.Items {
			if pods.Items[i].DeletionTimestamp == nil {
				all = append(all, target(&pods.Items[i])+" "+string(pods.Items[i].UID))
			}
		}
		return all, err
	}
}

func eventReasons(j *v1beta1.Job) func() ([]string, error) {
	return func() ([]string, error) {
		list := &eventsv1.EventList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace))
		var reasons []string
		for i := range list.Items {
			if list.Items[i].Regarding.UID == j.UID {
				reasons = append(reasons, list.Items[i].Reason)
			}
		}
		return reasons, err
	}
}

var _ = Describe("a Job", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("runs as the original did: one pod a node, counted until all are done", func() {
		addNodes(ns, "a", "b", "c")
		j := create(pooled(ns, "sample"))
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/3"), HaveField("Active", int32(3))))
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		Expect(ds.Spec.Template.Labels).To(And(HaveKeyWithValue("daemonset-job", "true"), HaveKeyWithValue("job", "sample"),
			HaveKeyWithValue("daemonset", "sample-daemonset-job")))
		Expect(metav1.IsControlledBy(ds, j)).To(BeTrue())

		finish(ns, "sample", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "1/3"))
		finish(ns, "sample", "b")
		finish(ns, "sample", "c")
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseComplete, "3/3"), HaveField("CompletionTime", Not(BeNil())),
			HaveField("ObservedGeneration", int64(1))))
		Expect(condition(j, v1beta1.JobComplete)()).To(Equal("True AllNodesDone"))
		Eventually(eventReasons(j)).Should(ContainElements("Started", "Completed"))
	})

	It("waits for a node when none matches, and says so", func() {
		j := create(pooled(ns, "lonely"))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True NoMatchingNode"))
		addNodes(ns, "a")
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("False NotBlocked"))
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
	})

	It("writes nothing when nothing happens", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "quiet"))
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		time.Sleep(time.Second)
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), j)).To(Succeed())
		// A change that is no change: it makes the manager look, and find nothing to do.
		j.Labels = map[string]string{"looked": "at"}
		Expect(k8s.Update(ctx, j)).To(Succeed())
		Consistently(func() (string, error) {
			now, err := daemonSetOf(j)
			return now.ResourceVersion, err
		}).Should(Equal(ds.ResourceVersion))
		Consistently(func() (string, error) {
			now := &v1beta1.Job{}
			return now.ResourceVersion, k8s.Get(ctx, client.ObjectKeyFromObject(j), now)
		}, "300ms").ShouldNot(Equal("0"))
	})

	It("leaves a DaemonSet of its name alone that is somebody else's", func() {
		addNodes(ns, "a")
		labels := map[string]string{"app": "other"}
		other := &appsv1.DaemonSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "taken-daemonset-job"},
			Spec: appsv1.DaemonSetSpec{
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.com/other:v1"}}, NodeSelector: map[string]string{"pool": "none"}}},
			},
		}
		Expect(k8s.Create(ctx, other)).To(Succeed())
		j := create(pooled(ns, "taken"))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True DaemonSetNameTaken"))
		Eventually(eventReasons(j)).Should(ContainElement("DaemonSetNameTaken"))
		now, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		Expect(now.Spec).To(Equal(other.Spec))
		Expect(now.OwnerReferences).To(BeEmpty())

		Expect(k8s.Delete(ctx, other)).To(Succeed())
		Eventually(status(j), "30s").Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
	})

	It("says why the API server refuses its template, and mends it when the Job is mended", func() {
		addNodes(ns, "a")
		refused := template(ns, "example.com/work:v1")
		refused.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "nowhere", MountPath: "/x"}}
		j := create(wrappers.Job(ns, "refused").Template(refused))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True DaemonSetRefused"))
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(meta.FindStatusCondition(s.Conditions, v1beta1.JobBlocked).Message).To(ContainSubstring(`"nowhere"`))
		change(j, func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers[0].VolumeMounts = nil })
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
	})

	It("says which field of its template the API server is too old for, and runs it without", func() {
		wrappers.RequireKubernetesBefore(GinkgoTB(), managerConfig, "1.34", "hostnameOverride of pods")
		addNodes(ns, "a")
		newer := template(ns, "example.com/work:v1")
		newer.Spec.HostnameOverride = new("host")
		j := create(wrappers.Job(ns, "newer").Template(newer))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True DaemonSetRefused"))
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(meta.FindStatusCondition(s.Conditions, v1beta1.JobBlocked).Message).To(ContainSubstring(".spec.template.spec.hostnameOverride"))
		change(j, func(spec *v1beta1.JobSpec) { spec.Template.Spec.HostnameOverride = nil })
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
	})

	It("does not kill what runs when an update is refused", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j"))
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		before, err := podNames(j)()
		Expect(err).NotTo(HaveOccurred())
		change(j, func(spec *v1beta1.JobSpec) {
			spec.Template.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "nowhere", MountPath: "/x"}}
		})
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True DaemonSetRefused"))
		Consistently(podNames(j)).Should(Equal(before))
	})

	It("says that a quota refuses its pods", func() {
		addNodes(ns, "a", "b")
		allowOnePod(ns)
		j := create(pooled(ns, "many"))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True PodsRefused"))
		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(meta.FindStatusCondition(s.Conditions, v1beta1.JobBlocked).Message).To(ContainSubstring("exceeded quota"))
		Expect(k8s.Delete(ctx, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"}})).To(Succeed())
		Eventually(condition(j, v1beta1.JobBlocked), "60s").Should(Equal("False NotBlocked"))
	})

	It("starts over on every node when what it runs changes, and on none when a limit does", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j"))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "1/2"))
		before, err := podNames(j)()
		Expect(err).NotTo(HaveOccurred())
		change(j, func(spec *v1beta1.JobSpec) {
			spec.Suspend, spec.BackoffLimit, spec.TTLSecondsAfterFinished = new(true), new(int32(2)), new(int32(5))
		})
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseSuspended, "1/2"))
		change(j, func(spec *v1beta1.JobSpec) { spec.Suspend = nil })
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "1/2"))
		Consistently(podNames(j)).Should(ConsistOf(before))

		s, err := status(j)()
		Expect(err).NotTo(HaveOccurred())
		change(j, func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers[0].Image = "example.com/work:v2" })
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/2"), HaveField("TemplateHash", Not(Equal(s.TemplateHash)))))
		Eventually(podNames(j)).Should(And(HaveLen(2), Not(ContainElements(before))))
		Eventually(eventReasons(j)).Should(ContainElement("TemplateChanged"))
		finish(ns, "j", "a")
		finish(ns, "j", "b")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "2/2"))
	})

	It("goes with all that it made when it is deleted in the middle", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j"))
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		Expect(k8s.Delete(ctx, j)).To(Succeed())
		Eventually(notFound(j)).Should(BeTrue())
		Eventually(podNames(j)).Should(BeEmpty())
		Consistently(notFound(j)).Should(BeTrue())
	})

	It("puts right what somebody changes of its DaemonSet", func() {
		addNodes(ns, "a")
		j := create(pooled(ns, "j"))
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/1"))
		Eventually(func() error {
			ds, err := daemonSetOf(j)
			if err != nil {
				return err
			}
			ds.Spec.Template.Spec.Containers[0].Image = "example.com/evil:v1"
			return k8s.Update(ctx, ds)
		}).Should(Succeed())
		Eventually(func() (string, error) {
			ds, err := daemonSetOf(j)
			return ds.Spec.Template.Spec.Containers[0].Image, err
		}).Should(Equal("example.com/work:v1"))
	})

	It("goes on where it was when the manager starts again", func() {
		addNodes(ns, "a", "b")
		j := create(pooled(ns, "j").Parallelism("1"))
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/2"), HaveField("Active", int32(1))))
		startManager()
		Consistently(status(j)).Should(HaveField("Active", int32(1)), "two managers at once open no gate too many")
		finish(ns, "j", "a")
		finish(ns, "j", "b")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "2/2"))
	})
})
