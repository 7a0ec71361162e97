package operator

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// hanging is an API server that answers "begun" after a while, and the rest of its answer after another one.
func hanging(t *testing.T, answer, rest time.Duration) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		wait := func(d time.Duration) {
			select {
			case <-time.After(d):
			case <-req.Context().Done():
			}
		}
		wait(answer)
		_, _ = io.WriteString(w, "begun")
		_ = http.NewResponseController(w).Flush()
		wait(rest)
		_, _ = io.WriteString(w, " and ended")
	}))
	server.EnableHTTP2 = true // API servers speak it, and its errors differ from those of HTTP/1.
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestARequestThatHangsEnds(t *testing.T) {
	const long = time.Minute
	for name, test := range map[string]struct {
		path         string
		answer, rest time.Duration
		fails        bool
	}{
		"answered":           {"/api/v1/pods", 0, 0, false},
		"not answered":       {"/api/v1/pods?limit=500", long, 0, true},
		"not answered whole": {"/api/v1/pods", 0, long, true},
		"a watch":            {"/api/v1/pods?watch=true", 0, 400 * time.Millisecond, false},
		"a Job named log":    {"/apis/daemonset.darkowlzz.space/v1beta1/namespaces/ns/jobs/log", long, 0, true},
		"a log":              {"/api/v1/namespaces/ns/pods/p/log?follow=true", 0, 400 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			server := hanging(t, test.answer, test.rest)
			c := &http.Client{Transport: &timeoutTransport{next: server.Client().Transport, timeout: 200 * time.Millisecond}}
			began := time.Now()
			body, err := read(t.Context(), c, server.URL+test.path)
			if test.fails {
				g.Expect(err).To(MatchError(ContainSubstring("the API server took longer than 200ms")))
				g.Expect(err).To(MatchError(context.DeadlineExceeded))
				g.Expect(time.Since(began)).To(BeNumerically("<", long/2))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(body).To(Equal("begun and ended"))
		})
	}
}

func read(ctx context.Context, c *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }() // It was only read.
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestTimeoutTransportSaysWhatItWraps(t *testing.T) {
	server := &unreachable{}
	var transport utilnet.RoundTripperWrapper = &timeoutTransport{next: server}
	NewWithT(t).Expect(transport.WrappedRoundTripper()).To(BeIdenticalTo(server))
}
