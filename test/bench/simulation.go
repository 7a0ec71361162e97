package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// nodePort is where kwok serves the logs of all simulated nodes.
	nodePort = 10250
	// labelTenth has one of ten values on each node.
	labelTenth = "bench/tenth"
	// The simulation reads labelBench and annotationWorksFor of a pod: whether it
	// fails, perhaps fails, ends or is marked when its work is done, and how long that takes.
	labelBench, annotationWorksFor                = "bench", "bench/works-for"
	benchFails, benchFlaky, benchEnds, benchMarks = "fails", "flaky", "ends", "marks"
)

//go:embed simulation/kwok.yaml
var simulation []byte

// simulate starts kwok, which serves the log of every container of a namespace from one
// file. In namespaceDone and namespaceSoak, that log ends with the termination word.
func (e *env) simulate() error {
	config := slices.Clone(simulation)
	for _, namespace := range []string{namespaceDone, namespaceQuiet, namespaceSoak} {
		if err := os.Mkdir(filepath.Dir(e.logFile(namespace)), 0o755); err != nil {
			return err
		}
		if err := e.newLog(namespace); err != nil {
			return err
		}
		config = fmt.Appendf(config, "---\napiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata: {name: %s}\n"+
			"spec: {selector: {matchNamespaces: [%s]}, logs: [{logsFile: %s}]}\n", namespace, namespace, e.logFile(namespace))
	}
	for _, namespace := range []string{namespaceDone, namespaceSoak} {
		if err := e.appendLog(namespace, "done"); err != nil {
			return err
		}
	}
	file := filepath.Join(e.folder, "kwok.yaml")
	if err := os.WriteFile(file, config, 0o644); err != nil {
		return err
	}
	cert, key, err := writeCertificate(e.folder)
	if err != nil {
		return err
	}
	kwok, err := start(e.folder, "kwok", nil, e.programs.kwok, "--config="+file, "--kubeconfig="+e.cluster.Kubeconfig(), "--manage-all-nodes",
		"--tls-cert-file="+cert, "--tls-private-key-file="+key,
		"--node-ip="+e.cluster.HostAddress().String(), "--node-port="+strconv.Itoa(nodePort), "--node-lease-duration-seconds=0")
	e.kwok = kwok
	return err
}

// logFile returns the log of a namespace. Each has its own folder, because kwok wakes
// all followers of a file when anything in its folder changes.
func (e *env) logFile(namespace string) string {
	return filepath.Join(e.folder, "logs-"+namespace, "container.log")
}

// logLine returns a line in the form that a container runtime writes.
func logLine(text string) string {
	return time.Now().UTC().Format(time.RFC3339Nano) + " stdout F " + text + "\n"
}

// newLog starts a new log for every container of a namespace.
func (e *env) newLog(namespace string) error {
	return os.WriteFile(e.logFile(namespace), []byte(logLine("at work")), 0o644)
}

// appendLog appends a line to the log of every container of a namespace.
func (e *env) appendLog(namespace, text string) error {
	file, err := os.OpenFile(e.logFile(namespace), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(file, logLine(text)); err != nil {
		return err
	}
	return file.Close()
}

// grow creates nodes up to the number, and waits until all of them accept pods.
func (e *env) grow(ctx context.Context, nodes int) error {
	began, group := time.Now(), errgroup.Group{}
	group.SetLimit(32)
	for i := e.nodes; i < nodes; i++ {
		group.Go(func() error {
			return client.IgnoreAlreadyExists(e.client.Create(ctx, simulatedNode(i)))
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	// A list of all nodes in each turn would delay them: a node that is ready stays so.
	ready := e.nodes
	e.nodes = nodes
	err := wait.PollUntilContextTimeout(ctx, time.Second, 10*time.Minute, true, func(ctx context.Context) (bool, error) {
		for ; ready < nodes; ready++ {
			node := &corev1.Node{}
			if err := e.client.Get(ctx, client.ObjectKey{Name: simulatedNode(ready).Name}, node); err != nil {
				return false, err
			}
			if len(node.Spec.Taints) > 0 || node.Status.Phase == "" {
				return false, nil
			}
		}
		return true, nil
	})
	e.logf("%8.1f s  %d simulated nodes", time.Since(began).Seconds(), nodes)
	return err
}
