package schedule

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// stage is a CronJob with its Jobs, and a manager whose caches are never stale. It lets a
// table tell a story: what the users do, and what time it is.
type stage struct {
	t       *testing.T
	now     time.Time
	cronJob *v1beta1.CronJob
	jobs    []*v1beta1.Job
	// foreign are Jobs in the same namespace that the CronJob does not control.
	foreign []*v1beta1.Job
	guard   Guard
	// refuses is what the API server says to each new Job, empty if it takes them.
	refuses string
	refusal *Refusal
	// brief Jobs are complete at once.
	brief bool

	created, deleted []string
	events           []Event
	results          []Result
}

func newStage(t *testing.T, cronJob *v1beta1.CronJob, jobs ...*v1beta1.Job) *stage {
	return &stage{t: t, cronJob: cronJob, jobs: jobs, now: cronJob.CreationTimestamp.Time}
}

// to sets the clock, and lets the manager do all that it has to do then.
func (s *stage) to(at time.Time) *stage {
	s.t.Helper()
	s.now = at
	return s.settle()
}

// wait lets time pass.
func (s *stage) wait(d time.Duration) *stage {
	s.t.Helper()
	return s.to(s.now.Add(d))
}

// eachMinute lets the manager look in each minute from now until then.
func (s *stage) eachMinute(until time.Time) *stage {
	s.t.Helper()
	for at := s.now; !at.After(until); at = at.Add(time.Minute) {
		s.to(at)
	}
	return s
}

// edit changes the spec, as the user does.
func (s *stage) edit(changes ...func(*v1beta1.CronJob)) *stage {
	s.t.Helper()
	s.cronJob.Generation++
	for _, change := range changes {
		change(s.cronJob)
	}
	return s.settle()
}

// settle decides until there is nothing to do.
func (s *stage) settle() *stage {
	s.t.Helper()
	for range 20 {
		if !s.reconcile() {
			return s
		}
	}
	s.t.Fatalf("at %v it goes on and on: %+v", s.now, s.cronJob.Status)
	return s
}

// state is what the manager observes.
func (s *stage) state() *State {
	state := &State{CronJob: s.cronJob, Children: s.jobs, Guard: s.guard, Refusal: s.refusal, Now: s.now}
	if pending := s.cronJob.Status.Pending; pending != nil && s.job(pending.Name) == nil {
		for _, job := range s.foreign {
			if job.Name == pending.Name {
				state.Named = metadataOf(job)
			}
		}
	}
	return state
}

// reconcile does what one Decision says, and returns whether that was anything.
func (s *stage) reconcile() bool {
	s.t.Helper()
	d, flaws := flawsOf(s.state())
	for _, flaw := range flaws {
		s.t.Errorf("at %v: %s", s.now, flaw)
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
	s.events, s.results = append(s.events, d.Events...), append(s.results, d.Results...)
	if d.Status != nil {
		s.write(d.Status)
	}
	for _, deletion := range d.Delete {
		s.deleted = append(s.deleted, deletion.Job.Name)
		if deletion.Foreground {
			s.job(deletion.Job.Name).DeletionTimestamp = new(metav1.NewTime(s.now))
		} else {
			s.remove(deletion.Job.Name)
		}
	}
	return s.create(d.Create) || len(d.Delete) > 0 || d.Status != nil
}

// write writes a status as the API server keeps it.
func (s *stage) write(status *v1beta1.CronJobStatus) {
	s.t.Helper()
	written, err := json.Marshal(status)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cronJob = s.cronJob.DeepCopy()
	s.cronJob.Status = v1beta1.CronJobStatus{}
	if err := json.Unmarshal(written, &s.cronJob.Status); err != nil {
		s.t.Fatal(err)
	}
}

// create creates the Job of a run, and writes its uid.
func (s *stage) create(run *Run) bool {
	s.t.Helper()
	switch {
	case run == nil:
		return false
	case s.refuses != "":
		known := s.refusal != nil && s.refusal.Name == run.Name
		s.refusal = &Refusal{Name: run.Name, Message: s.refuses}
		return !known
	}
	job := JobFor(s.cronJob, *run)
	job.UID, job.Generation, job.CreationTimestamp = types.UID(run.Name+"-uid"), 1, metav1.NewTime(s.now.Truncate(time.Second))
	notObserved(job)
	if s.brief {
		completed(job)
	}
	s.jobs, s.created, s.refusal = append(s.jobs, job), append(s.created, run.Name), nil
	status := s.cronJob.Status.DeepCopy()
	status.Pending.UID = job.UID
	s.write(status)
	return true
}

// change changes the Job of a run.
func (s *stage) change(name string, changes ...func(*v1beta1.Job)) *stage {
	s.t.Helper()
	job := s.job(name)
	if job == nil {
		s.t.Fatalf("there is no Job %s", name)
	}
	for _, change := range changes {
		change(job)
	}
	return s.settle()
}

// remove takes a Job away.
func (s *stage) remove(name string) {
	s.jobs = slices.DeleteFunc(s.jobs, func(job *v1beta1.Job) bool { return job.Name == name })
}

// deleteByHand takes a Job away and lets the manager observe that.
func (s *stage) deleteByHand(name string) *stage {
	s.t.Helper()
	s.remove(name)
	return s.settle()
}
