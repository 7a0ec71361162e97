//go:build e2e

package e2e

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var operatorKey = client.ObjectKey{Namespace: operatorNamespace, Name: "daemonset-job-controller-manager"}

// operatorPods returns the pods of the operator's Deployment that are not terminating.
// The pods of the first version have this one label.
func operatorPods() ([]corev1.Pod, error) {
	list := &corev1.PodList{}
	err := k8s.List(ctx, list, client.InNamespace(operatorNamespace), client.MatchingLabels{"control-plane": "controller-manager"})
	var pods []corev1.Pod
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			pods = append(pods, list.Items[i])
		}
	}
	return pods, err
}

// waitForOperator waits until that many replicas are ready.
func waitForOperator(replicas int) {
	GinkgoHelper()
	Eventually(func() error {
		pods, err := operatorPods()
		if err != nil {
			return err
		}
		if len(pods) != replicas {
			return fmt.Errorf("%d pods of the operator, want %d", len(pods), replicas)
		}
		for i := range pods {
			for _, status := range pods[i].Status.ContainerStatuses {
				if !status.Ready {
					return fmt.Errorf("%s of %s is not ready", status.Name, pods[i].Name)
				}
			}
			if len(pods[i].Status.ContainerStatuses) != 2 {
				return fmt.Errorf("%s has not started", pods[i].Name)
			}
		}
		return nil
	}, "120s").Should(Succeed())
}

// scale scales the operator to that many replicas.
func scale(replicas int) {
	GinkgoHelper()
	deployment := &appsv1.Deployment{}
	Expect(k8s.Get(ctx, operatorKey, deployment)).To(Succeed())
	patch := client.MergeFrom(deployment.DeepCopy())
	deployment.Spec.Replicas = new(int32(replicas))
	Expect(k8s.Patch(ctx, deployment, patch)).To(Succeed())
	waitForOperator(replicas)
}

// renewOperator replaces the operator's pod. The kubelet restarts a container that was
// killed often with a growing delay, which would slow the next test.
func renewOperator() {
	GinkgoHelper()
	Expect(k8s.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(operatorNamespace))).To(Succeed())
	waitForOperator(1)
}

// kill kills a container of an operator's pod with SIGKILL.
func kill(pod *corev1.Pod, container string) {
	GinkgoHelper()
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == container {
			Expect(local.KillContainer(ctx, pod.Spec.NodeName, status.ContainerID)).To(Succeed())
			return
		}
	}
	Fail(fmt.Sprintf("pod %s has no container %s", pod.Name, container))
}

// leader returns the pod that holds the lease of one of the binaries.
func leader(lease string) *corev1.Pod {
	GinkgoHelper()
	var found *corev1.Pod
	Eventually(func() error {
		held := &coordinationv1.Lease{}
		if err := k8s.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: lease}, held); err != nil {
			return err
		}
		pods, err := operatorPods()
		if err != nil {
			return err
		}
		for i := range pods {
			if held.Spec.HolderIdentity != nil && *held.Spec.HolderIdentity == pods[i].Name+"_"+string(pods[i].UID) {
				found = &pods[i]
				return nil
			}
		}
		return fmt.Errorf("no pod holds lease %s", lease)
	}).Should(Succeed())
	return found
}

// requireLocalCluster skips a test that kills processes of the nodes on another cluster.
func requireLocalCluster() {
	GinkgoHelper()
	if local == nil {
		Skip("SKIPPED: it kills processes of the nodes, which needs the local cluster: unset KUBECONFIG and run `make test-e2e`")
	}
}

var _ = Describe("the operator", Label("local"), Serial, func() {
	var ns string
	BeforeEach(func() {
		requireLocalCluster()
		ns = newNamespace()
		DeferCleanup(renewOperator)
	})

	for _, victims := range [][]string{{"manager"}, {"terminator"}, {"manager", "terminator"}} {
		It(fmt.Sprintf("finishes its Jobs although %v is killed in the middle", victims), func() {
			j := create(shell(ns, "j", waits))
			letGo(ns, nodes[0])
			Eventually(status(j)).Should(progress(1))
			Eventually(runs(ns)).Should(Equal(eachNode("1")))
			pods, err := operatorPods()
			Expect(err).NotTo(HaveOccurred())
			for _, victim := range victims {
				kill(&pods[0], victim)
			}
			letGo(ns, nodes[1:]...)
			Eventually(nothingLeft(j), "120s").Should(Succeed())
			Expect(runs(ns)()).To(Equal(eachNode("1")), "it ran once on each node")
			waitForOperator(1)
		})
	}

	It("hands over to another replica when the leader's pod is killed", func() {
		scale(2)
		DeferCleanup(func() { scale(1) })
		j := create(shell(ns, "j", waits).Parallelism("1"))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		old := leader("daemonset-job-manager")
		kill(old, "manager")
		kill(old, "terminator")
		Expect(k8s.Delete(ctx, old, client.GracePeriodSeconds(0))).To(Succeed())
		letGo(ns, nodes...)
		Eventually(nothingLeft(j), "120s").Should(Succeed())
		Expect(runs(ns)()).To(Equal(eachNode("1")))
	})
})

var _ = Describe("the cluster", Label("local"), Serial, func() {
	var ns string
	BeforeEach(func() {
		if local == nil {
			Skip("SKIPPED: it stops parts of the cluster, which needs the local one: unset KUBECONFIG and run `make test-e2e`")
		}
		ns = newNamespace()
	})

	It("may restart its API server in the middle", func() {
		j := create(shell(ns, "j", waits))
		letGo(ns, nodes[0])
		Eventually(status(j)).Should(progress(1))
		Expect(local.RestartAPIServer(ctx)).To(Succeed())
		letGo(ns, nodes[1:]...)
		Eventually(nothingLeft(j), "120s").Should(Succeed())
		Expect(runs(ns)()).To(Equal(eachNode("1")))
	})

	It("may lose a kubelet in the middle, which comes back", func() {
		j := create(shell(ns, "j", waits))
		lost := nodes[len(nodes)-1]
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		letGo(ns, lost)
		Expect(local.StopKubelet(lost)).To(Succeed())
		DeferCleanup(func() { Expect(local.StartKubelet(ctx, lost)).To(Succeed()) })
		letGo(ns, nodes[:len(nodes)-1]...)
		Eventually(status(j)).Should(HaveField("Succeeded", BeNumerically(">=", len(nodes)-1)))
		Expect(local.StartKubelet(ctx, lost)).To(Succeed())
		Eventually(nothingLeft(j), "120s").Should(Succeed())
		Expect(runs(ns)()).To(Equal(eachNode("1")))
	})

	It("may grow in the middle: the Job runs on the node that joins", func() {
		j := create(shell(ns, "j", waits))
		Eventually(status(j)).Should(HaveField("Active", int32(len(nodes))))
		Expect(local.AddNode(ctx, "joins")).To(Succeed())
		DeferCleanup(func() { Expect(local.RemoveNode(ctx, "joins")).To(Succeed()) })
		Eventually(status(j)).Should(HaveField("Desired", int32(len(nodes)+1)))
		letGo(ns, nodes...)
		Eventually(status(j)).Should(HaveField("Succeeded", int32(len(nodes))))
		Consistently(status(j)).Should(HaveField("Phase", Not(Equal("Complete"))))
		Eventually(func() error {
			_, err := onHost("joins", "test -e /host/tmp/"+ns+"/runs && touch /host/tmp/"+ns+"/go")
			return err
		}).Should(Succeed())
		Eventually(nothingLeft(j)).Should(Succeed())
	})
})
