package operator

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// requestTimeout bounds each request, with the reading of its answer. The API server ends a
	// request after as long by default.
	requestTimeout = time.Minute
	// reconcileTimeout cancels a reconcile. The work queue retries it. The live lists of a Job on 15,000 nodes are 60
	// requests or more, and a busy API server takes seconds for each: a time near that of one request would have
	// the lists begin anew for ever.
	reconcileTimeout = 10 * time.Minute
)

// timeoutTransport is a transport that ends a request that hangs. Watches and logs may take longer.
type timeoutTransport struct {
	next    http.RoundTripper
	timeout time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *timeoutTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if isWatch(req) || strings.HasSuffix(req.URL.Path, "/log") {
		return t.next.RoundTrip(req)
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.timeout, fmt.Errorf("the API server took longer than %s", t.timeout))
	response, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &timedBody{ReadCloser: response.Body, cancel: cancel}
	return response, nil
}

// WrappedRoundTripper implements utilnet.RoundTripperWrapper. client-go uses it to find the
// transport that can cancel a request.
func (t *timeoutTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

// timedBody ends the time of its request when it is closed.
type timedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (b *timedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
