// Package chart tests the Helm chart with Helm itself: what it renders, what it refuses, and
// what it does to a real API server.
package chart

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

const (
	folder = "../../charts/daemonset-job"
	// release and namespace are those by which the names equal those of config/default.
	release, namespace = "daemonset-job", "daemonset-job-system"
)

// require returns the path of a program that make test-chart has built. It skips the test where
// Go alone is to be enough.
func require(t *testing.T, variable string) string {
	t.Helper()
	program := os.Getenv(variable)
	if program == "" {
		t.Skip(variable + " is not set: run `make test-chart-releases`, which builds what these tests need")
	}
	return program
}

// helm runs Helm with settings of its own, and returns what it printed. An error has what Helm
// printed about it.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := exec.Command(require(t, "HELM"), args...)
	home := t.TempDir()
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	return output(command)
}

func output(command *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", errors.Join(err, errors.New(stderr.String()))
	}
	return stdout.String(), nil
}

// objects are manifests by kind, namespace and name.
type objects map[string]*unstructured.Unstructured

// parse returns the objects of manifests, and fails if two have one name.
func parse(t *testing.T, manifests string) objects {
	t.Helper()
	g := NewWithT(t)
	found := objects{}
	for _, document := range regexp.MustCompile(`(?m)^---\n`).Split(manifests, -1) {
		object := &unstructured.Unstructured{}
		g.Expect(yaml.UnmarshalStrict([]byte(document), &object.Object)).To(Succeed(), document)
		if len(object.Object) == 0 {
			continue
		}
		key := fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
		g.Expect(found).NotTo(HaveKey(key))
		found[key] = object
	}
	return found
}

// render returns what the chart renders with these flags.
func render(t *testing.T, args ...string) objects {
	t.Helper()
	manifests, err := helm(t, append([]string{"template", release, folder, "--namespace", namespace}, args...)...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return parse(t, manifests)
}

// with returns the flags that set values by YAML.
func with(t *testing.T, values string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	NewWithT(t).Expect(os.WriteFile(file, []byte(values), 0o644)).To(Succeed())
	return []string{"--values", file}
}

// get returns an object of a Go type.
func get[T any](t *testing.T, from objects, key string) *T {
	t.Helper()
	g := NewWithT(t)
	g.Expect(from).To(HaveKey(key))
	typed := new(T)
	g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(from[key].Object, typed)).To(Succeed())
	return typed
}

// names returns the values that the chart's README documents. make verify keeps them equal to
// values.yaml.
func names(t *testing.T) []string {
	t.Helper()
	g := NewWithT(t)
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	g.Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z.]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		found = append(found, row[1])
	}
	g.Expect(len(found)).To(BeNumerically(">", 20))
	return found
}

// groups returns the maps that hold these values: metrics and metrics.service of
// metrics.service.create.
func groups(names []string) []string {
	var found []string
	for _, name := range names {
		for i, letter := range name {
			if letter == '.' && !slices.Contains(found, name[:i]) {
				found = append(found, name[:i])
			}
		}
	}
	return found
}
