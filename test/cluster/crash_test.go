package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestRealRepair(t *testing.T) {
	c := realCluster(t, Options{Nodes: 2})
	client := up(t, c)
	keep := func(name string) {
		_, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(t.Context(),
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		must(t, err)
	}
	kept := func(name string) bool {
		_, err := client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Get(t.Context(), name, metav1.GetOptions{})
		return err == nil
	}
	keep("first")

	began := time.Now()
	up(t, c)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("up on a cluster that is up took %s", took)
	}

	for _, name := range c.Components() {
		t.Run("kill "+name, func(t *testing.T) {
			must(t, c.Kill(name))
			if err := c.Ready(t.Context()); err == nil {
				t.Error("the cluster claims to be ready without", name)
			}
			up(t, c)
			must(t, c.Ready(t.Context()))
		})
	}
	t.Run("kill everything", func(t *testing.T) {
		must(t, c.cgroups.kill(c.layout.group(), killPatience))
		up(t, c)
		must(t, c.Ready(t.Context()))
	})
	if !kept("first") {
		t.Error("the repairs lost an object")
	}

	t.Run("reboot", func(t *testing.T) {
		c.state.Boot = "an earlier one"
		must(t, c.state.write(c.layout))
		client = up(t, c)
		if kept("first") {
			t.Error("a cluster of an earlier boot was taken for this one's")
		}
	})
	t.Run("lost namespace", func(t *testing.T) {
		must(t, dropHandle(c.layout.node("node-1").net()))
		client = up(t, c)
		must(t, c.Ready(t.Context()))
	})
	t.Run("more nodes", func(t *testing.T) {
		c.options.Nodes = 3
		up(t, c)
		if !slices.Equal(c.Nodes(), []string{"node-1", "node-2", "node-3"}) {
			t.Errorf("there are nodes %v", c.Nodes())
		}
	})
}

// TestRealInterrupted kills the command that makes a cluster at many points.
func TestRealInterrupted(t *testing.T) {
	c := realCluster(t, Options{Nodes: 2})
	command := filepath.Join(t.TempDir(), "cluster")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "./cmd/cluster").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	start := func(args ...string) *exec.Cmd {
		cmd := exec.Command(command, args...)
		cmd.Env = append(os.Environ(), "CLUSTER_NAME="+c.Name(), fmt.Sprintf("CLUSTER_SLOT=%d", c.options.Slot), "NODES=2")
		cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
		must(t, cmd.Start())
		return cmd
	}
	for _, after := range []time.Duration{20, 60, 100, 150, 200, 300, 500, 800, 1200, 2000, 4000, 7000} {
		after *= time.Millisecond
		t.Run(after.String(), func(t *testing.T) {
			cmd := start("up")
			time.Sleep(after)
			must(t, cmd.Process.Kill())
			_ = cmd.Wait()
			must(t, c.Down(t.Context()))
			eventually(t, 5*time.Second, "a clean machine", func() (bool, error) {
				err := c.VerifyClean()
				return err == nil, err
			})
		})
	}
	t.Run("up after half of an up and half of a down", func(t *testing.T) {
		cmd := start("up")
		time.Sleep(3 * time.Second)
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
		cmd = start("down")
		time.Sleep(50 * time.Millisecond)
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
		up(t, c)
		must(t, c.Ready(t.Context()))
	})
}

func TestRealSideBySide(t *testing.T) {
	first := realCluster(t, Options{Name: "selftest", Slot: 8, Nodes: 1})
	up(t, first)
	taken := realCluster(t, Options{Name: "selftest-b", Slot: 8, Nodes: 1})
	if err := taken.Up(t.Context()); err == nil || !strings.Contains(err.Error(), "slot 8 is taken") {
		t.Errorf("a slot was given twice: %v", err)
	}
	must(t, taken.Down(t.Context()))
	must(t, first.Ready(t.Context()))

	second := realCluster(t, Options{
		Name: "selftest-c", Slot: 7, Nodes: 0,
		ExtraArgs: map[string][]string{controllerManager: {"--node-monitor-period=3s", "--kube-api-qps=500"}},
	})
	client := up(t, second)
	_, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "extra"}}, metav1.CreateOptions{})
	must(t, err)
	p, err := second.component(controllerManager)
	must(t, err)
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pids()[0]))
	must(t, err)
	args := strings.Split(string(line), "\x00")
	if !slices.Contains(args, "--kube-api-qps=500") || !slices.Contains(args, "--node-monitor-period=3s") ||
		slices.Contains(args, "--node-monitor-period=2s") {
		t.Errorf("the controller manager runs with %v", args)
	}
	must(t, second.Down(t.Context()))
	must(t, first.Ready(t.Context()))
}

func TestRealFailureExplained(t *testing.T) {
	c := realCluster(t, Options{Nodes: 0, ExtraArgs: map[string][]string{"kube-apiserver": {"--no-such-flag=1"}}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := c.Up(ctx)
	if err == nil || !strings.Contains(err.Error(), "unknown flag: --no-such-flag") {
		t.Errorf("up does not say why it failed: %v", err)
	}
	if ctx.Err() != nil {
		t.Error("up did not notice that the API server had ended")
	}
}

// TestRealDownSparesOthers checks that Down never kills a foreign process, wherever its
// working directory is.
func TestRealDownSparesOthers(t *testing.T) {
	c := realCluster(t, Options{Nodes: 1})
	up(t, c)
	other := exec.Command("sleep", "600")
	other.Dir = c.layout.state()
	must(t, other.Start())
	defer func() {
		if err := other.Process.Signal(syscall.Signal(0)); err != nil {
			t.Error("down ended a process that is not the cluster's:", err)
		}
		must(t, other.Process.Kill())
		_ = other.Wait()
	}()
	must(t, c.Down(t.Context()))
}
