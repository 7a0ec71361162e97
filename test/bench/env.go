package main

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/test/cluster"
)

const (
	// config/default installs the operator in operatorNamespace.
	operatorNamespace = "daemonset-job-system"
)

//go:embed simulation/audit.yaml
var auditPolicy []byte

// env is the cluster that the benchmark measures on.
type env struct {
	cluster  *cluster.Cluster
	client   client.WithWatch
	folder   string
	programs programs
	// real is set if the nodes run kubelets. Otherwise kwok simulates them.
	real  bool
	audit audit
	kwok  *process
	nodes int
	// calmest is how many processors the cluster used in its calmest moment, 0 before one was looked for.
	calmest float64
	// templates holds the pod templates that the operator makes, by mode.
	templates map[v1beta1.CompletionMode]corev1.PodTemplateSpec
	// kubeconfig is a file with the rights of the operator's service account.
	kubeconfig string
	// present is the operator that is measured. before is that of the baseline, and empty
	// if there is none.
	present, before build
	// http reaches the API server at url as an administrator.
	http *http.Client
	url  string
	// local reaches the other components, whose certificates are their own.
	local *http.Client
	logf  func(format string, args ...any)
}

// programs holds the paths of the programs to run.
type programs struct {
	manager, terminator, kwok string
	// baseline is the checkout of another revision with its programs, empty for none.
	baseline string
	kruise   kruiseFiles
}

// newEnv creates a control plane, installs the operator's CRDs and rights, and starts
// the simulation without a node. With realNodes above 0 it makes that many nodes with
// kubelets instead. close removes all of it.
func newEnv(ctx context.Context, options cluster.Options, p programs, realNodes int) (*env, error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	e := &env{
		folder: folder, programs: p, real: realNodes > 0, audit: audit{filepath.Join(folder, "audit.log")}, kubeconfig: filepath.Join(folder, "kubeconfig"),
		templates: map[v1beta1.CompletionMode]corev1.PodTemplateSpec{},
	}
	e.logf = func(format string, args ...any) { _, _ = fmt.Fprintf(options.Log, format+"\n", args...) }
	policy := filepath.Join(folder, "audit.yaml")
	if err := os.WriteFile(policy, auditPolicy, 0o644); err != nil {
		return nil, err
	}
	options.Nodes, options.ExtraArgs = realNodes, e.componentArgs(policy)
	if e.cluster, err = cluster.New(options); err != nil {
		return nil, err
	}
	// An interrupted run may have left a cluster, which would distort the results.
	if err := e.cluster.Down(ctx); err != nil {
		return nil, err
	}
	if err := e.cluster.Up(ctx); err != nil {
		return nil, err
	}
	if err := e.install(ctx); err != nil {
		return e, err
	}
	return e, e.installKruise()
}

// componentArgs returns further flags of the control plane.
func (e *env) componentArgs(policy string) map[string][]string {
	server := []string{"--audit-policy-file=" + policy, "--audit-log-path=" + e.audit.file, "--profiling=true",
		// The default is 100 MB. Offsets in a file that was rotated say nothing.
		"--audit-log-maxsize=100000"}
	// The benchmark does not measure these two, so their client limits are raised.
	limits := []string{"--kube-api-qps=10000", "--kube-api-burst=10000", "--profiling=true"}
	manager := limits
	if !e.real {
		// No authority signs the certificate of the simulated nodes.
		server = append(server, "--kubelet-certificate-authority=")
		// They send heartbeats in one case only.
		manager = append([]string{"--node-monitor-grace-period=24h"}, limits...)
	}
	return map[string][]string{"kube-apiserver": server, "kube-controller-manager": manager, "kube-scheduler": limits, "etcd": {"--enable-pprof=true"}}
}

// close stops the simulation and the cluster. It keeps the folder with the logs if the
// run failed.
func (e *env) close(failed bool) error {
	e.kwok.stop()
	if err := e.cluster.Down(context.Background()); err != nil || failed {
		e.logf("Kept the logs in %s", e.folder)
		return err
	}
	return os.RemoveAll(e.folder)
}

func (e *env) kubectl(args ...string) (string, error) {
	out, err := exec.Command(e.cluster.Kubectl(), append([]string{"--kubeconfig", e.cluster.Kubeconfig()}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// install applies the operator's manifests and deletes the Deployment. The binaries run
// as processes next to the cluster, with the Deployment's service account.
func (e *env) install(ctx context.Context) error {
	if _, err := e.kubectl("apply", "-k", "config/default"); err != nil {
		return err
	}
	if err := e.readBuilds(); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"-n", operatorNamespace, "delete", "deployment", "--all"},
		{"wait", "--for=condition=Established", "crd/jobs." + v1beta1.GroupVersion.Group},
	} {
		if _, err := e.kubectl(args...); err != nil {
			return err
		}
	}
	if err := e.writeServiceAccountKubeconfig(e.kubeconfig, operatorNamespace, "daemonset-job-controller-manager"); err != nil {
		return err
	}
	config, err := e.cluster.RESTConfig()
	if err != nil {
		return err
	}
	config.QPS = -1
	if e.http, err = rest.HTTPClientFor(config); err != nil {
		return err
	}
	e.url = config.Host
	local := rest.CopyConfig(config)
	local.TLSClientConfig = rest.TLSClientConfig{Insecure: true, CertData: config.CertData, CertFile: config.CertFile, KeyData: config.KeyData, KeyFile: config.KeyFile}
	if e.local, err = rest.HTTPClientFor(local); err != nil {
		return err
	}
	if err := v1beta1.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	if e.client, err = client.NewWithWatch(config, client.Options{}); err != nil {
		return err
	}
	for _, namespace := range []string{namespaceDone, namespaceQuiet, namespaceBackground, namespaceSoak, namespacePoison} {
		if err := e.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
			return err
		}
	}
	if e.real {
		return e.cluster.Load(ctx, shellImage, "")
	}
	return e.simulate()
}
