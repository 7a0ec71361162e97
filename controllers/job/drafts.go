package job

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// drafts are the DaemonSets that Jobs ask for. Making and hashing one takes about a
// millisecond, and a Job on many nodes is looked at thousands of times.
type drafts struct {
	pauseImage string

	mu   sync.Mutex
	made map[types.UID]draft
}

// draft is what a generation of a Job asks for.
type draft struct {
	generation int64
	daemonSet  *appsv1.DaemonSet
}

func newDrafts(pauseImage string) *drafts {
	return &drafts{pauseImage: pauseImage, made: map[types.UID]draft{}}
}

// of the Job: the DaemonSet that it asks for, which is shared and must not be changed.
func (d *drafts) of(job *v1beta1.Job) (*appsv1.DaemonSet, error) {
	d.mu.Lock()
	known, ok := d.made[job.UID]
	d.mu.Unlock()
	if ok && known.generation == job.Generation {
		return known.daemonSet, nil
	}
	desired, err := desiredDaemonSet(job, d.pauseImage)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made[job.UID] = draft{job.Generation, desired}
	return desired, nil
}

func (d *drafts) forget(job types.UID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.made, job)
}
