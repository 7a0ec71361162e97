package schedule

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// setCronJob changes the CronJob, and lets the watches know.
func (w *world) setCronJob(c *v1beta1.CronJob) {
	version := w.nextVersion()
	if c != nil {
		c.ResourceVersion = version
	}
	w.cronJob = c
	for _, l := range w.leaders {
		l.events[cronJobs] = append(l.events[cronJobs], func() { l.cronJob = c })
	}
}

// setJob changes a Job, or adds it.
func (w *world) setJob(job *v1beta1.Job) {
	job.ResourceVersion = w.nextVersion()
	put := func(all []*v1beta1.Job, job *v1beta1.Job) []*v1beta1.Job {
		return append(slices.DeleteFunc(slices.Clone(all), func(other *v1beta1.Job) bool { return other.UID == job.UID }), job)
	}
	w.jobs = put(w.jobs, job)
	for _, l := range w.leaders {
		l.events[jobs] = append(l.events[jobs], func() { l.jobs = put(l.jobs, w.decoded(job)) })
	}
}

func (w *world) removeJob(job *v1beta1.Job) {
	w.nextVersion()
	without := func(all []*v1beta1.Job) []*v1beta1.Job {
		return slices.DeleteFunc(slices.Clone(all), func(other *v1beta1.Job) bool { return other.UID == job.UID })
	}
	w.jobs = without(w.jobs)
	for _, l := range w.leaders {
		l.events[jobs] = append(l.events[jobs], func() { l.jobs = without(l.jobs) })
	}
}

// decoded returns what a manager's cache has of a Job.
func (w *world) decoded(job *v1beta1.Job) *v1beta1.Job {
	if w.poisoned[job.UID] {
		return &v1beta1.Job{ObjectMeta: job.ObjectMeta}
	}
	return job
}

// deliver lets a manager's caches observe some of what happened, or all of it.
func (w *world) deliver(l *leader, all bool) {
	for kind := range l.events {
		n := len(l.events[kind])
		if !all {
			n = w.random.IntN(n + 1)
		}
		for _, event := range l.events[kind][:n] {
			event()
		}
		l.events[kind] = l.events[kind][n:]
	}
}

// restart starts a manager again: it lists everything, and remembers nothing.
func (w *world) restart(l *leader) {
	w.note("manager %s restarted", l.name)
	l.cronJob, l.jobs, l.events, l.last = w.cronJob, nil, [2][]func(){}, attempt{}
	w.interrupt()
	for _, job := range w.jobs {
		l.jobs = append(l.jobs, w.decoded(job))
	}
	w.counted("restarted")
}

// named returns the Job of a name, nil if there is none.
func (w *world) named(name string) *v1beta1.Job {
	for _, job := range w.jobs {
		if job.Name == name {
			return job
		}
	}
	return nil
}

// children are the Jobs that the CronJob controls.
func children(all []*v1beta1.Job, c *v1beta1.CronJob) []*v1beta1.Job {
	return slices.DeleteFunc(slices.Clone(all), func(job *v1beta1.Job) bool { return c == nil || !metav1.IsControlledBy(job, c) })
}

// madeAs returns what is known of a Job that a manager created, nil if none did.
func (w *world) madeAs(uid types.UID) *made {
	for _, all := range w.runs {
		for _, m := range all {
			if m.uid == uid {
				return m
			}
		}
	}
	return nil
}
