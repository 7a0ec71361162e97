package operator

import (
	"context"
	"errors"
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
	// requests or more, and a busy API server takes seconds for each: with the time of one request, each retry
	// would list them from the first page and time out again.
	reconcileTimeout = 10 * time.Minute
)

// timeoutTransport is a transport that ends a request that hangs. Watches and logs may take longer.
type timeoutTransport struct {
	next    http.RoundTripper
	timeout time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *timeoutTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if isWatch(req) || isLog(req) {
		return t.next.RoundTrip(req)
	}
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	took := func(err error) error {
		if ctx.Err() == nil || req.Context().Err() != nil || errors.Is(err, io.EOF) {
			return err
		}
		return fmt.Errorf("the API server took longer than %s: %w", t.timeout, err)
	}
	response, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		defer cancel()
		return nil, took(err)
	}
	response.Body = &timedBody{ReadCloser: response.Body, cancel: cancel, took: took}
	return response, nil
}

// isLog reports whether req reads the log of a pod.
func isLog(req *http.Request) bool {
	path := strings.Split(req.URL.Path, "/")
	return req.Method == http.MethodGet && len(path) > 3 && path[len(path)-3] == "pods" && path[len(path)-1] == "log"
}

// WrappedRoundTripper implements utilnet.RoundTripperWrapper. client-go uses it to find the
// transport that can cancel a request.
func (t *timeoutTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

// timedBody ends the time of its request when it is closed. took says of an error that the time was over.
type timedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
	took   func(error) error
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = b.took(err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *timedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
