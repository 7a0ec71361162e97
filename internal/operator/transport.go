package operator

import (
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/go-logr/logr"
)

// watchRetryPeriod is the mean time between two attempts to connect a watch.
const watchRetryPeriod = 500 * time.Millisecond

// watchRetryTransport is a transport that retries watches while the API server is unreachable.
//
// An informer that gets the error backs off for up to a minute, so it would miss the API server's
// return by as much. A retry here costs a connection attempt. An answer of the API server, an
// error too, is returned unchanged.
type watchRetryTransport struct {
	next http.RoundTripper
	log  logr.Logger
}

// RoundTrip implements http.RoundTripper.
func (t *watchRetryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(req)
	if err == nil || !isWatch(req) {
		return response, err
	}
	t.log.Info("Failed to reach API server, retrying watch", "path", req.URL.Path, "reason", err.Error())
	since := time.Now()
	for err != nil {
		select {
		case <-time.After(watchRetryPeriod/2 + rand.N(watchRetryPeriod)):
		case <-req.Context().Done():
			return nil, err
		}
		response, err = t.next.RoundTrip(req)
	}
	t.log.Info("Reconnected watch to API server", "path", req.URL.Path, "after", time.Since(since).Round(time.Millisecond).String())
	return response, nil
}

// WrappedRoundTripper implements utilnet.RoundTripperWrapper. client-go uses it to find the
// transport that can cancel a request.
func (t *watchRetryTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

// isWatch reports whether req is a watch. A watch may be repeated, and has no deadline of its own.
func isWatch(req *http.Request) bool {
	return req.Method == http.MethodGet && req.URL.Query().Get("watch") == "true"
}
