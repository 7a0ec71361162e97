package completion

import (
	"context"
	"fmt"
	"io"

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
	pods   corev1client.PodsGetter
	cached client.Reader
	name   types.NamespacedName
	uid    types.UID
	// container is its name, and id which of those that ran by that name it is.
	container, id string
}

// Open implements logfollow.Source.
func (l *podLog) Open(ctx context.Context, r logfollow.Request) (io.ReadCloser, error) {
	options := &corev1.PodLogOptions{Container: l.container, Timestamps: true, Follow: r.Follow, Previous: r.Previous}
	if !r.Since.IsZero() {
		options.SinceTime = new(metav1.NewTime(r.Since))
	}
	stream, err := l.pods.Pods(l.name.Namespace).GetLogs(l.name.Name, options).Stream(ctx)
	switch {
	case apierrors.IsNotFound(err), r.Previous && apierrors.IsBadRequest(err):
		return nil, fmt.Errorf("%w: %w", logfollow.ErrGone, err)
	case err != nil:
		return nil, err
	}
	return stream, nil
}

// State implements logfollow.Source.
func (l *podLog) State() logfollow.State {
	pod := &corev1.Pod{}
	if err := l.cached.Get(context.Background(), l.name, pod, client.UnsafeDisableDeepCopy); err != nil || pod.UID != l.uid {
		return logfollow.Gone
	}
	status := containerStatus(pod, l.container)
	switch {
	case status == nil:
		return logfollow.Gone
	case status.State.Running != nil && status.ContainerID == l.id:
		return logfollow.Running
	case status.State.Terminated != nil && status.State.Terminated.ContainerID == l.id:
		return logfollow.Ended
	case status.LastTerminationState.Terminated == nil || status.LastTerminationState.Terminated.ContainerID != l.id:
		return logfollow.Gone
	case status.State.Running != nil:
		return logfollow.Restarted
	}
	// It waits to be started again: until then the log that is there is this one's.
	return logfollow.Ended
}

// containers are the IDs of those whose log can be had.
func containers(pod *corev1.Pod, name string) []string {
	status := containerStatus(pod, name)
	if status == nil {
		return nil
	}
	var ids []string
	if last := status.LastTerminationState.Terminated; last != nil && last.ContainerID != "" {
		ids = append(ids, last.ContainerID)
	}
	switch {
	case status.State.Running != nil && status.ContainerID != "":
		ids = append(ids, status.ContainerID)
	case status.State.Terminated != nil && status.State.Terminated.ContainerID != "":
		ids = append(ids, status.State.Terminated.ContainerID)
	}
	return ids
}

func containerStatus(pod *corev1.Pod, name string) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].Name == name {
			return &pod.Status.ContainerStatuses[i]
		}
	}
	return nil
}
