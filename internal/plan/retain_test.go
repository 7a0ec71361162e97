package plan

import (
	"fmt"
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
			pages := appendEntries(retaining(test.before).Obj(), nil, entriesOf(first, maxEntries+1))
			expect(pages, 2, test.before)
			changed := retaining(test.after).Obj()
			expect(appendEntries(changed, pages, entriesOf(first, maxEntries)), 2, test.before)
			expect(appendEntries(changed, pages, entriesOf(later, maxEntries+1)), 2, test.after)
		})
	}
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

	s.Records = s.Records.Written(p.Pages, now)
	p = Compute(s)
	g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
	g.Expect(p.Pages).To(HaveExactElements(HaveField("Spec.Run.TemplateHash", hash)))
}
