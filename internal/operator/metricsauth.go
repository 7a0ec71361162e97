package operator

import (
	"net/http"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// scrapeRate and scrapeBurst are how many requests for metrics are looked at per second, and at
// once. Any pod may send tokens that are invalid, and the API server is asked about each.
const (
	scrapeRate  = 10
	scrapeBurst = 20
)

// authorizedScrapes returns a filter that serves whom the API server allows to get /metrics. It
// asks the API server about a token at most once a minute, and about a user's right every five minutes.
func authorizedScrapes(cfg *rest.Config, client *http.Client) (metricsserver.Filter, error) {
	authorized, err := filters.WithAuthenticationAndAuthorization(cfg, client)
	if err != nil {
		return nil, err
	}
	return func(log logr.Logger, metrics http.Handler) (http.Handler, error) {
		metrics, err := authorized(log, metrics)
		return limitRate(metrics), err
	}, nil
}

// limitRate returns a handler that refuses what exceeds scrapeRate.
func limitRate(next http.Handler) http.Handler {
	limiter := rate.NewLimiter(scrapeRate, scrapeBurst)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !limiter.Allow() {
			http.Error(w, "Too many requests for metrics", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, req)
	})
}
