package podlogs

import (
	"bufio"
	"context"
	"errors"
	"io"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Follow calls line with each line that the pod's work prints, until its containers end or the
// context is done. A line that is longer than the limit comes in pieces. It waits for its turn
// if many logs are followed.
func (r *Reader) Follow(ctx context.Context, pod *corev1.Pod, line func(text []byte)) error {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, status := range plan.Work(pod) {
		if status.State.Running == nil && plan.LastEnd(status) == nil {
			continue
		}
		err := r.follow(ctx, pod, status.Name, line)
		if err != nil {
			return explain(ctx, ctx, err, r.timeout)
		}
	}
	return nil
}

func (r *Reader) follow(ctx context.Context, pod *corev1.Pod, container string, line func([]byte)) error {
	stream, err := r.core.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container, Follow: true}).Stream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }() // The caller has all lines, or wants no more.
	reader := bufio.NewReaderSize(stream, int(max(16, r.limit)))
	for {
		text, err := reader.ReadSlice('\n')
		if len(text) > 0 {
			line(text)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
