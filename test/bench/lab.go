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

// lab is the cluster that is measured on.
type lab struct {
	cluster  *cluster.Cluster
	client   client.WithWatch
	folder   string
	programs programs
	audit    audit
	kwok     *process
	nodes    int
	// templates are those of the pods that the operator makes.
	templates map[v1beta1.CompletionMode]corev1.PodTemplateSpec
	// access is a kubeconfig with the operator's own rights.
	access string
	// environment is that of the operator's containers.
	environment map[string][]string
	// http reaches the API server, at url, as an administrator.
	http *http.Client
	url  string
	say  func(format string, args ...any)
}

// programs are the files of what is run.
type programs struct {
	manager, terminator, kwok string
	kruise                    kruiseFiles
}

// newLab makes a control plane, registers the operator's kinds and rights, and
// starts the simulation, with no node yet. close removes all of it.
func newLab(ctx context.Context, options cluster.Options, p programs) (*lab, error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	l := &lab{
		folder: folder, programs: p, audit: audit{filepath.Join(folder, "audit.log")}, access: filepath.Join(folder, "kubeconfig"),
		templates: map[v1beta1.CompletionMode]corev1.PodTemplateSpec{}, environment: map[string][]string{},
	}
	l.say = func(format string, args ...any) { _, _ = fmt.Fprintf(options.Log, format+"\n", args...) }
	policy := filepath.Join(folder, "audit.yaml")
	if err := os.WriteFile(policy, auditPolicy, 0o644); err != nil {
		return nil, err
	}
	options.Nodes, options.ExtraArgs = 0, map[string][]string{
		"kube-apiserver": {
			"--audit-policy-file=" + policy, "--audit-log-path=" + l.audit.file,
			"--profiling=true",
			// The simulated nodes have a certificate that nobody signed.
			"--kubelet-certificate-authority=",
		},
		// Neither of the two is to be what is measured. The simulated nodes send no heartbeats.
		"kube-controller-manager": {"--kube-api-qps=10000", "--kube-api-burst=10000", "--node-monitor-grace-period=24h"},
		"kube-scheduler":          {"--kube-api-qps=10000", "--kube-api-burst=10000"},
	}
	if l.cluster, err = cluster.New(options); err != nil {
		return nil, err
	}
	// What a run left behind that was interrupted is not what is to be measured.
	if err := l.cluster.Down(ctx); err != nil {
		return nil, err
	}
	if err := l.cluster.Up(ctx); err != nil {
		return nil, err
	}
	if err := l.install(ctx); err != nil {
		return l, err
	}
	return l, l.installKruise()
}

// close ends everything. The folder with the logs is kept if something failed.
func (l *lab) close(failed bool) error {
	l.kwok.stop()
	if err := l.cluster.Down(context.Background()); err != nil || failed {
		l.say("the logs are in %s", l.folder)
		return err
	}
	return os.RemoveAll(l.folder)
}

func (l *lab) kubectl(args ...string) (string, error) {
	out, err := exec.Command(l.cluster.Kubectl(), append([]string{"--kubeconfig", l.cluster.Kubeconfig()}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// install the operator as its manifests do, but for the Deployment: its binaries
// run beside the cluster, with the Deployment's service account.
func (l *lab) install(ctx context.Context) error {
	if _, err := l.kubectl("apply", "-k", "config/default"); err != nil {
		return err
	}
	if err := l.readEnvironment(); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"-n", operatorNamespace, "delete", "deployment", "--all"},
		{"wait", "--for=condition=Established", "crd/jobs." + v1beta1.GroupVersion.Group},
	} {
		if _, err := l.kubectl(args...); err != nil {
			return err
		}
	}
	if err := l.giveAccess(l.access, operatorNamespace, "daemonset-job-controller-manager"); err != nil {
		return err
	}
	config, err := l.cluster.RESTConfig()
	if err != nil {
		return err
	}
	config.QPS = -1
	if l.http, err = rest.HTTPClientFor(config); err != nil {
		return err
	}
	l.url = config.Host
	if err := v1beta1.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	if l.client, err = client.NewWithWatch(config, client.Options{}); err != nil {
		return err
	}
	return l.simulate(ctx)
}

// readEnvironment reads what the containers of the Deployment are told by their
// environment, but for what is only known in a pod.
func (l *lab) readEnvironment() error {
	data, err := l.kubectl("-n", operatorNamespace, "get", "deployment", deployment, "-o", "json")
	if err != nil {
		return err
	}
	d := &appsv1.Deployment{}
	if err := json.Unmarshal([]byte(data), d); err != nil {
		return fmt.Errorf("the operator's Deployment: %w", err)
	}
	for i := range d.Spec.Template.Spec.Containers {
		container := &d.Spec.Template.Spec.Containers[i]
		for _, env := range container.Env {
			if env.ValueFrom == nil {
				l.environment[container.Name] = append(l.environment[container.Name], env.Name+"="+env.Value)
			}
		}
	}
	return nil
}
