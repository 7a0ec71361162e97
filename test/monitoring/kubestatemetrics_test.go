package monitoring

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var update = flag.Bool("update", false, "write the golden file again")

// The times of objects are those of this run.
var created = regexp.MustCompile(`(?m)(_created\{.*\}) .*$`)

// TestKubeStateMetricsExportsEachJobAndCronJob runs kube-state-metrics with the shipped
// configuration and rights on a real API server, and compares all that it exports.
func TestKubeStateMetricsExportsEachJobAndCronJob(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	program := requireVariable(t, "KUBE_STATE_METRICS")
	k8s, env := startServer(t)
	grant(t, k8s, "kube-state-metrics")
	g.Expect(k8s.Create(ctx, &corev1.Namespace{ObjectMeta: named("", "team-a")})).To(Succeed())
	objects := exampleObjects()
	for _, obj := range objects {
		want := obj.DeepCopyObject().(client.Object)
		g.Expect(k8s.Create(ctx, obj)).To(Succeed())
		want.SetResourceVersion(obj.GetResourceVersion())
		want.SetUID(obj.GetUID())
		g.Expect(k8s.Status().Update(ctx, want)).To(Succeed())
	}
	address := startKubeStateMetrics(t, program, kubeconfigOf(t, env, "kube-state-metrics"))

	// kube-state-metrics lists each kind by itself, some time after it has started to answer.
	all := WithTransform(func(text string) int { return strings.Count(text, "_created{") }, Equal(len(objects)))
	var got string
	g.Eventually(func() (_ string, err error) {
		got, err = readSeries(ctx, address)
		return got, err
	}, "30s", "200ms").Should(all)
	golden := filepath.Join("testdata", "kube-state-metrics.txt")
	if *update {
		g.Expect(os.WriteFile(golden, []byte(got), 0o600)).To(Succeed())
	}
	want, err := os.ReadFile(golden)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal(string(want)))

	for _, metric := range configuredMetrics(g) {
		g.Expect(got).To(ContainSubstring(metric+"{"), "a metric that no object has")
	}
	most := map[string]int{"job": 21, "cronjob": 16}
	for _, obj := range objects {
		kind := "job"
		if _, ok := obj.(*v1beta1.CronJob); ok {
			kind = "cronjob"
		}
		series := regexp.MustCompile(fmt.Sprintf(`(?m)^kube_customresource_daemonset_%s_.*[{,]name="%s"`, kind, obj.GetName()))
		g.Expect(len(series.FindAllString(got, -1))).To(BeNumerically("<=", most[kind]), obj.GetName())
		g.Expect(k8s.Delete(ctx, obj)).To(Succeed())
	}
	g.Eventually(func() (string, error) { return readSeries(ctx, address) }, "30s", "200ms").Should(BeEmpty(), "deleted objects have no series")
}

// grant binds the role of config/kube-state-metrics to a user.
func grant(t *testing.T, k8s client.Client, user string) {
	t.Helper()
	g, role := NewWithT(t), &rbacv1.ClusterRole{}
	g.Expect(yaml.UnmarshalStrict(readFile(g, "config/kube-state-metrics/role.yaml"), role)).To(Succeed())
	g.Expect(k8s.Create(t.Context(), role)).To(Succeed())
	g.Expect(k8s.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: named("", user),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: user}},
	})).To(Succeed())
}

// startKubeStateMetrics starts the program with the shipped configuration, and returns its address.
func startKubeStateMetrics(t *testing.T, program, kubeconfig string) string {
	t.Helper()
	g := NewWithT(t)
	port, telemetry := freePort(g), freePort(g)
	var output *bytes.Buffer
	// It runs after the program has ended.
	t.Cleanup(func() {
		g.Expect(output.String()).NotTo(MatchRegexp(`(?m)^E\d{4}|forbidden`), "kube-state-metrics logged an error")
	})
	output = runProgram(t, nil, program, "--kubeconfig="+kubeconfig, "--custom-resource-state-only",
		"--custom-resource-state-config-file="+filepath.Join(root, "config", "kube-state-metrics", "config.yaml"),
		"--host=127.0.0.1", "--port="+port, "--telemetry-host=127.0.0.1", "--telemetry-port="+telemetry)
	return "http://127.0.0.1:" + port
}

// readSeries returns the series of Jobs and CronJobs, in order.
func readSeries(ctx context.Context, address string) (string, error) {
	body, err := fetch(ctx, address+"/metrics")
	if err != nil {
		return "", err
	}
	lines := strings.SplitAfter(created.ReplaceAllString(string(body), "$1 NOW"), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" || strings.HasPrefix(line, "#") })
	slices.Sort(lines)
	return strings.Join(lines, ""), nil
}
