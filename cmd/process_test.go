package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// buildProgram builds the program as the image has it. The test binary would need other
// memory, above all with the race detector.
func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "manager")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	NewWithT(t).Expect(err).NotTo(HaveOccurred(), string(output))
	return program
}

// startProgram runs the program by a name of the image against the API server until the test ends, and
// waits until its caches have synced. It has the environment of its container in the Deployment, and what
// environment sets otherwise. It returns the most memory that the process held so far, in KiB.
func startProgram(t *testing.T, program, name, kubeconfig string, environment ...string) *atomic.Int64 {
	t.Helper()
	g := NewWithT(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	address := listener.Addr().String()
	g.Expect(listener.Close()).To(Succeed())
	command := exec.Command(program)
	command.Args = []string{name, "--leader-elect=false", "--metrics-bind-address=0", "--health-probe-bind-address=" + address, "--kubeconfig=" + kubeconfig}
	command.Env = append(deployed(g, strings.TrimPrefix(name, "/")), environment...)
	output := &strings.Builder{}
	command.Stdout, command.Stderr = output, output
	g.Expect(command.Start()).To(Succeed())
	peak := &atomic.Int64{}
	stopped := watchMemory(t.Context(), command.Process.Pid, peak)
	t.Cleanup(func() {
		g.Expect(command.Process.Kill()).To(Succeed())
		<-stopped
		_ = command.Wait() // It was killed.
		if t.Failed() {
			t.Log(name, output.String())
		}
	})
	g.Eventually(func(ctx context.Context) (int, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return 0, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}).WithContext(t.Context()).WithTimeout(time.Minute).Should(Equal(http.StatusOK))
	return peak
}

// deployed returns the settings of Go's runtime for a container of the Deployment, and its memory
// limit as the kubelet reports it.
func deployed(g Gomega, container string) []string {
	data, err := os.ReadFile(filepath.Join("..", "config", "manager", "manager.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	deployment := &appsv1.Deployment{}
	g.Expect(yaml.Unmarshal(data, deployment)).To(Succeed())
	var settings []string
	for _, c := range deployment.Spec.Template.Spec.Containers {
		for _, env := range c.Env {
			switch {
			case c.Name != container:
			case strings.HasPrefix(env.Name, "GO"):
				settings = append(settings, env.Name+"="+env.Value)
			case env.ValueFrom != nil && env.ValueFrom.ResourceFieldRef != nil:
				settings = append(settings, fmt.Sprint(env.Name, "=", c.Resources.Limits.Memory().Value()))
			}
		}
	}
	g.Expect(settings).To(ContainElement(HavePrefix("MEMORY_LIMIT=")))
	return settings
}

var heldLine = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)

// watchMemory keeps the most memory that a process has held, until ctx ends. Go gives memory
// back to the kernel within seconds, and not between two samples.
func watchMemory(ctx context.Context, pid int, peak *atomic.Int64) (stopped chan struct{}) {
	stopped = make(chan struct{})
	go func() {
		defer close(stopped)
		for ctx.Err() == nil {
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if match := heldLine.FindSubmatch(data); err == nil && match != nil {
				if held, err := strconv.ParseInt(string(match[1]), 10, 64); err == nil {
					peak.Store(max(peak.Load(), held))
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return stopped
}
