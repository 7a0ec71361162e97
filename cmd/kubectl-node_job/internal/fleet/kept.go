package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Kept is what a cluster knows by the name of a Job: the Job that has the name now, and the
// JobRecords of all Jobs that have or had it.
type Kept struct {
	// Present is the Job as Read returns it, nil if it is gone or the user may not read it.
	Present *Snapshot
	// Unreadable says that the user may not read Jobs, so that nothing is known of a present one.
	Unreadable bool
	// Pages are the JobRecords, in no order.
	Pages []*v1beta1.JobRecord
}

// ReadKept returns what is known by the name of a Job, by one list of each kind. That there is
// neither a Job nor a record is ErrNotFound.
func (c *Client) ReadKept(ctx context.Context, name string) (*Kept, error) {
	job, err := c.Job(ctx, name)
	kept := &Kept{Unreadable: apierrors.IsForbidden(err)}
	gone := errors.Is(err, ErrNotFound)
	if err != nil && !kept.Unreadable && (!gone || errors.Is(err, errNoKind)) {
		return nil, err
	}
	var read *Snapshot
	if err == nil {
		read, err = c.read(ctx, job, c.keptSources(job))
	} else {
		named := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: name}}
		read, err = c.read(ctx, named, c.keptSources(named)[:1])
	}
	switch {
	case err != nil:
		return nil, err
	case !gone && !kept.Unreadable:
		kept.Pages, kept.Present = read.Records, read
		read.Records = pagesOf(job.UID, read.Records)
	case gone && read.absent[kindRecord]:
		return nil, fmt.Errorf("Job %q is not in namespace %q, and the cluster has no kind JobRecord of %s, which would outlive it: update the operator, or choose another namespace by --namespace: %w",
			name, c.Namespace, v1beta1.GroupVersion.Group, ErrNotFound)
	case read.denied[kindRecord] && !read.absent[kindRecord]:
		return nil, fmt.Errorf("you may not list %s in namespace %q: ask an administrator for the ClusterRole view there", kindRecord, c.Namespace)
	case len(read.Records) == 0 && kept.Unreadable:
		return nil, fmt.Errorf("you may not get %s in namespace %q, and no records of a Job %q are kept there: ask an administrator for the ClusterRole view there", kindJob, c.Namespace, name)
	case len(read.Records) == 0:
		return nil, fmt.Errorf("Job %q is not in namespace %q, and no records of it are kept there: choose another by --namespace; spec.results.retainSeconds keeps records: %w", name, c.Namespace, ErrNotFound)
	default:
		kept.Pages = read.Records
	}
	return kept, nil
}

// keptSources returns what ReadKept reads. The first is that of the JobRecords.
func (c *Client) keptSources(job *v1beta1.Job) []source {
	sources := c.sources(job, false)[1:]
	i := slices.IndexFunc(sources, func(s source) bool { return s.kind == kindRecord })
	records := sources[i]
	records.restrict = labelled(map[string]string{v1beta1.LabelDaemonSetJob: "true", v1beta1.LabelJob: job.Name})
	return append([]source{records}, slices.Delete(sources, i, i+1)...)
}

func pagesOf(uid types.UID, pages []*v1beta1.JobRecord) []*v1beta1.JobRecord {
	var own []*v1beta1.JobRecord
	for _, page := range pages {
		if page.Labels[v1beta1.LabelJobUID] == string(uid) {
			own = append(own, page)
		}
	}
	return own
}

// Recorded returns the Snapshot that the pages of one run of a Job make, whatever became of the
// Job. Its nodes are those that the pages name.
func Recorded(namespace, name string, uid types.UID, run v1beta1.JobRun, pages []*v1beta1.JobRecord) *Snapshot {
	job := &v1beta1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: uid, Generation: run.Generation},
		Status:     v1beta1.JobStatus{ObservedGeneration: run.Generation, TemplateHash: run.TemplateHash, RunGeneration: run.Generation},
	}
	return &Snapshot{Job: job, Deleted: true, Records: pages, recorded: true, denied: map[string]bool{}}
}
