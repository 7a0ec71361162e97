package operator

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/internal/options"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// requests counts the requests to the API server by the end of their path.
type requests struct {
	mutex sync.Mutex
	count map[string]int
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.count[req.Method+" "+req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]]++
		return next.RoundTrip(req)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// bindRole creates a ClusterRole of config/rbac, and binds it to the subject.
func bindRole(g Gomega, admin client.Client, file string, subject rbacv1.Subject) {
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", file))
	g.Expect(err).NotTo(HaveOccurred())
	role := &rbacv1.ClusterRole{}
	g.Expect(yaml.UnmarshalStrict(data, role)).To(Succeed())
	g.Expect(admin.Create(context.Background(), role)).To(Succeed())
	g.Expect(admin.Create(context.Background(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: []rbacv1.Subject{subject},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
	})).To(Succeed())
}

// tokenOf creates a service account, and returns a token of it.
func tokenOf(g Gomega, admin client.Client, name string) string {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	g.Expect(admin.Create(context.Background(), account)).To(Succeed())
	token := &authenticationv1.TokenRequest{}
	g.Expect(admin.SubResource("token").Create(context.Background(), account, token)).To(Succeed())
	return token.Status.Token
}

// startServer starts an API server until the test ends.
func startServer(t *testing.T) *envtest.Environment {
	t.Helper()
	wrappers.RequireAssets(t)
	g, env := NewWithT(t), &envtest.Environment{}
	_, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	return env
}

// The operator has the rights of its Deployment, and Prometheus has those of metrics-reader.
func TestMetricsAreForThoseWhoMayGetThem(t *testing.T) {
	g, env := NewWithT(t), startServer(t)
	admin, err := client.New(env.Config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	user, err := env.AddUser(envtest.User{Name: "operator"}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	bindRole(g, admin, "metrics_auth_role.yaml", rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "operator"})
	bindRole(g, admin, "metrics_reader_role.yaml", rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: "prometheus"})
	prometheus, nobody := tokenOf(g, admin, "prometheus"), tokenOf(g, admin, "nobody")

	asked := &requests{count: map[string]int{}}
	operator := user.Config()
	operator.Wrap(asked.wrap)
	address := serveMetrics(t, operator, options.Common{MetricsSecure: true})
	for token, want := range map[string]int{"": http.StatusUnauthorized, nobody: http.StatusForbidden, prometheus: http.StatusOK} {
		status, body, _ := get(t, "https://"+address+"/metrics", token)
		g.Expect(status).To(Equal(want), body)
		g.Expect(strings.Contains(body, "go_goroutines")).To(Equal(want == http.StatusOK))
	}
	status, body, _ := get(t, "https://"+address+"/metrics", "forged")
	g.Expect(status).NotTo(Equal(http.StatusOK), body)
	// The server answers plain HTTP before it has read the request, which may reset the connection.
	if plain, err := http.Get("http://" + address + "/metrics"); err == nil {
		g.Expect(plain.Body.Close()).To(Succeed())
		g.Expect(plain.StatusCode).To(Equal(http.StatusBadRequest))
	}

	clear(asked.count)
	for range 5 {
		status, _, _ := get(t, "https://"+address+"/metrics", prometheus)
		g.Expect(status).To(Equal(http.StatusOK))
	}
	g.Expect(asked.count).To(BeEmpty(), "the API server has answered for this token and this user")
}

// By this metric an alert tells that nobody leads.
func TestTheMetricOfTheLeaseHasItsName(t *testing.T) {
	g, env := NewWithT(t), startServer(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	g.Expect(os.WriteFile(kubeconfig, env.KubeConfig, 0o600)).To(Succeed())
	t.Setenv("KUBECONFIG", kubeconfig)
	mgr, _, err := NewManager("daemonset-job-test", &options.Common{
		MetricsAddress: "0", HealthAddress: "0", PprofAddress: "0", LeaderElect: true, LeaseNamespace: "default", QPS: -1,
	}, testScheme(t), cache.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	ctx, stop := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { g.Expect(Run(ctx, mgr)).To(Succeed()) })
	t.Cleanup(func() { stop(); ended.Wait() })
	leads := func() map[string]float64 {
		families, err := metrics.Registry.Gather()
		g.Expect(err).NotTo(HaveOccurred())
		values := map[string]float64{}
		for _, family := range families {
			for _, metric := range family.Metric {
				if family.GetName() == "leader_election_master_status" {
					values[metric.Label[0].GetValue()] = metric.Gauge.GetValue()
				}
			}
		}
		return values
	}
	g.Eventually(leads).WithTimeout(30 * time.Second).Should(Equal(map[string]float64{"daemonset-job-test": 1}))
}

// Any pod may send invalid tokens, and the API server is asked about each.
func TestTheRateOfRequestsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, asked := NewWithT(t), 0
		handler := limitRate(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
		send := func(n int) (last int) {
			for range n {
				recorder := httptest.NewRecorder()
				handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
				last = recorder.Code
			}
			return last
		}
		g.Expect(send(scrapeBurst)).To(Equal(http.StatusOK))
		g.Expect(send(1000)).To(Equal(http.StatusTooManyRequests))
		g.Expect(asked).To(Equal(scrapeBurst))
		time.Sleep(time.Second)
		g.Expect(send(1000)).To(Equal(http.StatusTooManyRequests))
		g.Expect(asked).To(Equal(scrapeBurst + scrapeRate))
	})
}
