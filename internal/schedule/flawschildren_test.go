package schedule

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// isOver returns whether a Job is finished, and will not start over.
func isOver(job *v1beta1.Job) bool {
	return job.Finished() != nil && job.Status.ObservedGeneration == job.Generation
}

func (j *judged) unfinished() []*v1beta1.Job {
	return slices.DeleteFunc(slices.Clone(j.Children), isOver)
}

func (j *judged) judgeActive() {
	unfinished := j.unfinished()
	j.require(int(j.after.ActiveJobs) == len(unfinished) && len(j.after.Active) == min(100, len(unfinished)), "activeJobs is %d, active are %d, of %d", j.after.ActiveJobs, len(j.after.Active), len(unfinished))
	for i := range j.after.Active {
		uid := j.after.Active[i].UID
		j.require(slices.ContainsFunc(unfinished, func(job *v1beta1.Job) bool { return job.UID == uid }), "%s is active", uid)
	}
}

// judgeHistory requires that what is deleted is beyond the limit, the oldest first, and known.
func (j *judged) judgeHistory() {
	limits := map[string]*int32{v1beta1.JobComplete: j.CronJob.Spec.SuccessfulJobsHistoryLimit, v1beta1.JobFailed: j.CronJob.Spec.FailedJobsHistoryLimit}
	byDefault := map[string]int{v1beta1.JobComplete: 3, v1beta1.JobFailed: 1}
	for verdict, limit := range limits {
		most := byDefault[verdict]
		if limit != nil {
			most = int(*limit)
		}
		var kept, deleted []*v1beta1.Job
		for _, job := range j.Children {
			if !isOver(job) || job.Finished().Type != verdict || job.DeletionTimestamp != nil {
				continue
			}
			if j.deletes(job) {
				deleted = append(deleted, job)
			} else {
				kept = append(kept, job)
			}
		}
		j.require(len(deleted) == 0 || len(kept) >= most, "it keeps %d %s Jobs of %d", len(kept), verdict, most)
		j.require(len(kept) <= most || j.decision.Status != nil, "it keeps %d %s Jobs of %d", len(kept), verdict, most)
		for _, gone := range deleted {
			j.require(!slices.ContainsFunc(kept, func(job *v1beta1.Job) bool { return job.CreationTimestamp.Before(&gone.CreationTimestamp) }), "it deletes %s, which is not the oldest", gone.Name)
			j.require(!slices.ContainsFunc(j.after.Active, func(run v1beta1.ActiveRun) bool { return run.UID == gone.UID }) && (j.after.Pending == nil || j.after.Pending.Name != gone.Name),
				"it deletes %s, whose result is not in the status", gone.Name)
		}
	}
}

func (j *judged) deletes(job *v1beta1.Job) bool {
	return slices.ContainsFunc(j.decision.Delete, func(d Deletion) bool { return d.Job.UID == job.UID })
}

// judgeReplaced requires that what is not finished is deleted for Replace alone.
func (j *judged) judgeReplaced() {
	for _, d := range j.decision.Delete {
		j.require(d.Job.DeletionTimestamp == nil, "it deletes %s again", d.Job.Name)
		if isOver(d.Job) {
			continue
		}
		j.require(j.CronJob.Spec.ConcurrencyPolicy == v1beta1.ReplaceConcurrent && d.Foreground, "it deletes %s, which is not finished", d.Job.Name)
		j.require(j.before.Pending != nil && j.before.Pending.UID == "" && j.before.Pending.Name != d.Job.Name && !j.suspended() && j.Guard.Missing == "", "it deletes %s for no run", d.Job.Name)
	}
}

// judgeResults requires that each run that was known is counted when it is over or gone, once.
func (j *judged) judgeResults() {
	active := func(uid types.UID) bool {
		return slices.ContainsFunc(j.before.Active, func(run v1beta1.ActiveRun) bool { return run.UID == uid })
	}
	known := []types.UID{}
	for i := range j.before.Active {
		known = append(known, j.before.Active[i].UID)
	}
	if pending := j.before.Pending; pending != nil && pending.UID != "" && !active(pending.UID) {
		known = append(known, pending.UID)
	}
	expected := map[Result]int{}
	for _, uid := range known {
		i := slices.IndexFunc(j.Children, func(job *v1beta1.Job) bool { return job.UID == uid })
		switch {
		case i < 0 && !active(uid) && j.knownAs() != "" && j.knownAs() != uid:
			// Another Job of that name is there: the run took place twice, and one of them is counted.
		case i < 0 && (j.Named == nil || j.Named.UID != uid):
			expected[Deleted]++
		case i >= 0 && isOver(j.Children[i]):
			expected[Result(j.Children[i].Finished().Type)]++
		}
	}
	counted := map[Result]int{}
	for _, result := range j.decision.Results {
		if result != Dropped && result != Missed {
			counted[result]++
		}
	}
	j.require(reflect.DeepEqual(counted, expected), "it counts %v and not %v", counted, expected)
}
