package completion

import (
	"context"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

// podLog is the log of one container of a pod, as the API server serves it.
type podLog struct {
	pods      corev1client.PodsGetter
	cached    client.Reader
	name      types.NamespacedName
	uid       types.UID
	container string
	run       containerRun
	started   time.Time
}

// containerRun is one run of a container, from its start to its exit.
//
// The kubelet may know of a restart before the informer cache does, and then serves
// the log of the next run. So the log of a replaced run is read a second time, as
// the previous one and from its beginning.
type containerRun struct {
	id string
	// previous means that the kubelet has started the next run, or is about to.
	previous bool
}

// Open implements logfollow.Source.
func (l *podLog) Open(ctx context.Context, since time.Time, follow bool) (io.ReadCloser, error) {
	options := &corev1.PodLogOptions{Container: l.container, Timestamps: true, Follow: follow, Previous: l.run.previous}
	if !since.IsZero() {
		options.SinceTime = new(metav1.NewTime(since))
	}
	stream, err := l.pods.Pods(l.name.Namespace).GetLogs(l.name.Name, options).Stream(ctx)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsBadRequest(err):
		return nil, fmt.Errorf("%w: %w", logfollow.ErrNoLog, err)
	case err != nil:
		return nil, err
	}
	return stream, nil
}

// Started implements logfollow.Source.
func (l *podLog) Started() time.Time { return l.started }

// State implements logfollow.Source.
func (l *podLog) State() logfollow.State {
	pod := &corev1.Pod{}
	// A synced cache returns no error other than "not found".
	if err := l.cached.Get(context.Background(), l.name, pod, client.UnsafeDisableDeepCopy); err != nil || pod.UID != l.uid {
		return logfollow.Gone
	}
	if state, ok := containerRuns(pod, l.container)[l.run]; ok {
		return state
	}
	return logfollow.Gone
}

// containerRuns returns the runs of a container whose logs the kubelet can serve.
func containerRuns(pod *corev1.Pod, container string) map[containerRun]logfollow.State {
	found := map[containerRun]logfollow.State{}
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		if status.Name != container {
			continue
		}
		if last := status.LastTerminationState.Terminated; last != nil && last.ContainerID != "" {
			found[containerRun{last.ContainerID, true}] = logfollow.Ended
		}
		switch {
		case status.State.Running != nil && status.ContainerID != "":
			found[containerRun{status.ContainerID, false}] = logfollow.Running
		case status.State.Terminated != nil && status.State.Terminated.ContainerID != "":
			found[containerRun{status.State.Terminated.ContainerID, false}] = logfollow.Ended
		}
	}
	return found
}

// startedAt returns when the running container started, or zero if it is not running.
func startedAt(pod *corev1.Pod, container string) time.Time {
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; status.Name == container && status.State.Running != nil {
			return status.State.Running.StartedAt.Time
		}
	}
	return time.Time{}
}
