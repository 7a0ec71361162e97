package plan

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// An exit is confirmed once the kubelet has started the container again in the same sandbox, or
// waits to do so. What a kill makes a container exit with is not.
func TestWhichExitsAreConfirmed(t *testing.T) {
	const work, isTrue = v1beta1.ContainerName, corev1.ConditionTrue
	two := func() *wrappers.PodWrapper { return pod("a").Exit("one", "two") }
	oomKill := func(code int32) *wrappers.PodWrapper {
		w := exits("a", code)
		w.Pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.Reason = oomKilled
		return w
	}
	lost := exits("a", 137)
	lost.Pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.Reason = "ContainerStatusUnknown"
	unset := sandboxed(pod("a").Restarted(work, 1, 42, ""), isTrue, 600)
	initOfLog := pod("a")
	initOfLog.Spec.InitContainers = []corev1.Container{{Name: "init"}}
	initOfLog.Pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init"}}
	helper := pod("a")
	helper.Spec.Containers = append(helper.Spec.Containers, corev1.Container{Name: "helper"})
	helper.Pod.Status.ContainerStatuses = append(helper.Pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: "helper"})
	many := exits("a", 42)
	for i := range MaxContainers {
		many.Spec.InitContainers = append(many.Spec.InitContainers, corev1.Container{Name: fmt.Sprint(i)})
	}
	for name, test := range map[string]struct {
		pod  *wrappers.PodWrapper
		want []int32
	}{
		"none ended":                               {pod: pod("a")},
		"it runs again":                            {exits("a", 42), []int32{42}},
		"the kubelet waits to start it again":      {exits("a", 42).Waiting(work, crashLoop, ""), []int32{42}},
		"it ended, and nothing started it again":   {pod: pod("a").Ended(work, 42)},
		"a later end, which nothing followed":      {exits("a", 42).Ended(work, 143), []int32{42}},
		"it ended with 0":                          {pod: exits("a", 0)},
		"killed for its memory":                    {oomKill(137), []int32{137}},
		"killed for its memory, with code 0":       {pod: oomKill(0)},
		"the kubelet lost how it ended":            {pod: lost},
		"in the present sandbox":                   {sandboxed(exits("a", 42), isTrue, 600), []int32{42}},
		"in it, for clocks that differ":            {sandboxed(exits("a", 42), isTrue, 0), []int32{42}},
		"in an earlier sandbox":                    {pod: sandboxed(exited(pod("a"), work, 42, 60), isTrue, 5)},
		"in one that is gone":                      {pod: sandboxed(exits("a", 42), corev1.ConditionFalse, 1)},
		"the node says nothing of the sandbox":     {pod: sandboxed(exits("a", 42), corev1.ConditionUnknown, 1)},
		"no word of when it started":               {pod: unset},
		"the first of two containers":              {exited(two(), "one", 42, 5), []int32{42}},
		"the second, after the first was done":     {exited(two().Ended("one", 0), "two", 42, 5), []int32{42}},
		"both, the first one last":                 {exited(exited(two(), "one", 17, 5), "two", 42, 50), []int32{42, 17}},
		"both, in their order":                     {exited(exited(two(), "one", 17, 50), "two", 42, 5), []int32{17, 42}},
		"it was done after that":                   {exited(pod("a").Exit("one"), "one", 42, 5).Ended("one", 0), []int32{42}},
		"a sidecar":                                {pod: exited(pod("a").Exit("one").Sidecar("s", 3), "s", 42, 5)},
		"the pause container":                      {pod: exited(pod("a").Exit("one").Ended("one", 0), v1beta1.PauseContainerName, 42, 5)},
		"an init container in Log mode":            {exited(initOfLog, "init", 42, 5), []int32{42}},
		"a container whose log nobody follows":     {pod: exited(helper, "helper", 42, 5)},
		"more containers than are observed":        {pod: many},
		"in Log mode, marked as done":              {pod: exits("a", 42).Completed()},
		"the pod is held, and never ran":           {pod: pod("a").Gated()},
		"the reboot of a node, of which it is new": {pod: sandboxed(exited(pod("a").Exit("one"), "one", 255, 60), isTrue, 5)},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(ReadPod(test.pod.Obj()).Exits).To(Equal(test.want))
		})
	}
}

// Pods that differ in their exits do not say the same: the cache must tell the manager.
func TestExitsSaySomething(t *testing.T) {
	g := NewWithT(t)
	p := ReadPod(exits("a", 42).Obj())
	later := p
	later.ResourceVersion, later.Exits = "2", []int32{42}
	g.Expect(p.SaysTheSame(later)).To(BeTrue())
	later.Exits = []int32{17}
	g.Expect(p.SaysTheSame(later)).To(BeFalse())
}
