package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Run is a run of a Job that has records, or that is present.
type Run struct {
	UID types.UID
	v1beta1.JobRun
	// Pages are ordered by their number.
	Pages []*v1beta1.JobRecord
	// Written is when its first page was written, zero if none was.
	Written time.Time
}

// Runs returns the runs that pages are of, the latest first. A Job is later than another one of
// its name if its last page is.
func Runs(pages []*v1beta1.JobRecord) []Run {
	pages = slices.Clone(pages)
	plan.SortPages(pages)
	lastOf := map[types.UID]time.Time{}
	var runs []Run
	for _, page := range pages {
		uid, written := types.UID(page.Labels[v1beta1.LabelJobUID]), page.CreationTimestamp.UTC()
		if written.After(lastOf[uid]) {
			lastOf[uid] = written
		}
		i := slices.IndexFunc(runs, func(r Run) bool { return r.UID == uid && r.JobRun == page.Spec.Run })
		if i < 0 {
			i = len(runs)
			runs = append(runs, Run{UID: uid, JobRun: page.Spec.Run, Written: written})
		}
		runs[i].Pages = append(runs[i].Pages, page)
	}
	slices.SortStableFunc(runs, func(a, b Run) int {
		return cmp.Or(lastOf[b.UID].Compare(lastOf[a.UID]), cmp.Compare(a.UID, b.UID), cmp.Compare(b.Generation, a.Generation), b.Written.Compare(a.Written))
	})
	return runs
}

// PresentRun returns the run that a Job is at.
func PresentRun(job *v1beta1.Job) *Run {
	return &Run{UID: job.UID, JobRun: v1beta1.JobRun{TemplateHash: job.Status.TemplateHash, Generation: job.Status.RunGeneration}}
}

// Is returns whether both are the same run.
func (r *Run) Is(other *Run) bool { return r.UID == other.UID && r.JobRun == other.JobRun }

// Choice is which run a user asks for.
type Choice struct {
	// UID of the Job, or its first characters. Default: that of the present Job, else of the latest.
	UID string
	// Generation of the Job at which the run began. Default, 0: the latest.
	Generation int64
}

// Of returns the run that was asked for, of runs as Runs returns them and of a present Job, if it
// is not nil. others are the runs that were not chosen.
func (c Choice) Of(runs []Run, job *v1beta1.Job) (chosen Run, others []Run, err error) {
	if job != nil {
		runs = withPresent(runs, *PresentRun(job))
	}
	if len(runs) == 0 {
		return Run{}, nil, fmt.Errorf("no run of the Job is known")
	}
	uid := c.UID
	if uid == "" {
		uid = string(runs[0].UID)
	}
	uids := map[types.UID]bool{}
	chosenAt := -1
	for i := range runs {
		if !strings.HasPrefix(string(runs[i].UID), uid) {
			continue
		}
		uids[runs[i].UID] = true
		if chosenAt < 0 && (c.Generation == 0 || runs[i].Generation == c.Generation) {
			chosenAt = i
		}
	}
	switch {
	case len(uids) > 1:
		return Run{}, nil, fmt.Errorf("--uid=%s is the beginning of %d UIDs: write more of it. There are %s", c.UID, len(uids), list(runs))
	case chosenAt < 0:
		return Run{}, nil, fmt.Errorf("no run is the one that was asked for. There are %s", list(runs))
	}
	return runs[chosenAt], slices.Delete(slices.Clone(runs), chosenAt, chosenAt+1), nil
}

// withPresent puts the present run first, with its pages if it has some, and behind it the earlier
// runs of its Job.
func withPresent(runs []Run, present Run) []Run {
	ordered := []Run{present}
	var others []Run
	for _, run := range runs {
		switch {
		case run.Is(&present):
			ordered[0] = run
		case run.UID == present.UID:
			ordered = append(ordered, run)
		default:
			others = append(others, run)
		}
	}
	return append(ordered, others...)
}

// maxListed is how many runs a message names.
const maxListed = 5

// Flags returns the flags that choose the run.
func (r *Run) Flags() string { return fmt.Sprintf("--uid=%.8s --generation=%d", r.UID, r.Generation) }

// list names runs by the flags that choose them.
func list(runs []Run) string {
	var names []string
	for i := range runs[:min(len(runs), maxListed)] {
		names = append(names, runs[i].Flags())
	}
	if more := len(runs) - maxListed; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// Explain says which of several runs is shown, and how to choose another one. Empty if there is
// only one.
func Explain(chosen *Run, others []Run) []string {
	if len(others) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("Showing the run of generation %d of the Job with the UID %s. Others are kept too:", chosen.Generation, chosen.UID)}
	for i := range others[:min(len(others), maxListed)] {
		when := "no record yet"
		if !others[i].Written.IsZero() {
			when = "of " + others[i].Written.Format(time.RFC3339)
		}
		lines = append(lines, fmt.Sprintf("  %s  %s", others[i].Flags(), when))
	}
	if more := len(others) - maxListed; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more: kubectl get jobrecords -l %s", more, v1beta1.LabelJob))
	}
	return lines
}
