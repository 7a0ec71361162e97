package completion

import (
	"encoding/json"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestCacheExcludesPodsInExitMode(t *testing.T) {
	g := NewWithT(t)
	selected, err := labels.Parse(v1beta1.DefaultPodSelector + ",tier=front")
	g.Expect(err).NotTo(HaveOccurred())
	var pods labels.Selector
	for kind, limits := range CacheByObject(selected) {
		if _, ok := kind.(*corev1.Pod); ok {
			pods = limits.Label
		}
	}
	front := labels.Set{v1beta1.LabelDaemonSetJob: "true", "tier": "front"}
	g.Expect(pods.Matches(labels.Merge(front, labels.Set{v1beta1.LabelCompletionMode: "Log"}))).To(BeTrue())
	g.Expect(pods.Matches(front)).To(BeTrue(), "earlier versions did not set the mode")
	g.Expect(pods.Matches(labels.Merge(front, labels.Set{v1beta1.LabelCompletionMode: "Exit"}))).To(BeFalse())
	g.Expect(pods.Matches(labels.Set{v1beta1.LabelDaemonSetJob: "true"})).To(BeFalse(), "not selected by the administrator")
	g.Expect(selected.String()).NotTo(ContainSubstring("mode"), "the administrator's selector is unchanged")
}

func TestPodChanged(t *testing.T) {
	const work = v1beta1.ContainerName
	job := wrappers.Job("ns", "j").Obj()
	pod := func() *wrappers.PodWrapper { return wrappers.Pod(job, "a", "h1") }
	version := func(w *wrappers.PodWrapper, version string) *wrappers.PodWrapper {
		w.ResourceVersion = version
		return w
	}
	running := func(w *wrappers.PodWrapper, id string) *wrappers.PodWrapper {
		w.Status.ContainerStatuses[0].ContainerID = id
		return w
	}
	other := pod()
	other.UID = "another"
	tests := map[string]struct {
		before, after *wrappers.PodWrapper
		changed       bool
	}{
		"an unrelated label":   {version(pod(), "1"), version(pod().Label("x", "y"), "2"), false},
		"a resync":             {version(pod(), "1"), version(pod(), "1"), true},
		"a resync when marked": {version(pod().Completed(), "1"), version(pod().Completed(), "1"), false},
		"marked":               {version(pod(), "1"), version(pod().Completed(), "2"), true},
		"started":              {version(pod(), "1"), version(running(pod(), "test://1"), "2"), true},
		"restarted":            {version(running(pod(), "test://1"), "1"), version(running(pod(), "test://2"), "2"), true},
		"ended":                {version(running(pod(), "test://1"), "1"), version(running(pod().Ended(work, 0), "test://1"), "2"), true},
		"ready":                {version(running(pod(), "test://1"), "1"), version(running(pod().ContainersReady(), "test://1"), "2"), false},
		"terminating":          {version(pod(), "1"), version(pod().Terminating(), "2"), true},
		"another of the name":  {version(pod(), "1"), version(other, "2"), true},
		"moved to another Job": {version(pod(), "1"), version(pod().Label(v1beta1.LabelJob, "k"), "2"), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after client.Object = test.before.Obj(), test.after.Obj()
			NewWithT(t).Expect(podChanged(event.UpdateEvent{ObjectOld: before, ObjectNew: after})).To(Equal(test.changed))
		})
	}
}

// The terminator writes what a node printed into the pod, and needs it no more.
func TestTheCacheHoldsNoOutput(t *testing.T) {
	job := wrappers.Job("ns", "j").Obj()
	printing := wrappers.Pod(job, "a", "h1").Asks(1024).Restarted(v1beta1.ContainerName, 2, 1, "printed before")
	rotated := wrappers.Pod(job, "a", "h1").Asks(1024).Obj()
	rotated.Status.Conditions = append(rotated.Status.Conditions, corev1.PodCondition{Type: v1beta1.PodCompleted, Status: corev1.ConditionFalse,
		Reason: v1beta1.ReasonLogRotated, Message: "printed too early", LastTransitionTime: metav1.Now()})
	for name, pod := range map[string]*corev1.Pod{
		"at work": printing.Obj(), "done": printing.Logged("printed at its end").Obj(), "rotated": rotated,
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			for kind, limits := range CacheByObject(labels.Everything()) {
				if _, ok := kind.(*corev1.Pod); !ok {
					continue
				}
				stripped, err := limits.Transform(pod.DeepCopy())
				g.Expect(err).NotTo(HaveOccurred())
				cached := stripped.(*corev1.Pod)
				text, err := json.Marshal(cached)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(string(text)).NotTo(ContainSubstring("printed"))
				g.Expect(awaitsWord(cached)).To(Equal(awaitsWord(pod)))
				g.Expect(logRotatedAt(cached)).To(Equal(logRotatedAt(pod)))
				g.Expect(v1beta1.PodOutputBytes(cached)).To(Equal(1024))
				g.Expect(containerRuns(cached, v1beta1.ContainerName)).To(Equal(containerRuns(pod, v1beta1.ContainerName)))
				again, err := limits.Transform(cached.DeepCopy())
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(again).To(Equal(cached))
			}
		})
	}
}
