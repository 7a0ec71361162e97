package operator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

// serveMetrics serves the metrics as NewManager does, until the test ends, and returns their address.
func serveMetrics(t *testing.T, cfg *rest.Config, o options.Common) string {
	t.Helper()
	g := NewWithT(t)
	o.MetricsAddress = "127.0.0.1:0"
	settings, certificate, err := metricsOptions(&o)
	g.Expect(err).NotTo(HaveOccurred())
	httpClient, err := rest.HTTPClientFor(cfg)
	g.Expect(err).NotTo(HaveOccurred())
	server, err := metricsserver.NewServer(settings, cfg, httpClient)
	g.Expect(err).NotTo(HaveOccurred())
	ctx, stop := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { g.Expect(server.Start(ctx)).To(Succeed()) })
	if certificate != nil {
		ended.Go(func() { g.Expect(certificate.Start(ctx)).To(Succeed()) })
	}
	t.Cleanup(func() { stop(); ended.Wait() })
	bound := server.(interface{ GetBindAddr() string })
	g.Eventually(bound.GetBindAddr).WithTimeout(30 * time.Second).ShouldNot(BeEmpty())
	return bound.GetBindAddr()
}

// get returns the status and the body of a request for metrics with a token, if there is one,
// and the certificates of the server.
func get(t *testing.T, url, token string) (status int, body string, certificates []*x509.Certificate) {
	t.Helper()
	g := NewWithT(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	g.Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// A transport of its own, so that each request has a connection of its own.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(response.Body.Close()).To(Succeed()) }()
	data, err := io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.ProtoMajor).To(Equal(1))
	if response.TLS != nil {
		certificates = response.TLS.PeerCertificates
	}
	return response.StatusCode, string(data), certificates
}

func TestMetricsArePlainByASetting(t *testing.T) {
	address := serveMetrics(t, &rest.Config{Host: "http://127.0.0.1:1"}, options.Common{})
	status, body, certificates := get(t, "http://"+address+"/metrics", "")
	g := NewWithT(t)
	g.Expect(status).To(Equal(http.StatusOK))
	g.Expect(body).To(ContainSubstring("go_goroutines"))
	g.Expect(certificates).To(BeEmpty())
}

func TestARenewedCertificateIsServed(t *testing.T) {
	g, folder := NewWithT(t), t.TempDir()
	renew := func(host string) {
		certificate, key, err := certutil.GenerateSelfSignedCertKey(host, []net.IP{{127, 0, 0, 1}}, nil)
		g.Expect(err).NotTo(HaveOccurred())
		// As the kubelet does, both at once: a certificate without its key is not read.
		version := filepath.Join(folder, "..version-"+host)
		g.Expect(os.Mkdir(version, 0o700)).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(version, "tls.crt"), certificate, 0o600)).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(version, "tls.key"), key, 0o600)).To(Succeed())
		g.Expect(os.Symlink(version, filepath.Join(folder, "..new"))).To(Succeed())
		g.Expect(os.Rename(filepath.Join(folder, "..new"), filepath.Join(folder, "..data"))).To(Succeed())
	}
	renew("first")
	o := options.NewManager().Common
	for _, file := range []string{o.MetricsCertName, o.MetricsCertKey} {
		g.Expect(os.Symlink(filepath.Join("..data", file), filepath.Join(folder, file))).To(Succeed())
	}
	o.MetricsCertPath = folder
	address := serveMetrics(t, &rest.Config{Host: "http://127.0.0.1:1"}, o)
	served := func() []string {
		status, _, certificates := get(t, "https://"+address+"/metrics", "")
		g.Expect(status).To(Equal(http.StatusUnauthorized))
		return certificates[0].DNSNames
	}
	g.Expect(served()).To(ContainElement("first"))
	renew("second")
	// A file that is watched through a symbolic link is also read every ten seconds.
	g.Eventually(served).WithTimeout(30 * time.Second).WithPolling(2 * time.Second).Should(ContainElement("second"))
}

func TestACertificateThatIsMissingIsAnError(t *testing.T) {
	_, _, err := metricsOptions(&options.Common{MetricsAddress: ":0", MetricsSecure: true, MetricsCertPath: t.TempDir()})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("mount it at --metrics-cert-path")))
}
