// Package monitoring tests what the operator ships for Prometheus, kube-state-metrics and
// Grafana with these programs.
package monitoring

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

var root = filepath.Join("..", "..")

// requireVariable returns a variable of the environment. Without it the test is skipped.
func requireVariable(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Skipf("SKIPPED: %s is not set: make test-kube-state-metrics and make test-dashboard set it", name)
	}
	return value
}

// readFile returns a file of the project.
func readFile(g Gomega, path string) []byte {
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	g.Expect(err).NotTo(HaveOccurred())
	return data
}

// configuredMetrics returns the names of the metrics that config/kube-state-metrics asks for.
func configuredMetrics(g Gomega) []string {
	config := struct {
		Spec struct {
			Resources []struct {
				MetricNamePrefix string
				Metrics          []struct{ Name string }
			}
		}
	}{}
	g.Expect(yaml.Unmarshal(readFile(g, "config/kube-state-metrics/config.yaml"), &config)).To(Succeed())
	var names []string
	for _, resource := range config.Spec.Resources {
		for _, metric := range resource.Metrics {
			names = append(names, resource.MetricNamePrefix+"_"+metric.Name)
		}
	}
	g.Expect(names).NotTo(BeEmpty())
	return names
}

// runProgram runs a program until the test ends, and returns what it prints. Variables are added
// to those of the test.
func runProgram(t *testing.T, variables []string, program string, args ...string) *bytes.Buffer {
	t.Helper()
	g, output := NewWithT(t), &bytes.Buffer{}
	command := exec.CommandContext(context.Background(), program, args...)
	command.Env = append(os.Environ(), variables...)
	command.Stdout, command.Stderr = output, output
	g.Expect(command.Start()).To(Succeed())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			text := output.String()
			t.Logf("%s: …%s", filepath.Base(program), text[max(0, len(text)-4000):])
		}
	})
	return output
}

func freePort(g Gomega) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	g.Expect(err).NotTo(HaveOccurred())
	return port
}

// fetch reads what a program of the test answers.
func fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", address, response.Status, body)
	}
	return body, err
}
