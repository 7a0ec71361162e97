//go:build e2e

// Package helm installs, upgrades and uninstalls the packaged chart with Helm on real nodes, while
// Jobs are at work. hack/test-helm.sh makes the package and the cluster.
package helm

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
	"github.com/darkowlzz/daemonset-job/test/cluster"
)

const (
	// shellImage is the sample's image, which has a shell.
	shellImage = "docker.io/darkowlzz/cleanup:v0.0.2"
	// writesAndWaits appends a line for its run, and is done when the test releases the node.
	writesAndWaits = `echo run >> /basetarget/$0/runs; while [ ! -e /basetarget/$0/go ]; do sleep 0.1; done`
	// operatorNamespace and jobNamespace are deleted at the end.
	operatorNamespace, jobNamespace = "helm-operator", "helm-jobs"
)

var ctx = context.Background()

// world is the local cluster with its nodes.
type world struct {
	*WithT
	t     *testing.T
	k8s   client.Client
	local *cluster.Cluster
}

func connect(t *testing.T) *world {
	t.Helper()
	w := &world{WithT: NewWithT(t), t: t}
	w.SetDefaultEventuallyTimeout(2 * time.Minute)
	w.SetDefaultEventuallyPollingInterval(250 * time.Millisecond)
	w.Expect(os.Getenv("HELM")).NotTo(BeEmpty(), "run `make test-helm`, which makes all that this test needs")
	w.Expect(v1beta1.AddToScheme(scheme.Scheme)).To(Succeed())
	config, err := ctrl.GetConfig()
	w.Expect(err).NotTo(HaveOccurred())
	w.k8s, err = client.New(config, client.Options{})
	w.Expect(err).NotTo(HaveOccurred())
	w.local, err = cluster.Open(os.Getenv("CLUSTER_NAME"))
	w.Expect(err).NotTo(HaveOccurred())
	return w
}

// helm runs a command of Helm, and returns what it printed.
func (w *world) helm(args ...string) string {
	w.t.Helper()
	out, err := exec.Command(os.Getenv("HELM"), args...).CombinedOutput()
	w.Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}

// namespaceFor creates the namespace of the Jobs. Their pods write to the host.
func (w *world) namespaceFor() {
	w.t.Helper()
	w.Expect(w.k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: jobNamespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "privileged"},
	}})).To(Succeed())
}

// folderOn returns the folder of a Job on a node.
func (w *world) folderOn(node string, job *v1beta1.Job) string {
	w.t.Helper()
	tmp, err := w.local.NodeTmp(node)
	w.Expect(err).NotTo(HaveOccurred())
	return filepath.Join(tmp, "helm", job.Name)
}

// create creates a Job that is done on each node when release is called.
func (w *world) create(name string) *v1beta1.Job {
	w.t.Helper()
	job := wrappers.Job(jobNamespace, name).Image(shellImage).Command("/bin/sh", "-c", writesAndWaits, name).
		MountPath("/tmp/helm").Exit().TTL(3600).Obj()
	for _, node := range w.local.Nodes() {
		folder := w.folderOn(node, job)
		w.Expect(os.MkdirAll(folder, 0o777)).To(Succeed())
		w.t.Cleanup(func() { w.Expect(os.RemoveAll(filepath.Dir(folder))).To(Succeed()) })
	}
	w.Expect(w.k8s.Create(ctx, job)).To(Succeed())
	return job
}

// release lets the work of a Job end.
func (w *world) release(job *v1beta1.Job) {
	w.t.Helper()
	for _, node := range w.local.Nodes() {
		w.Expect(os.WriteFile(filepath.Join(w.folderOn(node, job), "go"), nil, 0o644)).To(Succeed())
	}
}

// runs returns how often each node began the work of a Job.
func (w *world) runs(job *v1beta1.Job) func() []int {
	return func() []int {
		var counts []int
		for _, node := range w.local.Nodes() {
			data, err := os.ReadFile(filepath.Join(w.folderOn(node, job), "runs"))
			if err != nil && !os.IsNotExist(err) {
				w.t.Fatal(err)
			}
			counts = append(counts, strings.Count(string(data), "\n"))
		}
		return counts
	}
}

func (w *world) phase(job *v1beta1.Job) func() (v1beta1.JobPhase, error) {
	return func() (v1beta1.JobPhase, error) {
		now := &v1beta1.Job{}
		err := w.k8s.Get(ctx, client.ObjectKeyFromObject(job), now)
		return now.Status.Phase, err
	}
}

// deployments returns the operators of the cluster, by namespace and name.
func (w *world) deployments() []string {
	w.t.Helper()
	list := &appsv1.DeploymentList{}
	w.Expect(w.k8s.List(ctx, list, client.MatchingLabels{"app.kubernetes.io/name": "daemonset-job"})).To(Succeed())
	var found []string
	for i := range list.Items {
		found = append(found, list.Items[i].Namespace+"/"+list.Items[i].Name)
	}
	return found
}
