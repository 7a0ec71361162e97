package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// pluginJob is the Job that the plugin shows. pluginAccount, of pluginNamespace, is its
	// user: the audit log has the requests of that namespace's accounts.
	pluginJob, pluginNamespace, pluginAccount = "fleet", "bench-plugin", "user"
	// pluginCPU is how much processor time a command may take.
	pluginCPU = 5 * time.Second
)

// pluginCommand is a command of the plugin, and what becomes of it.
type pluginCommand struct {
	args []string
	code int
	// states are what it shows of the nodes, which are all there.
	states []string
}

// pluginCommands are measured when the Job is over. Some of its nodes failed. The manifest is that
// of another Job on the same nodes.
func pluginCommands(manifest string) []pluginCommand {
	return []pluginCommand{
		{args: []string{"status", pluginJob}, code: 1, states: []string{"Done", "Failed"}},
		{args: []string{"results", pluginJob}, code: 1, states: []string{"Done", "Failed"}},
		{args: []string{"plan", "-o", "wide", "-f", manifest}, states: []string{"Waiting"}},
	}
}

// measurePlugin follows a Job on all nodes by the plugin's status --watch, which must list each
// kind once, and measures the other commands.
func (e *env) measurePlugin(ctx context.Context, program string) error {
	kubeconfig := filepath.Join(e.folder, "plugin.kubeconfig")
	if err := e.addPluginUser(kubeconfig); err != nil {
		return err
	}
	if err := e.client.Create(ctx, newPluginJob()); err != nil {
		return err
	}
	run := func(args ...string) *exec.Cmd {
		return exec.CommandContext(ctx, program, append(args, "--kubeconfig", kubeconfig, "-n", namespaceDone)...)
	}
	watch := run("status", pluginJob, "--watch")
	var shown bytes.Buffer
	watch.Stdout, watch.Stderr = &shown, &shown
	if err := watch.Start(); err != nil {
		return err
	}
	began := time.Now()
	// The watch begins before the operator: it sees the first state of each pod.
	operator, err := e.startOperator(ctx, e.operatorAsShipped())
	if err != nil {
		return errors.Join(err, watch.Process.Kill(), watch.Wait())
	}
	defer operator.stop()
	if code := exitCode(watch.Wait()); code != 1 {
		return fmt.Errorf("status --watch ended with %d:\n%s", code, tail(shown.String()))
	}
	e.logf("%8.1f s  status --watch followed the Job, in %.2f s of its own processor time", time.Since(began).Seconds(), cpuOf(watch).Seconds())
	lists, err := e.audit.lists()
	if err != nil {
		return err
	}
	e.logf("            its lists: %v", lists)
	problems := tooManyLists(lists)
	manifest := filepath.Join(e.folder, "plugin.yaml")
	if err := writePluginManifest(manifest); err != nil {
		return err
	}
	for _, c := range pluginCommands(manifest) {
		problems = append(problems, e.measureCommand(run(c.args...), c))
	}
	return errors.Join(problems...)
}

// measureCommand returns what is wrong with how a command ended and with what it took.
func (e *env) measureCommand(cmd *exec.Cmd, c pluginCommand) error {
	began, title := time.Now(), strings.Join(c.args, " ")
	out, err := cmd.Output()
	if code := exitCode(err); code != c.code {
		return fmt.Errorf("%s ended with %d, want %d: %w", title, code, c.code, err)
	}
	e.logf("%8.1f s  %s, in %.2f s of its own processor time", time.Since(began).Seconds(), title, cpuOf(cmd).Seconds())
	if n := countStates(string(out), c.states); n != e.nodes {
		return fmt.Errorf("%s shows %d nodes as %v, want %d:\n%s", title, n, c.states, e.nodes, tail(string(out)))
	}
	if took := cpuOf(cmd); took >= pluginCPU {
		return fmt.Errorf("%s took %s of processor time, and may take %s", title, took, pluginCPU)
	}
	return nil
}

// addPluginUser writes the kubeconfig of the plugin's user.
func (e *env) addPluginUser(kubeconfig string) error {
	for _, args := range [][]string{
		{"create", "namespace", pluginNamespace},
		{"create", "serviceaccount", pluginAccount, "-n", pluginNamespace},
		{"create", "clusterrolebinding", pluginNamespace, "--clusterrole=cluster-admin", "--serviceaccount=" + pluginNamespace + ":" + pluginAccount},
	} {
		if _, err := e.kubectl(args...); err != nil {
			return err
		}
	}
	return e.writeServiceAccountKubeconfig(kubeconfig, pluginNamespace, pluginAccount)
}

// newPluginJob returns a Job that a few nodes fail, and that stays when it is over.
func newPluginJob() *v1beta1.Job {
	template := &corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{labelBench: benchFlaky}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: v1beta1.ContainerName, Image: image}}, TerminationGracePeriodSeconds: new(int64(0))},
	}
	return &v1beta1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceDone, Name: pluginJob},
		Spec: v1beta1.JobSpec{
			Template: template, CompletionMode: v1beta1.CompletionExit, BackoffLimit: new(int32(0)),
			MaxFailedNodes: new(intstr.FromString("100%")), TTLSecondsAfterFinished: new(int32(86400)),
		},
	}
}

// writePluginManifest writes the manifest of a Job that is not there yet.
func writePluginManifest(file string) error {
	job := newPluginJob()
	job.TypeMeta = metav1.TypeMeta{APIVersion: v1beta1.GroupVersion.String(), Kind: "Job"}
	job.Name += "-next"
	text, err := yaml.Marshal(job)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// cpuOf returns the processor time of a command that has ended.
func cpuOf(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// exitCode returns the exit code that an error of a command says, -1 if it says none.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// countStates returns how many lines of a table have one of the states in their second or third
// column.
func countStates(table string, states []string) int {
	n := 0
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > 1 && slices.ContainsFunc(fields[1:min(3, len(fields))], func(field string) bool { return slices.Contains(states, field) }) {
			n++
		}
	}
	return n
}

// tail returns the last lines of a text.
func tail(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
