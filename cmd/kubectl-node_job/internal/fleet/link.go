package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// link tells whether the API server can be reached. The reflectors of client-go retry by
// themselves and say so in a log alone: a user who sees nothing move wants to know why.
type link struct {
	say func(string)

	mu   sync.Mutex
	lost bool
}

// listWatch returns what a reflector calls for a source.
func (l *link) listWatch(s *source) *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list, err := s.list(ctx, options)
			l.observe(ctx, err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			w, err := s.watch(ctx, options)
			l.observe(ctx, err)
			return w, err
		},
	}
}

func (l *link) observe(ctx context.Context, err error) {
	var answered apierrors.APIStatus
	switch {
	case ctx.Err() != nil:
		return
	case errors.As(err, &answered) && !isTrouble(err):
		err = nil // The API server has an answer, if not the one that was hoped for.
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil && !l.lost:
		l.say(fmt.Sprintf("Lost the connection to the API server, retrying: %v", err))
	case err == nil && l.lost:
		l.say("The API server answers again")
	}
	l.lost = err != nil
}

// isTrouble returns whether an answer of the API server, or of a proxy before it, is none to the
// request.
func isTrouble(err error) bool {
	return apierrors.IsServerTimeout(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || apierrors.IsUnauthorized(err)
}
