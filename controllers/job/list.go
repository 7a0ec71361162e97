package job

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

// A live list asks for the versions of objects. What they say is in the cache, which usually has
// or had the same versions: those that it lacks are read whole.
const (
	// versionsPageSize is how many versions a page holds.
	versionsPageSize = 500
	// maxReadByName is how many objects are read one by one. If the cache lacks more, all are read.
	maxReadByName = 50
	// readersByName is how many objects are read by their names at once. Each read waits until the API server
	// knows that its cache is current, up to a tenth of a second while others write.
	readersByName = 16
	// pageSize is how many whole objects a page holds. What matters of a page
	// is read, and the page is dropped. A page of real pods is a megabyte when it is sent, and several
	// when it is decoded: five hundred would need a quarter of the manager's memory.
	pageSize = 100
	// pageBytes bounds a page of pods by the Job's largest one. Go needs many times as much
	// memory to decode a page.
	pageBytes = 3 << 20
)

// podListKind is the kind of a list of pods, by which their metadata is listed.
var podListKind = corev1.SchemeGroupVersion.WithKind("PodList")

// podPageSize returns how many pods a page holds, at most so many, if the largest one has so many bytes.
func podPageSize(most int64, largest int) int64 {
	if largest == 0 {
		return most
	}
	return min(most, max(2, pageBytes/int64(largest)))
}

// listPods returns all pods with the Job's labels as the API server has them, whoever controls them. uncached are at least
// those among them that the cache neither has nor had in just that version; all, if all were read whole.
func (r *Reconciler) listPods(ctx context.Context, job client.ObjectKey) (pods, uncached []plan.Pod, err error) {
	ofJob := []client.ListOption{client.InNamespace(job.Namespace), client.MatchingLabels(v1beta1.PodLabels(job.Name))}
	largest := r.podIndex.largest(job)
	cached, stale, err := r.listPodVersions(ctx, job, podPageSize(versionsPageSize, largest), ofJob...)
	if err != nil {
		return nil, nil, fmt.Errorf("listing pods: %w", err)
	}
	if len(stale) > maxReadByName {
		pods, err = r.readPods(ctx, podPageSize(pageSize, largest), ofJob...)
		return pods, pods, err
	}
	read, err := readByName(ctx, livelist.Names(stale), podPageSize(readersByName, largest), func(ctx context.Context, name string) ([]plan.Pod, error) {
		return r.readPods(ctx, 1, append(slices.Clip(ofJob), client.MatchingFields{metav1.ObjectNameField: name})...)
	})
	if err != nil {
		return nil, nil, err
	}
	uncached = slices.Concat(read...)
	pods = make([]plan.Pod, 0, len(cached)+len(uncached))
	for _, pod := range cached {
		pods = append(pods, pod.Pod)
	}
	return append(pods, uncached...), uncached, nil
}

// listPodVersions lists the pods of a Job, and returns those that the cache has, or had, as they are listed, and the
// versions of the others.
func (r *Reconciler) listPodVersions(ctx context.Context, job types.NamespacedName, size int64, ofJob ...client.ListOption) (cached []*podcache.Pod, stale []livelist.Version, err error) {
	defer r.podIndex.replaced.Begin()()
	versions, err := livelist.Versions(ctx, r.apiReader, size, podListKind, ofJob...)
	if err != nil {
		return nil, nil, err
	}
	return livelist.Current(ctx, versions, func(listed []livelist.Version) ([]*podcache.Pod, []livelist.Version) {
		return r.podIndex.inVersions(job, listed)
	})
}

// readByName reads objects by their names, so many at once. It returns what was read of each, in their order.
func readByName[T any](ctx context.Context, names []string, atOnce int64, read func(context.Context, string) ([]T, error)) ([][]T, error) {
	all := make([][]T, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(int(atOnce))
	for i, name := range names {
		group.Go(func() (err error) {
			all[i], err = read(ctx, name)
			return err
		})
	}
	return all, group.Wait()
}

// readPods reads pods whole from the API server.
func (r *Reconciler) readPods(ctx context.Context, size int64, options ...client.ListOption) ([]plan.Pod, error) {
	pods, err := livelist.Each(ctx, r.apiReader, size, &corev1.PodList{}, func(pods []plan.Pod, list *corev1.PodList) []plan.Pod {
		for i := range list.Items {
			// The cache reads the same: both must say the same.
			pods = append(pods, podcache.Of(&list.Items[i]).Pod)
		}
		return pods
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("reading pods: %w", err)
	}
	return pods, nil
}
