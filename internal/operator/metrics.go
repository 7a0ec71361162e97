package operator

import (
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	// maxScrapes is how many requests for metrics are served at once. Any pod may ask, and
	// each request costs memory. Further ones are refused with 503.
	maxScrapes = 4
	// scrapeTimeout is how long the metrics may take. It also buffers the answer, so that a
	// slow reader holds no scrape.
	scrapeTimeout = 10 * time.Second
)

// metricsOptions returns how the metrics are served.
func metricsOptions(address string) metricsserver.Options {
	return metricsserver.Options{
		BindAddress: address,
		HandlerOpts: []func(*promhttp.HandlerOpts){func(o *promhttp.HandlerOpts) {
			o.MaxRequestsInFlight, o.Timeout = maxScrapes, scrapeTimeout
		}},
	}
}
