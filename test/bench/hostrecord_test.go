package main

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var soakBegan = time.Now()

// ran is a run of the Job j, in tenths of a second after the soak began.
func ran(node, pod string, begun, last int) hostRun {
	at := func(tenths int) time.Time { return soakBegan.Add(time.Duration(tenths) * 100 * time.Millisecond) }
	return hostRun{job: "j", node: node, pod: pod, hash: "h", begun: at(begun), last: at(last)}
}

func (r hostRun) did() hostRun {
	r.done = true
	return r
}

func (r hostRun) again(number int) hostRun {
	r.number = number
	return r
}

func newHostRecord(limits ...limitFrom) *hostRecord {
	return &hostRecord{
		taken: &takeaways{}, limits: map[string][]limitFrom{"j": limits}, rebooted: map[string]bool{},
		goneBy:        func(pod string, _ time.Time) bool { return pod != "exists" },
		sameDaemonSet: func(pod, _ string) bool { return pod != "former" },
	}
}

func TestTheHostsShowTooManyAtWork(t *testing.T) {
	g := NewWithT(t)
	one := []limitFrom{{soakBegan, 1}}
	violations := func(limits []limitFrom, runs ...hostRun) []string { return newHostRecord(limits...).violations(runs) }
	g.Expect(violations(one, ran("a", "1", 0, 10), ran("b", "2", 10, 20), ran("c", "3", 21, 25))).To(BeEmpty())
	g.Expect(violations(one, ran("b", "2", 9, 20), ran("a", "1", 0, 10))).To(ConsistOf(ContainSubstring("2 nodes of Job j worked at once, of 1")))
	g.Expect(violations(one, ran("a", "1", 0, 10), ran("b", "2", 0, 10))).NotTo(BeEmpty(), "at the same moment")
	g.Expect(violations(nil, ran("a", "1", 0, 10), ran("b", "2", 0, 10))).To(BeEmpty(), "without a limit")
	raised := []limitFrom{{soakBegan, 1}, {soakBegan.Add(time.Second), 2}}
	g.Expect(violations(raised, ran("a", "1", 0, 15), ran("b", "2", 11, 20))).To(BeEmpty(), "after it was raised")
	g.Expect(violations(raised, ran("a", "1", 0, 15), ran("b", "2", 9, 20))).NotTo(BeEmpty(), "before it was raised")
	two := []limitFrom{{soakBegan, 2}}
	g.Expect(violations(two, ran("a", "1", 0, 15), ran("a", "2", 9, 20))).To(ConsistOf(ContainSubstring("pods 1 and 2 of Job j worked on a at once")))
}

func TestAContainerThatTheKubeletRunsAgainNeedsNoSlot(t *testing.T) {
	g := NewWithT(t)
	r := newHostRecord(limitFrom{soakBegan, 1})
	r.rebooted["1"] = true
	g.Expect(r.violations([]hostRun{ran("a", "1", 0, 10).did(), ran("b", "2", 12, 30), ran("a", "1", 15, 25).again(1)})).To(BeEmpty())
	g.Expect(r.violations([]hostRun{ran("a", "1", 0, 10), ran("b", "2", 12, 30), ran("a", "1", 15, 25).again(1)})).NotTo(BeEmpty(),
		"it keeps its slot until it is done")
}

func TestTheHostsShowWorkDoneTwice(t *testing.T) {
	g := NewWithT(t)
	r := newHostRecord()
	twice := []hostRun{ran("a", "1", 0, 10).did(), ran("a", "2", 20, 30)}
	g.Expect(r.violations(twice)).To(ConsistOf(ContainSubstring("ran in pod 2 on a, where pod 1 had done the work")))
	r.taken.begin("j", "b")()
	g.Expect(r.violations(twice)).NotTo(BeEmpty(), "taken away elsewhere")
	r.taken.all = []*takeaway{{job: "j", node: "a", from: soakBegan, to: soakBegan.Add(2 * time.Second)}}
	g.Expect(r.violations(twice)).To(BeEmpty())

	r = newHostRecord()
	same := []hostRun{ran("a", "1", 0, 10).did(), ran("a", "1", 20, 30).again(1)}
	g.Expect(r.violations(same)).NotTo(BeEmpty(), "without a reboot")
	r.rebooted["1"] = true
	g.Expect(r.violations(same)).To(BeEmpty())

	other := ran("a", "2", 20, 30)
	other.hash = "another"
	for name, runs := range map[string][]hostRun{
		"another template": {twice[0], other}, "not done": {ran("a", "1", 0, 10), twice[1]}, "another node": {twice[0], ran("b", "2", 20, 30)},
		"another DaemonSet": {ran("a", "former", 0, 10).did(), twice[1]}, "two that Kubernetes made at once": {ran("a", "exists", 0, 10).did(), twice[1]},
	} {
		g.Expect(newHostRecord().violations(runs)).To(BeEmpty(), name)
	}
}

func TestTheHostsShowUndoneNodes(t *testing.T) {
	g := NewWithT(t)
	job := &soakJob{last: v1beta1.JobStatus{TemplateHash: "h"}}
	runs := []hostRun{ran("a", "1", 0, 10).did(), ran("b", "2", 0, 10)}
	g.Expect(undone(runs, job, []string{"a", "b", "c"})).To(Equal([]string{"b", "c"}))
	job.replacedAt = soakBegan.Add(2 * time.Second)
	g.Expect(undone(runs, job, []string{"a"})).To(Equal([]string{"a"}), "the Job before did it")
	job = &soakJob{last: v1beta1.JobStatus{TemplateHash: "another"}}
	g.Expect(undone(runs, job, []string{"a"})).To(Equal([]string{"a"}))
}

func TestTheHostsShowWhatIsStillAtWork(t *testing.T) {
	g := NewWithT(t)
	before := []hostRun{ran("a", "1", 0, 10), ran("b", "2", 0, 10)}
	g.Expect(stillAtWork(before, before)).To(BeEmpty())
	g.Expect(stillAtWork(before, []hostRun{before[0], ran("b", "2", 0, 20)})).To(ConsistOf(ContainSubstring("pod 2")))
	g.Expect(stillAtWork(before, append(before, ran("b", "3", 15, 15)))).To(ConsistOf(ContainSubstring("pod 3")))
}
