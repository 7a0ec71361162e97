package plan

import (
	"fmt"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// retaining is the Job of these tests, which asks to keep its pages for so long, nil for not.
func retaining(seconds *int32) *wrappers.JobWrapper {
	j := job()
	j.Spec.Results = &v1beta1.Results{RetainSeconds: seconds}
	return j
}

func entriesOf(run v1beta1.JobRun, n int) Entries {
	entries := Entries{Run: run}
	for i := range n {
		name := fmt.Sprintf("n%d", i)
		entries.Nodes = append(entries.Nodes, v1beta1.NodeRecord{Node: name, NodeUID: types.UID(name), Result: v1beta1.RecordSucceeded})
	}
	return entries
}

func TestAChangedRetentionHoldsForLaterRuns(t *testing.T) {
	first, later := v1beta1.JobRun{TemplateHash: "a", Generation: 1}, v1beta1.JobRun{TemplateHash: "a", Generation: 2}
	none, minute, hour := (*int32)(nil), new(int32(60)), new(int32(3600))
	for name, test := range map[string]struct {
		before, after *int32
	}{
		"it stays":         {minute, minute},
		"it is longer":     {minute, hour},
		"it is shorter":    {hour, minute},
		"it is taken back": {minute, none},
		"it is new":        {none, minute},
		"there is none":    {none, none},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			expect := func(pages []*v1beta1.JobRecord, n int, seconds *int32) {
				t.Helper()
				g.Expect(pages).To(HaveLen(n))
				for _, page := range pages {
					g.Expect(page.Spec.RetainSeconds).To(Equal(seconds), page.Name)
					g.Expect(page.Labels).To(HaveKeyWithValue(v1beta1.LabelJobUID, "j-uid"))
					g.Expect(metav1.IsControlledBy(page, aJob)).To(Equal(seconds == nil), "garbage collection takes it, or the manager")
				}
			}
			write := func(pages []*v1beta1.JobRecord, run v1beta1.JobRun, seconds *int32, n int) []*v1beta1.JobRecord {
				entries := entriesOf(run, n)
				entries.RetainSeconds = seconds
				return appendEntries(aJob, pages, entries)
			}
			pages := write(nil, first, test.before, maxEntries+1)
			expect(pages, 2, test.before)
			expect(write(pages, first, test.after, maxEntries), 2, test.before)
			expect(write(pages, later, test.after, maxEntries+1), 2, test.after)
		})
	}
}

// A template and retainSeconds may change in one edit. The pages of the run before keep the
// value of when it began.
func TestAnEarlierRunKeepsItsRetention(t *testing.T) {
	none, minute, hour := (*int32)(nil), new(int32(60)), new(int32(3600))
	for name, test := range map[string]struct{ before, after *int32 }{
		"it is longer": {minute, hour}, "it is taken back": {minute, none}, "it is new": {none, minute},
	} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", nodes were done before: ", done), func(t *testing.T) {
				g := NewWithT(t)
				j := retaining(test.before)
				j.Job.Status.RunGeneration = 1
				before := stateWith(j, daemonSet(2, 2), pod("a"), pod("b"))
				before.Records.Known, before.Records.LastWrite = true, now
				if done {
					before.Pods[0].State = Succeeded
				}
				p := Compute(before)
				g.Expect(p.Pages).To(BeEmpty(), "the page is not due yet")

				edited := before
				edited.Job = retaining(test.after).Generation(2).Obj()
				edited.Job.Status = *before.Job.Status.DeepCopy()
				edited.TemplateHash, edited.Records.Unwritten = "h2", p.Unwritten
				edited.Pods = slices.Clone(before.Pods)
				edited.Pods[0].State, edited.Pods[1].State = Succeeded, Succeeded
				p = Compute(edited)
				g.Expect(p.Pages).To(HaveLen(1))
				g.Expect(p.Pages[0].Spec.Run.TemplateHash).To(Equal(hash))
				g.Expect(p.Pages[0].Spec.Nodes).To(HaveLen(2))
				g.Expect(p.Pages[0].Spec.RetainSeconds).To(Equal(test.before))
				g.Expect(metav1.IsControlledBy(p.Pages[0], edited.Job)).To(Equal(test.before == nil))
			})
		}
	}
}

// Another value does not hold for the run that is at work, also if no page has the first one.
func TestAChangedRetentionDoesNotHoldForThePresentRun(t *testing.T) {
	g := NewWithT(t)
	s := stateWith(retaining(new(int32(60))).Status(once().Job.Status), gatedDaemonSet(2, 2), pod("a"), pod("b"))
	s.Records.Known = true
	s.Records.Unwritten = Compute(s).Unwritten
	j := retaining(nil).Status(s.Job.Status).Generation(2)
	s.Job, s.Pods[0].State, s.Pods[0].Gone = j.Obj(), Succeeded, true
	p := Compute(s)
	g.Expect(p.Pages).To(HaveExactElements(HaveField("Spec.RetainSeconds", HaveValue(Equal(int32(60))))))
}

// A Job that is over before its first page was due has one only if it keeps it.
func TestAJobThatKeepsItsPagesIsOverWithThem(t *testing.T) {
	for name, test := range map[string]struct {
		job   *wrappers.JobWrapper
		pages int
	}{
		"kept":     {retaining(new(int32(60))), 1},
		"not kept": {job(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := stateWith(test.job.Status(started(1)), daemonSet(1, 1), pod("a").Completed())
			s.Records.Known = true
			p := Compute(s)
			g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
			g.Expect(p.Pages).To(HaveLen(test.pages))
			g.Expect(p.Status.Status.Records).To(Equal(int32(test.pages)))
		})
	}
}

// What an earlier run did is written by a Plan of its own: a verdict of the present run in the
// same Plan would come without its page.
func TestEntriesOfAnEarlierRunAreWrittenFirst(t *testing.T) {
	g := NewWithT(t)
	earlier := entriesOf(v1beta1.JobRun{TemplateHash: "earlier", Generation: 1}, 1)
	s := stateWith(retaining(new(int32(60))), daemonSet(1, 1), pod("a").Completed())
	s.Live, s.Records.Unwritten = false, earlier
	p := Compute(s)
	g.Expect(p).To(Equal(Plan{ReadLive: true, Unwritten: earlier}), "the pages are not known")

	s.Live, s.Records.Known = true, true
	p = Compute(s)
	g.Expect(p.Pages).To(HaveExactElements(HaveField("Spec.Run", earlier.Run)))
	g.Expect(p.Status).To(BeNil())
	g.Expect(p.RequeueAfter).To(Equal(immediately))

	s.Records = s.Records.Written(p.Pages, p.Later, now)
	p = Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
	g.Expect(p.Pages).To(HaveExactElements(HaveField("Spec.Run.TemplateHash", hash)))
}
