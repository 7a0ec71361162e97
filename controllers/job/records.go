package job

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// recordsPageSize is how many JobRecords a live list holds in memory at once: each has up to
// 256 KiB.
const recordsPageSize = 8

// knowRecords makes the Job's Records known, and returns them. They are listed live where they
// matter and are unknown: in a new process, after a write whose answer was lost, and when
// another writer changed one. A plain Job whose nodes are not done yet has none.
func (r *Reconciler) knowRecords(ctx context.Context, state *jobState, job *v1beta1.Job, live bool) (plan.Records, error) {
	changed, deletions := r.recordIndex.changed(job, state.records.Pages, state.recordDeletions)
	if state.recordDeletions = deletions; changed {
		state.records.Known = false
	}
	matter := live || changed || job.Status.Records > 0 || daemonset.UsesGates(job) || len(state.records.Unwritten.Nodes) > 0
	if state.records.Known || !matter {
		return state.records, nil
	}
	pages, err := r.listRecords(ctx, job)
	if err != nil {
		return plan.Records{}, err
	}
	state.records.Known, state.records.Pages = true, pages
	return state.records, nil
}

// listRecords lists the Job's JobRecords live, ordered by their number.
func (r *Reconciler) listRecords(ctx context.Context, job *v1beta1.Job) ([]*v1beta1.JobRecord, error) {
	type pageList = []*v1beta1.JobRecord
	pages, err := livelist.Each(ctx, r.apiReader, recordsPageSize, &v1beta1.JobRecordList{}, func(pages pageList, list *v1beta1.JobRecordList) pageList {
		for i := range list.Items {
			pages = append(pages, plan.KeptPage(&list.Items[i]))
		}
		return pages
	}, client.InNamespace(job.Namespace), client.MatchingLabels(plan.PageLabels(job)))
	if err != nil {
		return nil, fmt.Errorf("listing JobRecords: %w", err)
	}
	return plan.KeptPages(pages), nil
}

// writeRecords writes JobRecords in their order, and remembers the later entries, which none of
// them has. The resourceVersion keeps a manager that was replaced as the leader from writing one.
// After an error they are listed again: the API server may have written one, or not. refused says
// that it took one for refused, and that the next reconcile does what needs none.
func (r *Reconciler) writeRecords(ctx context.Context, state *jobState, s plan.State, pages []*v1beta1.JobRecord, later plan.Entries) (refused bool, err error) {
	if len(pages) == 0 {
		return false, nil
	}
	state.records.Known = false
	for _, page := range pages {
		err := r.writeRecord(ctx, page)
		if err != nil && state.refusesRecord(err, s.Now) {
			state.records = state.records.AfterRefusal(err.Error(), s.Now)
			logf.FromContext(ctx).Info("Failed to write JobRecord, retrying later", "record", page.Name, "error", err.Error())
			return true, nil
		}
		if err != nil {
			return false, err
		}
		r.recordIndex.wrote(page)
	}
	state.records = s.Records.Written(pages, later, s.Now)
	logf.FromContext(ctx).Info("Recorded nodes", "records", len(state.records.Pages), "written", pages[0].Name)
	return false, nil
}

// refusesRecord returns whether an error of writing a JobRecord is more than a passing one: the
// API server says so, or the Job's reconciles keep failing. A conflict is none.
func (s *jobState) refusesRecord(err error, now time.Time) bool {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return false
	}
	return isRefusal(err) || s.records.Refused.Message != "" || s.keepsFailing(now)
}

// writeRecord creates a JobRecord, or updates one that has a resourceVersion.
func (r *Reconciler) writeRecord(ctx context.Context, page *v1beta1.JobRecord) error {
	if page.ResourceVersion != "" {
		if err := r.client.Update(ctx, page, client.FieldOwner(v1beta1.ManagerFieldOwner)); err != nil {
			return fmt.Errorf("updating JobRecord: %w", err)
		}
		return nil
	}
	err := r.client.Create(ctx, page, client.FieldOwner(v1beta1.ManagerFieldOwner))
	if apierrors.IsAlreadyExists(err) {
		return r.recordExists(ctx, page)
	}
	if err != nil {
		return fmt.Errorf("creating JobRecord: %w", err)
	}
	return nil
}

// recordExists returns the error for a JobRecord whose name is taken: a conflict if an earlier
// request of this manager made it, and otherwise what the user must remove.
func (r *Reconciler) recordExists(ctx context.Context, page *v1beta1.JobRecord) error {
	other := &v1beta1.JobRecord{}
	if err := r.apiReader.Get(ctx, client.ObjectKeyFromObject(page), other); err != nil {
		return fmt.Errorf("reading the JobRecord that has the name %s: %w", page.Name, err)
	}
	if jobUIDOf(other) != jobUIDOf(page) {
		return fmt.Errorf("the JobRecord %s is not this Job's and is left alone: delete it, or give the Job another name", page.Name)
	}
	return apierrors.NewConflict(v1beta1.GroupVersion.WithResource("jobrecords").GroupResource(), page.Name,
		fmt.Errorf("it was created in the meantime"))
}
