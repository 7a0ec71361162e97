package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// build returns the objects of folders of config/, which are the source of the chart, without the
// namespace: Helm creates that of a release, if it is asked to.
func build(t *testing.T, kustomization string) objects {
	t.Helper()
	program := require(t, "KUSTOMIZE")
	g := NewWithT(t)
	overlay, err := filepath.EvalSymlinks(t.TempDir())
	g.Expect(err).NotTo(HaveOccurred())
	config, err := filepath.Abs("../../config")
	g.Expect(err).NotTo(HaveOccurred())
	// kustomize takes no absolute path.
	config, err = filepath.Rel(overlay, config)
	g.Expect(err).NotTo(HaveOccurred())
	text := strings.ReplaceAll(kustomization, "config/", config+"/")
	g.Expect(os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(text), 0o644)).To(Succeed())
	built, err := output(exec.Command(program, "build", overlay))
	g.Expect(err).NotTo(HaveOccurred())
	manifests := parse(t, built)
	g.Expect(manifests).To(HaveKey("Namespace /" + namespace))
	delete(manifests, "Namespace /"+namespace)
	return manifests
}

// TestTheRenderingEqualsTheManifests compares the chart with what kustomize builds: nothing more,
// nothing less.
func TestTheRenderingEqualsTheManifests(t *testing.T) {
	for name, test := range map[string]struct {
		kustomization string
		rendered      func(*testing.T) objects
	}{
		"config/default": {
			"resources: [config/default]",
			func(t *testing.T) objects { return render(t) },
		},
		"config/default, named otherwise": {"resources: [config/default]", renamed},
		"with config/prometheus": {
			"resources: [config/default, config/prometheus]",
			func(t *testing.T) objects {
				return render(t, "--set", "metrics.serviceMonitor.create=true,metrics.prometheusRule.create=true")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			manifests, rendered := build(t, test.kustomization), test.rendered(t)
			for key, object := range rendered {
				g.Expect(manifests).To(HaveKey(key), "the chart alone has it")
				normalize(manifests[key])
				normalize(object)
				g.Expect(object.Object).To(Equal(manifests[key].Object), key)
			}
			for key := range manifests {
				g.Expect(rendered).To(HaveKey(key), "the chart lacks it")
			}
		})
	}
}

// TestACertificateIsServedAsByTheComponent compares what the chart does with a Secret of
// cert-manager with what config/components/cert-manager does. The certificate itself is for
// the user to ask for.
func TestACertificateIsServedAsByTheComponent(t *testing.T) {
	g := NewWithT(t)
	manifests := build(t, "resources: [config/default, config/prometheus]\ncomponents: [config/components/cert-manager]")
	rendered := render(t, "--set", "metrics.serviceMonitor.create=true,metrics.certSecret=metrics-server-cert")
	for _, key := range []string{deploymentKey, monitorKey, serviceKey} {
		g.Expect(rendered).To(HaveKey(key))
		g.Expect(manifests).To(HaveKey(key))
		normalize(manifests[key])
		normalize(rendered[key])
		g.Expect(rendered[key].Object).To(Equal(manifests[key].Object), key)
	}
	name, _, err := unstructured.NestedStringSlice(manifests["Certificate daemonset-job-system/daemonset-job-metrics"].Object, "spec", "dnsNames")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(name).To(ContainElement(rendered[serviceKey].GetName() + "." + namespace + ".svc"))
}

// renamed returns what the chart renders for a release and namespace of other names, with the
// names replaced.
func renamed(t *testing.T) objects {
	t.Helper()
	manifests, err := helm(t, "template", "mine", folder, "--namespace", "elsewhere")
	g := NewWithT(t)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(manifests).To(And(ContainSubstring("mine-daemonset-job-controller-manager"), ContainSubstring("namespace: elsewhere")))
	return parse(t, strings.NewReplacer("mine-daemonset-job", "daemonset-job", "namespace: elsewhere", "namespace: "+namespace).Replace(manifests))
}

// normalize takes away what Helm adds to each object, and what is the same in another order.
func normalize(object *unstructured.Unstructured) {
	labels := object.GetLabels()
	for _, label := range []string{"helm.sh/chart", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by"} {
		delete(labels, label)
	}
	object.SetLabels(labels)
	annotations := object.GetAnnotations()
	delete(annotations, "helm.sh/resource-policy")
	object.SetAnnotations(annotations)
	object.Object, _ = simplify(object.Object).(map[string]any)
}

// simplify drops empty maps and lists, and orders the environment of containers.
func simplify(node any) any {
	switch node := node.(type) {
	case map[string]any:
		for key, member := range node {
			simple := simplify(member)
			if empty(simple) && (key == "volumes" || key == "volumeMounts" || key == "labels" || key == "annotations") {
				delete(node, key)
				continue
			}
			node[key] = simple
			if variables, ok := simple.([]any); ok && key == "env" {
				slices.SortFunc(variables, func(a, b any) int { return strings.Compare(nameOf(a), nameOf(b)) })
			}
		}
	case []any:
		for i := range node {
			node[i] = simplify(node[i])
		}
	}
	return node
}

func empty(node any) bool {
	switch node := node.(type) {
	case map[string]any:
		return len(node) == 0
	case []any:
		return len(node) == 0
	}
	return false
}

func nameOf(node any) string {
	name, _, _ := unstructured.NestedString(node.(map[string]any), "name")
	return name
}
