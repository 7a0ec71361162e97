package operator

import (
	"crypto/tls"
	"fmt"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

const (
	// maxScrapes is how many requests for metrics are served at once. Each costs memory, and of
	// plain HTTP any pod may ask. Further ones are refused with 503.
	maxScrapes = 4
	// scrapeTimeout is how long the metrics may take. It also buffers the answer, so that a
	// slow reader holds no scrape.
	scrapeTimeout = 10 * time.Second
)

// metricsOptions returns how the metrics are served, and what reads their certificate again when
// its files change. That is nil unless the settings name a certificate.
func metricsOptions(o *options.Common) (metricsserver.Options, *certwatcher.CertWatcher, error) {
	served := metricsserver.Options{
		BindAddress: o.MetricsAddress,
		HandlerOpts: []func(*promhttp.HandlerOpts){func(o *promhttp.HandlerOpts) {
			o.MaxRequestsInFlight, o.Timeout = maxScrapes, scrapeTimeout
		}},
	}
	if !o.MetricsSecure {
		return served, nil, nil
	}
	served.SecureServing, served.FilterProvider = true, authorizedScrapes
	// A client of HTTP/2 can open and cancel requests without end on one connection.
	served.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }}
	if o.MetricsCertPath == "" || o.MetricsAddress == "0" {
		return served, nil, nil
	}
	certificate, err := certwatcher.New(filepath.Join(o.MetricsCertPath, o.MetricsCertName), filepath.Join(o.MetricsCertPath, o.MetricsCertKey))
	if err != nil {
		return served, nil, fmt.Errorf("reading the certificate of the metrics: mount it at --metrics-cert-path, or leave that out for a self-signed one: %w", err)
	}
	served.TLSOpts = append(served.TLSOpts, func(c *tls.Config) { c.GetCertificate = certificate.GetCertificate })
	return served, certificate, nil
}
