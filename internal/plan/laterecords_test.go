package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// stoppedByVerdict is the State of a Job that failed, whose DaemonSet is deleted.
func stoppedByVerdict() State {
	status := ended(v1beta1.JobFailed, v1beta1.PhaseFailed, 1)
	status.TemplateHash, status.RunGeneration, status.Resume, status.Gated = hash, 1, new(""), true
	s := recordable(annotated(job().Status(status), ""), pod("a").Completed().Terminating(), pod("b").Terminating())
	s.DaemonSet, s.LastDaemonSet = nil, aDaemonSet
	return s
}

// A node that gets done while its pod is being stopped is recorded, and not run again.
func TestANodeThatGetsDoneAfterTheVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*State)
		want   []string
	}{
		"its pod is being stopped":                {func(*State) {}, []string{"a"}},
		"its pod is gone":                         {func(s *State) { s.Pods[0].Gone = true }, []string{"a"}},
		"its DaemonSet is not deleted yet":        {func(s *State) { s.DaemonSet, s.LastDaemonSet = gatedDaemonSet(2, 2), ""; s.DaemonSet.UID = aDaemonSet }, []string{"a"}},
		"it was told to stop, and ended then":     {func(s *State) { s.Pods[0].StoppedEarly = true }, nil},
		"of another DaemonSet":                    {func(s *State) { s.LastDaemonSet = "other" }, nil},
		"of another template":                     {func(s *State) { s.Pods[0].TemplateHash = "h0" }, nil},
		"the Job is Complete: nothing is resumed": {func(s *State) { s.Job.Status.Conditions[0].Type = v1beta1.JobComplete }, nil},
		"it is recorded":                          {func(s *State) { *s = recordedIn(aRun, *s, done("a")) }, nil},
		"pages are not known":                     {func(s *State) { s.Records.Known = false }, nil},
		"a page was written just now":             {func(s *State) { s.Records.LastWrite = now.Add(-time.Second) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stoppedByVerdict()
			test.change(&s)
			p := Compute(s)
			var nodes []string
			for _, e := range pageEntries(p) {
				nodes = append(nodes, e.Node)
			}
			g.Expect(nodes).To(Equal(test.want))
			if test.want != nil {
				g.Expect(p.Status.Status).To(And(HaveField("Records", int32(1)), HaveField("Phase", v1beta1.PhaseFailed)))
			}
		})
	}
}

// What is remembered of a Failed Job is not forgotten when it is resumed.
func TestAResumeKeepsWhatIsUnwritten(t *testing.T) {
	g := NewWithT(t)
	s := stoppedByVerdict()
	s.Job.Annotations[v1beta1.AnnotationResume] = "again"
	p := Compute(s)
	g.Expect(p.Unwritten.Nodes).To(ConsistOf(HaveField("Node", "a")))
	s = afterwards(s, p, pod("a").Gated(), pod("b").Gated())
	g.Expect(nodesOf(Compute(s).Ungate)).To(Equal([]string{"b"}))
}

// A user who deletes the DaemonSet of a running Job does not make done nodes work again.
func TestANodeThatIsDoneWhenItsDaemonSetIsDeleted(t *testing.T) {
	g := NewWithT(t)
	s := recordable(once(), pod("a").Completed().Terminating(), pod("b").Terminating())
	s.DaemonSet, s.LastDaemonSet = (*appsv1.DaemonSet)(nil), aDaemonSet
	g.Expect(pageEntries(Compute(s))).To(ConsistOf(HaveField("Node", "a")))
}

// Work that handles SIGTERM ends with exit code 0, and may be undone.
func TestAPodThatWasToldToStopEarly(t *testing.T) {
	for name, test := range map[string]struct {
		ended, deleted time.Duration // After now.
		want           bool
	}{
		"it ended before":             {-5 * time.Second, 30 * time.Second, false},
		"it ended in the same second": {0, 30 * time.Second, true},
		"it ended after":              {5 * time.Second, 30 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := pod("a").Exit("one").Ended("one", 0)
			w.Pod.Status.InitContainerStatuses[0].State.Terminated.FinishedAt = metav1.NewTime(now.Add(test.ended))
			g.Expect(ReadPod(w.Obj())).To(And(HaveField("State", Succeeded), HaveField("StoppedEarly", false)), "it is not told to stop")
			w.Pod.DeletionTimestamp, w.Pod.DeletionGracePeriodSeconds = new(metav1.NewTime(now.Add(test.deleted))), new(int64(30))
			g.Expect(ReadPod(w.Obj()).StoppedEarly).To(Equal(test.want))
		})
	}
}

// The corrected template of a Failed Job does not make its late entries forgotten.
func TestLateEntriesOutliveAChangeOfTheTemplate(t *testing.T) {
	g := NewWithT(t)
	s := stoppedByVerdict()
	s.Records.LastWrite = now
	p := Compute(s)
	g.Expect(p.Pages).To(BeEmpty(), "a page was written just now")
	s.Records.Unwritten, s.TemplateHash = p.Unwritten, "h2"
	p = Compute(s)
	g.Expect(p.Unwritten.Nodes).To(ConsistOf(HaveField("Node", "a")))
	s = afterwards(s, p)
	s.TemplateHash = "h2"
	g.Expect(pageEntries(Compute(s))).To(ConsistOf(HaveField("Node", "a")))
}
