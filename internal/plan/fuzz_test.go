package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// arbitraryPod returns a pod whose statuses are those of its containers.
func arbitraryPod(data []byte) *corev1.Pod {
	pod := &corev1.Pod{}
	wrappers.Fill(data, pod)
	for i := range min(len(pod.Spec.InitContainers), len(pod.Status.InitContainerStatuses)) {
		pod.Status.InitContainerStatuses[i].Name = pod.Spec.InitContainers[i].Name
	}
	for i := range min(len(pod.Spec.Containers), len(pod.Status.ContainerStatuses)) {
		pod.Status.ContainerStatuses[i].Name = pod.Spec.Containers[i].Name
	}
	return pod
}

// FuzzReadPod reads arbitrary pods: whoever may write a pod's status decides what is read.
func FuzzReadPod(f *testing.F) {
	for i := range 300 {
		f.Add([]byte(fmt.Sprintf("%08d", i)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := NewWithT(t)
		pod := arbitraryPod(data)
		before := pod.DeepCopy()
		p := ReadPod(pod)
		g.Expect(pod).To(Equal(before), "the pod is the informer cache's")
		g.Expect(ReadPod(pod)).To(Equal(p), "a pod says the same each time")
		g.Expect(p.State).To(BeElementOf(Gated, Active, Succeeded, Lost))
		g.Expect(p.State == Gated && !daemonset.HasGate(&pod.Spec)).To(BeFalse())
		g.Expect(p.Terminating).To(Equal(pod.DeletionTimestamp != nil))
		g.Expect(p.Restarts).To(BeNumerically(">=", 0))
	})
}

// FuzzCompute plans for arbitrary Jobs with arbitrary pods.
func FuzzCompute(f *testing.F) {
	for i := range 100 {
		f.Add([]byte(fmt.Sprintf("%08d", i)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := NewWithT(t)
		var given struct {
			Job                   v1beta1.Job
			DaemonSet             appsv1.DaemonSet
			Deleted, New, Live    bool
			Ended, Behind         [3]bool
			Foreign, Old, Missing [6]bool
			Ready                 [6]bool
		}
		wrappers.Fill(data, &given)
		if !given.Deleted {
			given.Job.DeletionTimestamp = nil
		}
		status := &given.Job.Status // Only the manager writes its counts.
		status.Desired, status.Active, status.Succeeded, status.Failed = 6, 1, 2, 3
		if status.Conditions = nil; given.Ended == [3]bool{true, true, true} {
			status.Conditions = []metav1.Condition{{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue}}
		}
		if status.TemplateHash = "h1"; given.New {
			*status = v1beta1.JobStatus{}
		}
		ds := &given.DaemonSet
		ds.UID, ds.DeletionTimestamp, ds.Generation, ds.Status.ObservedGeneration = "ds", nil, 2, 2
		if given.Behind == [3]bool{true, true, true} {
			ds.Status.ObservedGeneration = 1
		}
		ds.Spec.Template.Labels = map[string]string{v1beta1.LabelTemplateHash: "h1"}
		ds.Status.DesiredNumberScheduled = 6
		s := State{Job: &given.Job, Now: time.Unix(2000, 0), TemplateHash: "h1", DaemonSet: ds, Live: given.Live, ExpectationsMet: true}
		for i := range given.Ready {
			node := Node{Name: fmt.Sprint("node-", i), Placement: daemonset.Placed}
			if !given.Ready[i] {
				node.Placement, node.NotReadySince = daemonset.NotReady, time.Unix(100, 0)
			}
			s.Nodes = append(s.Nodes, node)
			if given.Missing[i] {
				continue
			}
			read := ReadPod(arbitraryPod(append([]byte{byte(i)}, data...)))
			if !given.Foreign[i] {
				read.Node, read.Owner, read.TemplateHash = node.Name, "ds", "h1"
			}
			if given.Old[i] {
				read.TemplateHash = "h0"
			}
			s.Pods = append(s.Pods, read)
		}
		p := Compute(s)
		g.Expect(p.RequeueAfter).To(BeNumerically(">=", 0))
		for _, pod := range slices.Concat(p.Ungate, p.Reclaim, p.DeletePods) {
			g.Expect(pod.Owner).To(Equal(ds.UID), "a pod of somebody else is not touched")
		}
		for _, pod := range p.Ungate {
			g.Expect(pod.State).To(Equal(Gated))
			g.Expect(pod.TemplateHash).To(Equal("h1"))
		}
		if p.Status != nil {
			status := &p.Status.Status
			for name, n := range map[string]int32{"desired": status.Desired, "active": status.Active, "succeeded": status.Succeeded, "failed": status.Failed} {
				g.Expect(n).To(BeNumerically(">=", 0), name)
			}
			g.Expect(status.Active + status.Succeeded + status.Failed).To(BeNumerically("<=", status.Desired))
			g.Expect(len(status.FailedNodes)).To(BeNumerically("<=", 100))
		}
	})
}
