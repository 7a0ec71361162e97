package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/test/cluster"
)

const (
	// operatorNamespace is where config/default installs the operator.
	operatorNamespace = "daemonset-job-system"
	// nodePort is where kwok serves the logs of every simulated node.
	nodePort = 10250
	// labelTenth of a node is one of ten values; labelGroup is shared by groupSize nodes.
	labelTenth, labelGroup = "bench/tenth", "bench/group"
	groupSize              = 50
)

var (
	//go:embed simulation/kwok.yaml
	simulation []byte
	//go:embed simulation/audit.yaml
	auditPolicy []byte
)

// lab is the cluster that is measured on.
type lab struct {
	cluster  *cluster.Cluster
	client   client.WithWatch
	folder   string
	programs programs
	audit    audit
	kwok     *process
	nodes    int
	// access is a kubeconfig with the operator's own rights.
	access string
	say    func(format string, args ...any)
}

// programs are the files of what is run.
type programs struct{ manager, terminator, kwok string }

// newLab makes a control plane, registers the operator's kinds and rights, and
// starts the simulation, with no node yet. close removes all of it.
func newLab(ctx context.Context, options cluster.Options, p programs) (*lab, error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	l := &lab{folder: folder, programs: p, audit: audit{filepath.Join(folder, "audit.log")}, access: filepath.Join(folder, "kubeconfig")}
	l.say = func(format string, args ...any) { _, _ = fmt.Fprintf(options.Log, format+"\n", args...) }
	policy := filepath.Join(folder, "audit.yaml")
	if err := os.WriteFile(policy, auditPolicy, 0o644); err != nil {
		return nil, err
	}
	options.Nodes, options.ExtraArgs = 0, map[string][]string{
		"kube-apiserver": {
			"--audit-policy-file=" + policy, "--audit-log-path=" + l.audit.file,
			// Simulated nodes have a certificate that kwok made up.
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
	return l, l.install(ctx)
}

// close ends everything.
func (l *lab) close() error {
	l.kwok.stop()
	if err := l.cluster.Down(context.Background()); err != nil {
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
	for _, args := range [][]string{
		{"apply", "-k", "config/default"},
		{"-n", operatorNamespace, "delete", "deployment", "--all"},
		{"wait", "--for=condition=Established", "crd/jobs." + v1beta1.GroupVersion.Group},
	} {
		if _, err := l.kubectl(args...); err != nil {
			return err
		}
	}
	token, err := l.kubectl("-n", operatorNamespace, "create", "token", "daemonset-job-controller-manager", "--duration=24h")
	if err != nil {
		return err
	}
	config, err := l.cluster.RESTConfig()
	if err != nil {
		return err
	}
	if err := writeAccess(l.access, config.Host, config.CAData, config.CAFile, token); err != nil {
		return err
	}
	config.QPS = -1
	if err := v1beta1.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	if l.client, err = client.NewWithWatch(config, client.Options{}); err != nil {
		return err
	}
	return l.simulate(ctx)
}

// simulate starts kwok, which serves the log of every container from one of two
// files: in the namespace done it ends with the termination word.
func (l *lab) simulate(ctx context.Context) error {
	logs := ""
	for _, namespace := range []string{namespaceDone, namespaceQuiet} {
		if err := l.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Dir(l.logFile(namespace)), 0o755); err != nil {
			return err
		}
		if err := l.newLog(namespace); err != nil {
			return err
		}
		logs += fmt.Sprintf("---\napiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata: {name: %s}\n"+
			"spec: {selector: {matchNamespaces: [%s]}, logs: [{logsFile: %s}]}\n", namespace, namespace, l.logFile(namespace))
	}
	if err := l.appendLog(namespaceDone, "done"); err != nil {
		return err
	}
	config := filepath.Join(l.folder, "kwok.yaml")
	if err := os.WriteFile(config, append(simulation, logs...), 0o644); err != nil {
		return err
	}
	kwok, err := start(l.folder, "kwok", l.programs.kwok, "--config="+config, "--kubeconfig="+l.cluster.Kubeconfig(), "--manage-all-nodes",
		"--node-ip="+l.cluster.HostAddress().String(), "--node-port="+strconv.Itoa(nodePort), "--node-lease-duration-seconds=0")
	l.kwok = kwok
	return err
}

// logFile is in a folder of its own: whoever follows it is woken by all that
// happens in its folder.
func (l *lab) logFile(namespace string) string {
	return filepath.Join(l.folder, "logs-"+namespace, "container.log")
}

// logLine is a line of a log as a container runtime keeps it.
func logLine(text string) string {
	return time.Now().UTC().Format(time.RFC3339Nano) + " stdout F " + text + "\n"
}

// newLog begins the log of every container of a namespace.
func (l *lab) newLog(namespace string) error {
	return os.WriteFile(l.logFile(namespace), []byte(logLine("at work")), 0o644)
}

// appendLog adds a line to the log of every container of a namespace.
func (l *lab) appendLog(namespace, text string) error {
	file, err := os.OpenFile(l.logFile(namespace), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(file, logLine(text)); err != nil {
		return err
	}
	return file.Close()
}

// grow makes nodes until there are as many, and waits until all take pods.
func (l *lab) grow(ctx context.Context, nodes int) error {
	began, group := time.Now(), errgroup.Group{}
	group.SetLimit(32)
	for i := l.nodes; i < nodes; i++ {
		group.Go(func() error {
			err := l.client.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%04d", i), Labels: map[string]string{
				labelTenth: strconv.Itoa(i % 10), labelGroup: strconv.Itoa(i / groupSize),
			}}})
			if apierrors.IsAlreadyExists(err) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	l.nodes = nodes
	err := wait.PollUntilContextTimeout(ctx, time.Second, 10*time.Minute, true, func(ctx context.Context) (bool, error) {
		list := &corev1.NodeList{}
		if err := l.client.List(ctx, list); err != nil {
			return false, err
		}
		for i := range list.Items {
			if len(list.Items[i].Spec.Taints) > 0 || list.Items[i].Status.Phase == "" {
				return false, nil
			}
		}
		return true, nil
	})
	l.say("%8.1f s  %d simulated nodes", time.Since(began).Seconds(), nodes)
	return err
}
