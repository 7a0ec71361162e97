package plan

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// A restore drops the status: a finished Job that is restored runs again on every node.
func TestFinishedJobsAreExcludedFromBackups(t *testing.T) {
	finished := func(conditionType string, phase v1beta1.JobPhase, secondsAgo int) *wrappers.JobWrapper {
		return job().Status(ended(conditionType, phase, secondsAgo))
	}
	complete := func(secondsAgo int) *wrappers.JobWrapper {
		return finished(v1beta1.JobComplete, v1beta1.PhaseComplete, secondsAgo)
	}
	failed := func() *wrappers.JobWrapper { return finished(v1beta1.JobFailed, v1beta1.PhaseFailed, 1) }
	tests := map[string]struct {
		job     *wrappers.JobWrapper
		hash    string
		exclude bool
		include bool
	}{
		"at work":                            {job: job()},
		"failed":                             {job: failed(), exclude: true},
		"failed, labelled":                   {job: failed().Label(v1beta1.LabelExcludeFromBackup, "true")},
		"failed, the user wants it":          {job: failed().Label(v1beta1.LabelExcludeFromBackup, "false")},
		"complete, with a TTL":               {job: complete(1).TTL(60), exclude: true},
		"complete, deleted at once":          {job: complete(1)},
		"complete, and still there":          {job: complete(9), exclude: true},
		"complete, kept":                     {job: complete(1).Label(fluxLabel, "apps"), exclude: true},
		"starts over":                        {job: failed().Label(v1beta1.LabelExcludeFromBackup, "true"), hash: "h2", include: true},
		"starts over, not labelled":          {job: failed(), hash: "h2"},
		"starts over, and the user wants it": {job: failed().Label(v1beta1.LabelExcludeFromBackup, "false"), hash: "h2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			state := stateWith(test.job, daemonSet(1, 1), pod("a"))
			if test.hash != "" {
				state.TemplateHash = test.hash
			}
			p := Compute(state)
			g.Expect(p.ExcludeFromBackup).To(Equal(test.exclude))
			g.Expect(p.IncludeInBackup).To(Equal(test.include))
		})
	}
}

// No event reports the status that this process wrote: the Plan of the verdict asks for
// the next one.
func TestTheVerdictIsFollowedByItsLabel(t *testing.T) {
	g := NewWithT(t)
	state := stateWith(job().Deadline(1), nil)
	verdict := Compute(state)
	g.Expect(verdict.Status.Outcome.Result).To(Equal(Fail))
	g.Expect(verdict.ExcludeFromBackup).To(BeFalse(), "the verdict is recorded first")
	g.Expect(verdict.RequeueAfter).To(Equal(immediately))
	state.Job.Status = verdict.Status.Status
	g.Expect(Compute(state).ExcludeFromBackup).To(BeTrue())
}
