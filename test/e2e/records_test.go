//go:build e2e

package e2e

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// recorded returns the results that the Job's records have, by node. Of two entries for one
// node the last one holds.
func recorded(j *v1beta1.Job) func() (map[string]v1beta1.RecordResult, error) {
	return func() (map[string]v1beta1.RecordResult, error) {
		list := &v1beta1.JobRecordList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace), client.MatchingLabels{v1beta1.LabelJobUID: string(j.UID)})
		results := map[string]v1beta1.RecordResult{}
		for i := range list.Items {
			for _, entry := range list.Items[i].Spec.Nodes {
				results[entry.Node] = entry.Result
			}
		}
		return results, err
	}
}

// gatedPods returns on which nodes the Job's pods wait for the manager.
func gatedPods(j *v1beta1.Job) func() ([]types.UID, error) {
	return func() ([]types.UID, error) {
		list := &corev1.PodList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace), client.MatchingLabels(v1beta1.PodLabels(j.Name)))
		var gated []types.UID
		for i := range list.Items {
			if pod := &list.Items[i]; len(pod.Spec.SchedulingGates) > 0 && pod.DeletionTimestamp == nil {
				gated = append(gated, pod.UID)
			}
		}
		return gated, err
	}
}

func isGated(j *v1beta1.Job) func() (bool, error) {
	return func() (bool, error) {
		s, err := status(j)()
		return s.Gated, err
	}
}

var _ = Describe("a node that is done", Serial, func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("runs nothing again, whatever deletes its pod", func() {
		j := create(shell(ns, "j", exits).Exit().TTL(600))
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		Eventually(isGated(j)).Should(BeTrue(), "every node has its pod")
		letGo(ns, nodes[0])
		Eventually(status(j)).Should(progress(1))
		By("deleting its pod by hand")
		Expect(k8s.Delete(ctx, podOn(j, nodes[0]))).To(Succeed())
		Eventually(recorded(j)).Should(HaveKeyWithValue(nodes[0], v1beta1.RecordSucceeded), "its pod was the only evidence")
		Eventually(gatedPods(j)).Should(HaveLen(1))
		Consistently(status(j)).Should(progress(1))

		By("evicting the pod of the next one, through the API")
		letGo(ns, nodes[1])
		Eventually(status(j)).Should(progress(2))
		victim := podOn(j, nodes[1])
		Expect(k8s.SubResource("eviction").Create(ctx, victim, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: victim.Name, Namespace: ns}})).To(Succeed())
		Eventually(gatedPods(j)).Should(HaveLen(2))
		Consistently(status(j)).Should(progress(2))

		By("deleting the DaemonSet")
		ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: v1beta1.DaemonSetName("j")}}
		Expect(k8s.Delete(ctx, ds)).To(Succeed())
		letGo(ns, nodes[2:]...)
		Eventually(status(j), "90s").Should(HaveField("Phase", v1beta1.PhaseComplete))
		for _, node := range nodes[:2] {
			Expect(runs(ns)()).To(HaveKeyWithValue(node, "1\n"))
		}
		Expect(recorded(j)()).To(HaveLen(len(nodes)))
	})

	It("gives its CPU back with completedPods Release", func() {
		requests := corev1.ResourceList{corev1.ResourceCPU: mostOfCPU(nodes[0])}
		w := wrappers.Job(ns, "j").Template(requesting(ns, requests)).Exit().TTL(600)
		w.Spec.CompletedPods = v1beta1.CompletedPodsRelease
		j := create(w)
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		other := needsCPU(ns, nodes[0], requests)
		Consistently(nodeOf(other), "3s").Should(BeEmpty(), "the Job's pod has the CPU")
		letGo(ns, nodes[0])
		Eventually(nodeOf(other), "60s").Should(Equal(nodes[0]), "the CPU is free")
		Eventually(status(j)).Should(progress(1))
		Expect(gatedPods(j)()).To(HaveLen(1))
		Expect(runs(ns)()).To(Equal(eachNode("1")))
		letGo(ns, nodes[1:]...)
		Eventually(status(j)).Should(HaveField("Phase", v1beta1.PhaseComplete))
		Eventually(gatedPods(j)).Should(BeEmpty(), "its DaemonSet goes")
	})

	It("is left out when a Failed Job is resumed", func() {
		script := fmt.Sprintf(`echo run >> /basetarget/runs; [ "$NODE_NAME" != %s ] || [ -e /basetarget/go ] || { sleep 3; false; }`, nodes[0])
		j := create(shell(ns, "j", script).Exit().BackoffLimit(0))
		Eventually(status(j), "90s").Should(HaveField("Phase", v1beta1.PhaseFailed))
		Expect(recorded(j)()).To(HaveKeyWithValue(nodes[0], v1beta1.RecordFailed))
		before, err := runs(ns)()
		Expect(err).NotTo(HaveOccurred())
		letGo(ns, nodes...)
		Expect(kubectl("-n", ns, "annotate", "jobs.daemonset.darkowlzz.space", "j", v1beta1.AnnotationResume+"=1")).NotTo(BeEmpty())
		Eventually(func() (bool, error) {
			err := k8s.Get(ctx, client.ObjectKeyFromObject(j), j)
			return err != nil && client.IgnoreNotFound(err) == nil, client.IgnoreNotFound(err)
		}, "90s").Should(BeTrue(), "it is complete, and deleted")
		after, err := runs(ns)()
		Expect(err).NotTo(HaveOccurred())
		for _, node := range nodes[1:] {
			Expect(after[node]).To(Equal(before[node]), "%s was done", node)
		}
		Expect(after[nodes[0]]).NotTo(Equal(before[nodes[0]]))
	})
})

// requesting returns the pod of a Job that runs the script exits, and requests so much.
func requesting(namespace string, requests corev1.ResourceList) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		Containers: []corev1.Container{{
			Name: v1beta1.ContainerName, Image: shellImage, Command: []string{"/bin/sh", "-c", exits},
			Resources:    corev1.ResourceRequirements{Requests: requests},
			VolumeMounts: []corev1.VolumeMount{{Name: "host", MountPath: v1beta1.HostMountPath}},
		}},
		Volumes: []corev1.Volume{{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/tmp/" + namespace}}}},
	}}
}

// mostOfCPU returns so much CPU that a node has room for one pod that requests it.
func mostOfCPU(node string) resource.Quantity {
	GinkgoHelper()
	n := &corev1.Node{}
	Expect(k8s.Get(ctx, client.ObjectKey{Name: node}, n)).To(Succeed())
	return *resource.NewMilliQuantity(n.Status.Allocatable.Cpu().MilliValue()*6/10, resource.DecimalSI)
}

// needsCPU creates a pod for a node that requests so much.
func needsCPU(namespace, node string, requests corev1.ResourceList) *corev1.Pod {
	GinkgoHelper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "needs-cpu"},
		Spec: corev1.PodSpec{
			NodeSelector:                  map[string]string{corev1.LabelHostname: node},
			TerminationGracePeriodSeconds: new(int64(0)),
			Containers: []corev1.Container{{
				Name: "sleep", Image: shellImage, Command: []string{"/bin/sh", "-c", "sleep 3600"},
				Resources: corev1.ResourceRequirements{Requests: requests},
			}},
		},
	}
	Expect(k8s.Create(ctx, pod)).To(Succeed())
	return pod
}

// nodeOf returns the node on which a pod was placed.
func nodeOf(pod *corev1.Pod) func() (string, error) {
	return func() (string, error) {
		now := &corev1.Pod{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), now)
		return now.Spec.NodeName, err
	}
}
