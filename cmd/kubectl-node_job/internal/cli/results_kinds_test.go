package cli

import (
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// without returns a plugin's options for a cluster that does not have a resource: the API server gets
// a name in its place that it does not know.
func (w *world) without(resource string) func(*rest.Config) *rest.Config {
	return func(c *rest.Config) *rest.Config {
		c.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				r = r.Clone(r.Context())
				r.URL.Path = strings.Replace(r.URL.Path, resource, "unknown", 1)
				return next.RoundTrip(r)
			})
		})
		return c
	}
}

// pluginOf runs the plugin with changed options of its connection.
func (w *world) pluginOf(change func(*rest.Config) *rest.Config, args ...string) (code int, stdout, stderr string) {
	var out, err syncBuffer
	a := newApp(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &err})
	a.now, a.flags.WrapConfigFn = w.now, change
	code = a.execute(w.ctx, append([]string{"--kubeconfig", w.kubeconfig, "-n", w.ns}, args...))
	return code, w.neutral(out.String()), w.neutral(err.String())
}

func TestResultsOfAClusterWithoutTheOperator(t *testing.T) {
	w := newWorld(t, 0)
	noOperator := w.without(v1beta1.GroupVersion.Group)
	_, _, status := w.pluginOf(noOperator, "status", "report")
	w.Expect(status).To(ContainSubstring("the cluster has no kind Job of daemonset.darkowlzz.space: install the operator"))
	code, _, stderr := w.pluginOf(noOperator, "results", "report")
	w.Expect(stderr).To(Equal(status))
	w.Expect(code).To(Equal(2))
}

// An operator of before the JobRecords keeps none.
func TestResultsOfAClusterWithAnOlderOperator(t *testing.T) {
	w := newWorld(t, 1)
	older := w.without("jobrecords")
	code, _, stderr := w.pluginOf(older, "results", "report")
	w.Expect(stderr).To(ContainSubstring(`Job "report" is not in namespace "test-xxxxx", and the cluster has no kind JobRecord of daemonset.darkowlzz.space, which would outlive it: update the operator`))
	w.Expect(code).To(Equal(2))

	w.start(w.newJob("report").Obj())
	missing := "The cluster has no jobrecords.daemonset.darkowlzz.space, since its operator is older: nodes whose pod is gone are not shown as done\n"
	for _, command := range []string{"results", "status"} {
		_, stdout, stderr := w.pluginOf(older, command, "report")
		w.Expect(stderr).To(Equal(missing), command)
		w.Expect(stdout).To(ContainSubstring("test-xxxxx-1"), command)
	}
}
