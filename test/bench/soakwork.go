package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// step does one thing at random that a user, a crash or another component might do. In
// the calm part it is one that a user might do.
func (s *soak) step(ctx context.Context, calm bool) error {
	if err := s.revive(ctx, false); err != nil {
		return err
	}
	if s.serverDue.IsZero() {
		// The next step retries what failed because of a conflict or a killed API
		// server.
		if err := errors.Join(s.recover(ctx, calm), s.sweep(ctx, false)); err != nil && !retriable(err) {
			return err
		}
	}
	if !calm {
		if err := s.kill(); err != nil {
			return err
		}
	}
	if !s.serverDue.IsZero() {
		return nil
	}
	act := s.act
	if !calm && s.random.IntN(4) == 0 {
		act = s.disturb
	}
	if err := act(ctx); err != nil && !retriable(err) {
		return err
	}
	return nil
}

// act creates a Job, or changes one at random.
func (s *soak) act(ctx context.Context) error {
	active := s.activeJobs()
	if len(active) < s.pool.maxJobs() && s.random.IntN(2) == 0 || len(active) == 0 {
		return s.create(ctx)
	}
	if stopped := s.stoppedJobs(); len(stopped) > 0 && s.random.IntN(2) == 0 {
		return s.resume(ctx, stopped[s.random.IntN(len(stopped))])
	}
	job := active[s.random.IntN(len(active))]
	switch s.random.IntN(8) {
	case 0:
		return s.change(ctx, job, "template changed", func(spec *v1beta1.JobSpec) {
			if spec.Template.Annotations == nil {
				spec.Template.Annotations = map[string]string{}
			}
			spec.Template.Annotations["bench/round"] = fmt.Sprint(s.counts["template changed"])
		})
	case 1, 2:
		held := !job.suspended
		return s.change(ctx, job, map[bool]string{true: "suspended", false: "resumed"}[held], func(spec *v1beta1.JobSpec) {
			spec.Suspend, job.suspended = &held, held
		})
	case 3:
		if job.limit == 0 {
			return nil
		}
		job.limit += 1 + s.random.IntN(5)
		s.pool.limited(job)
		return s.change(ctx, job, "parallelism raised", func(spec *v1beta1.JobSpec) {
			spec.Parallelism = new(intstr.FromInt(job.limit))
		})
	case 4:
		job.deleted = true
		s.counts["deleted"]++
		return client.IgnoreNotFound(s.env.client.Delete(ctx, &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: job.name}}))
	}
	return nil
}

func (s *soak) activeJobs() []*soakJob {
	var all []*soakJob
	for _, name := range slices.Sorted(maps.Keys(s.jobs)) {
		if job := s.jobs[name]; !job.finished() && !job.deleted {
			all = append(all, job)
		}
	}
	return all
}

func (s *soak) create(ctx context.Context) error {
	expected, job := s.pool.newJob(s.made)
	s.made++
	s.pool.limited(expected)
	for node, t := range s.troubles {
		t.reach(expected, node)
	}
	for _, node := range s.invariants.justJoined() {
		(&trouble{spares: sparesNone}).reach(expected, node)
	}
	// The API server may have created it although it answered with an error.
	s.jobs[expected.name] = expected
	err := s.env.client.Create(ctx, job)
	if err != nil {
		expected.deleted = true
		return errors.Join(err, client.IgnoreNotFound(s.env.client.Delete(ctx, job)))
	}
	s.counts["created"]++
	return s.records.wrote(job)
}

func (s *soak) change(ctx context.Context, job *soakJob, what string, change func(*v1beta1.JobSpec)) error {
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		now := &v1beta1.Job{}
		if err := s.env.client.Get(ctx, client.ObjectKey{Namespace: namespaceSoak, Name: job.name}, now); err != nil {
			return err
		}
		change(&now.Spec)
		if err := s.env.client.Update(ctx, now); err != nil {
			return err
		}
		return s.records.wrote(now)
	})
	if err == nil {
		s.counts[what]++
	}
	return client.IgnoreNotFound(err)
}

// sweep reads the status of all Jobs, and removes the finalizer of those whose last
// status was read. At the end it also resumes suspended Jobs, and deletes finished Jobs
// that the operator keeps.
func (s *soak) sweep(ctx context.Context, atTheEnd bool) error {
	list := &v1beta1.JobList{}
	if err := s.env.client.List(ctx, list, client.InNamespace(namespaceSoak)); err != nil {
		return err
	}
	there := map[string]bool{}
	for i := range list.Items {
		job := &list.Items[i]
		there[job.Name] = true
		expected := s.jobs[job.Name]
		expected.last, expected.uid = job.Status, job.UID
		switch {
		case s.mustWait(expected):
		case !job.DeletionTimestamp.IsZero():
			controllerutil.RemoveFinalizer(job, finalizer)
			if err := s.env.client.Update(ctx, job); err != nil {
				return client.IgnoreNotFound(err)
			}
		case atTheEnd && job.Finished() != nil && (job.Spec.TTLSecondsAfterFinished != nil || job.Status.Phase == v1beta1.PhaseFailed):
			if err := s.env.client.Delete(ctx, job); client.IgnoreNotFound(err) != nil {
				return err
			}
		case atTheEnd && expected.holds():
			if err := s.resume(ctx, expected); err != nil {
				return err
			}
		case atTheEnd && job.Suspended():
			job.Spec.Suspend, expected.suspended = new(false), false
			if err := s.env.client.Update(ctx, job); err != nil {
				return err
			}
		}
	}
	for name, expected := range s.jobs {
		expected.gone = expected.gone || !there[name]
	}
	return nil
}

// mustWait returns whether the Job stays a little longer, because the watches of its pods and
// records may not have shown yet that all are done.
func (s *soak) mustWait(job *soakJob) bool {
	if len(s.undone(job)) == 0 && len(s.unrecorded(job)) == 0 {
		job.observedSince = time.Time{}
		return false
	}
	if job.observedSince.IsZero() {
		job.observedSince = time.Now()
	}
	return time.Since(job.observedSince) < watchDelay
}

// retriable returns whether a conflict or a killed API server may cause the error.
func retriable(err error) bool {
	return err != nil && (apierrors.IsConflict(err) || !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) && !apierrors.IsBadRequest(err))
}

// tally formats the counts of what the soak did.
func tally(counts map[string]int) string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d", what, counts[what]))
	}
	return strings.Join(all, ", ")
}
