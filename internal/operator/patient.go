package operator

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/go-logr/logr"
)

// reconnectPeriod is how often a watch tries to reach an API server that is away.
const reconnectPeriod = 500 * time.Millisecond

// patient is a transport that makes watches wait for an API server that is away.
//
// Left to themselves, informers back off up to a minute, so that after an outage
// everything would be seen that much later. Here each tries to connect, which is
// all that it costs a server that is away; what a server answers is not touched.
type patient struct {
	next http.RoundTripper
	log  logr.Logger
}

// RoundTrip implements http.RoundTripper.
func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(req)
	if err == nil || !isWatch(req) {
		return response, err
	}
	p.log.Info("the API server cannot be reached, trying again", "path", req.URL.Path, "reason", err.Error())
	since := time.Now()
	for err != nil {
		if !sleep(req.Context(), reconnectPeriod/2+rand.N(reconnectPeriod)) {
			return nil, err
		}
		response, err = p.next.RoundTrip(req)
	}
	p.log.Info("the API server is reached again", "path", req.URL.Path, "after", time.Since(since).Round(time.Millisecond).String())
	return response, nil
}

// WrappedRoundTripper implements utilnet.RoundTripperWrapper, by which client-go
// finds the transport that can give up a request.
func (p *patient) WrappedRoundTripper() http.RoundTripper { return p.next }

// isWatch says whether the request is a watch: it is safe to repeat and has no deadline of its own.
func isWatch(req *http.Request) bool {
	return req.Method == http.MethodGet && req.URL.Query().Get("watch") == "true"
}

// sleep waits for d, and says whether it could.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
