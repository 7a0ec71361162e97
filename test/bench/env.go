package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/test/cluster"
)

const (
	// operatorNamespace is where config/default installs the operator, as deployment.
	operatorNamespace, deployment = "daemonset-job-system", "daemonset-job-controller-manager"
)

//go:embed simulation/audit.yaml
var auditPolicy []byte

// env is the cluster that is measured on.
type env struct {
	cluster  *cluster.Cluster
	client   client.WithWatch
	folder   string
	programs programs
	audit    audit
	kwok     *process
	nodes    int
	// templates are those of the pods that the operator makes.
	templates map[v1beta1.CompletionMode]corev1.PodTemplateSpec
	// kubeconfig is a file with the operator's own rights.
	kubeconfig string
	// containerEnv is that of the operator's containers.
	containerEnv map[string][]string
	// http reaches the API server, at url, as an administrator.
	http *http.Client
	url  string
	logf func(format string, args ...any)
}

// programs are the files of what is run.
type programs struct {
	manager, terminator, kwok string
	kruise                    kruiseFiles
}

// newEnv makes a control plane, registers the operator's kinds and rights, and
// starts the simulation, with no node yet. close removes all of it.
func newEnv(ctx context.Context, options cluster.Options, p programs) (*env, error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	e := &env{
		folder: folder, programs: p, audit: audit{filepath.Join(folder, "audit.log")}, kubeconfig: filepath.Join(folder, "kubeconfig"),
		templates: map[v1beta1.CompletionMode]corev1.PodTemplateSpec{}, containerEnv: map[string][]string{},
	}
	e.logf = func(format string, args ...any) { _, _ = fmt.Fprintf(options.Log, format+"\n", args...) }
	policy := filepath.Join(folder, "audit.yaml")
	if err := os.WriteFile(policy, auditPolicy, 0o644); err != nil {
		return nil, err
	}
	options.Nodes, options.ExtraArgs = 0, map[string][]string{
		"kube-apiserver": {
			"--audit-policy-file=" + policy, "--audit-log-path=" + e.audit.file,
			"--profiling=true",
			// The simulated nodes have a certificate that nobody signed.
			"--kubelet-certificate-authority=",
		},
		// Neither of the two is to be what is measured. The simulated nodes send no heartbeats.
		"kube-controller-manager": {"--kube-api-qps=10000", "--kube-api-burst=10000", "--node-monitor-grace-period=24h"},
		"kube-scheduler":          {"--kube-api-qps=10000", "--kube-api-burst=10000"},
	}
	if e.cluster, err = cluster.New(options); err != nil {
		return nil, err
	}
	// What a run left behind that was interrupted is not what is to be measured.
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

// close ends everything. The folder with the logs is kept if something failed.
func (e *env) close(failed bool) error {
	e.kwok.stop()
	if err := e.cluster.Down(context.Background()); err != nil || failed {
		e.logf("the logs are in %s", e.folder)
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

// install the operator as its manifests do, but for the Deployment: its binaries
// run beside the cluster, with the Deployment's service account.
func (e *env) install(ctx context.Context) error {
	if _, err := e.kubectl("apply", "-k", "config/default"); err != nil {
		return err
	}
	if err := e.readContainerEnv(); err != nil {
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
	if err := v1beta1.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	if e.client, err = client.NewWithWatch(config, client.Options{}); err != nil {
		return err
	}
	return e.simulate(ctx)
}

// readContainerEnv reads what the containers of the Deployment are told by their
// environment, but for what is only known in a pod.
func (e *env) readContainerEnv() error {
	data, err := e.kubectl("-n", operatorNamespace, "get", "deployment", deployment, "-o", "json")
	if err != nil {
		return err
	}
	d := &appsv1.Deployment{}
	if err := json.Unmarshal([]byte(data), d); err != nil {
		return fmt.Errorf("the operator's Deployment: %w", err)
	}
	for i := range d.Spec.Template.Spec.Containers {
		container := &d.Spec.Template.Spec.Containers[i]
		for _, variable := range container.Env {
			if variable.ValueFrom == nil {
				e.containerEnv[container.Name] = append(e.containerEnv[container.Name], variable.Name+"="+variable.Value)
			}
		}
	}
	return nil
}
