package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// readyPatience allows for a busy machine. On an idle one, each wait takes seconds.
	readyPatience = 3 * time.Minute
	pollEvery     = 100 * time.Millisecond
	attemptLimit  = 5 * time.Second
)

// wait repeats the check until it returns no error. It stops after a timeout, or
// when a component in dependsOn ends. The error then includes the last log lines of
// that component.
func (c *Cluster) wait(ctx context.Context, dependsOn []string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	for {
		attempt, done := context.WithTimeout(ctx, attemptLimit)
		err := check(attempt)
		done()
		if err == nil {
			return nil
		}
		for _, name := range dependsOn {
			p, unknown := c.component(name)
			if unknown != nil {
				return unknown
			}
			if !p.running() {
				return fmt.Errorf("%s has ended:\n%s", name, lastWords(p.log))
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("stopped waiting: %w", err), c.explain(dependsOn))
		case <-time.After(pollEvery):
		}
	}
}

func (c *Cluster) explain(components []string) error {
	var all []error
	for _, name := range components {
		all = append(all, fmt.Errorf("last lines of %s:\n%s", c.layout.log(name), lastWords(c.layout.log(name))))
	}
	return errors.Join(all...)
}

func lastWords(log string) string {
	content, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	return tail(string(content), 8)
}

// tail returns the last lines of a log that report an error, or the last lines of all
// if none does.
func tail(log string, count int) string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	var wrong []string
	for _, line := range lines {
		if complains(line) {
			wrong = append(wrong, line)
		}
	}
	if len(wrong) > 0 {
		lines = wrong
	}
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// complains returns whether a log line reports an error. It knows the formats of klog,
// zap, logrus and the Go runtime.
func complains(line string) bool {
	if len(line) > 1 && (line[0] == 'E' || line[0] == 'F') && line[1] >= '0' && line[1] <= '9' {
		return true
	}
	for _, sign := range []string{`"level":"error"`, `"level":"fatal"`, "level=error", "level=fatal", "Error:", "panic:"} {
		if strings.Contains(line, sign) {
			return true
		}
	}
	return false
}

// nodesReady waits until the given nodes accept pods and reach the services.
func (c *Cluster) nodesReady(ctx context.Context, nodes []member) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var dependsOn []string
	for _, m := range nodes {
		of := c.nodeProcesses(m)
		dependsOn = append(dependsOn, of.containerd.name, of.kubelet.name, of.proxy.name)
	}
	return c.wait(ctx, append(dependsOn, controllerManager, scheduler), func(ctx context.Context) error {
		return c.nodesTakePods(ctx, client, nodes)
	})
}

// nodesTakePods returns an error if one of the nodes does not accept pods.
func (c *Cluster) nodesTakePods(ctx context.Context, client kubernetes.Interface, nodes []member) error {
	local := &http.Transport{DisableKeepAlives: true}
	for _, m := range nodes {
		node, err := client.CoreV1().Nodes().Get(ctx, m.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := takesPods(node); err != nil {
			return err
		}
		url := fmt.Sprintf("http://%s:%d/healthz", c.plan.nodeAddress(m.Index), proxyHealthPort)
		if err := answers(ctx, local, url); err != nil {
			return fmt.Errorf("kube-proxy of %s: %w", m.Name, err)
		}
	}
	return nil
}

// takesPods returns an error if the node does not accept pods.
func takesPods(node *corev1.Node) error {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			return fmt.Errorf("node %s is not ready: %s", node.Name, condition.Message)
		}
	}
	for _, taint := range node.Spec.Taints {
		if taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable {
			return fmt.Errorf("node %s still has the taint %s", node.Name, taint.Key)
		}
	}
	return nil
}

// controllersReady waits until pods can be created: the controllers run, and have
// created the default service account.
func (c *Cluster) controllersReady(ctx context.Context, client kubernetes.Interface) error {
	// The check asks only whether the controllers run, so it does not verify their
	// certificates.
	local := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	return c.wait(ctx, []string{controllerManager, scheduler}, func(ctx context.Context) error {
		for _, port := range []int{c.plan.controllerManagerPort(), c.plan.schedulerPort()} {
			if err := answers(ctx, local, loopbackURL(port)+"/healthz"); err != nil {
				return err
			}
		}
		_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func answers(ctx context.Context, transport http.RoundTripper, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
