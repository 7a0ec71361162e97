// Package podlogs reads the logs of the containers that do the work, from few nodes at once and
// with a limit of size and time for each.
package podlogs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"

	"github.com/darkowlzz/daemonset-job/internal/plan"
)

const (
	// DefaultLimit is how much of a node's log is read, in bytes.
	DefaultLimit = 64 << 10
	// MaxRequests is how many logs are read at once. Each is a connection from the API server to
	// a kubelet.
	MaxRequests = 20
)

// Reader reads logs.
type Reader struct {
	core    kubernetes.Interface
	limit   int64
	timeout time.Duration
	slots   chan struct{}
}

// NewReader returns a Reader that reads so many bytes of a node, and waits so long for it.
func NewReader(core kubernetes.Interface, limit int64, timeout time.Duration) *Reader {
	return &Reader{core: core, limit: limit, timeout: timeout, slots: make(chan struct{}, MaxRequests)}
}

// ErrForbidden says that the user may not read logs.
var ErrForbidden = errors.New("you may not read pods/log")

// Read returns what the containers that do the work printed, one after the other, and whether
// more was cut off. Of a container that failed and runs again it is the run that failed.
func (r *Reader) Read(ctx context.Context, pod *corev1.Pod, failed bool) (text []byte, cut bool, err error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	for _, status := range plan.Work(pod) {
		if status.State.Running == nil && plan.LastEnd(status) == nil {
			continue // It has not started.
		}
		left := r.limit - int64(len(text))
		if left <= 0 {
			return text, true, nil
		}
		more, err := r.container(limited, pod, status, failed, left+1)
		text = append(text, more...)
		if err != nil {
			return text, false, explain(ctx, limited, err, r.timeout)
		}
		if int64(len(text)) > r.limit {
			return text[:r.limit], true, nil
		}
	}
	return text, false, nil
}

// container reads a container. The kubelet starts one that failed again at any moment, and its log
// is then empty: the log of the run before it is asked for first. While there is none, the
// container has not been started again, unless it is between these two requests.
func (r *Reader) container(ctx context.Context, pod *corev1.Pod, status *corev1.ContainerStatus, failed bool, limit int64) ([]byte, error) {
	present := corev1.PodLogOptions{Container: status.Name, LimitBytes: &limit}
	if end := status.State.Terminated; !failed || end != nil && end.ExitCode == 0 {
		return r.one(ctx, pod, &present)
	}
	before := present
	before.Previous = true
	text, err := r.one(ctx, pod, &before)
	if !apierrors.IsBadRequest(err) {
		return text, err
	}
	if text, err = r.one(ctx, pod, &present); err != nil || len(text) > 0 {
		return text, err
	}
	if text, err = r.one(ctx, pod, &before); apierrors.IsBadRequest(err) {
		return nil, nil // It printed nothing.
	}
	return text, err
}

func (r *Reader) one(ctx context.Context, pod *corev1.Pod, options *corev1.PodLogOptions) ([]byte, error) {
	stream, err := r.core.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }() // All was read, or nobody reads on.
	return io.ReadAll(io.LimitReader(stream, *options.LimitBytes))
}

// explain says what became of a log, in words for a line of a node.
func explain(ctx, limited context.Context, err error, timeout time.Duration) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("its kubelet did not answer within %s", timeout)
	case apierrors.IsForbidden(err):
		return ErrForbidden
	case apierrors.IsNotFound(err):
		return errors.New("its pod is gone")
	}
	return fmt.Errorf("its log could not be read: %w", err)
}
