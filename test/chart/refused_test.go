package chart

import (
	"testing"

	. "github.com/onsi/gomega"
)

// TestWrongValuesAreRefused sets values that would be ignored, or fail later and elsewhere.
func TestWrongValuesAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		values string
		want   []string
	}{
		"a value that is not there":    {"replicaCount: 2", []string{"'replicaCount' not allowed"}},
		"one in a group":               {"image: {name: a}", []string{"/image", "'name' not allowed"}},
		"a word for a number":          {"replicas: two", []string{"/replicas", "want integer"}},
		"a word for a truth":           {"crds: {install: 'yes'}", []string{"/crds/install", "want boolean"}},
		"a namespace for a list":       {"watchNamespaces: a", []string{"/watchNamespaces", "want array"}},
		"no namespace":                 {"watchNamespaces: [A_B]", []string{"/watchNamespaces/0"}},
		"a namespace twice":            {"watchNamespaces: [a, a]", []string{"/watchNamespaces", "equal"}},
		"a mode that is not there":     {"guard: {mode: maybe}", []string{"/guard/mode", "'require', 'ignore'"}},
		"a policy that is not there":   {"image: {pullPolicy: Sometimes}", []string{"/image/pullPolicy", "'IfNotPresent'"}},
		"a tag in the repository":      {"image: {repository: 'a/b:v1'}", []string{"/image/repository"}},
		"a digest that is none":        {"image: {digest: abc}", []string{"/image/digest"}},
		"a secret that is a name":      {"image: {pullSecrets: [a]}", []string{"/image/pullSecrets/0", "want object"}},
		"a number for a label":         {"podLabels: {a: 1}", []string{"/podLabels/a", "want string"}},
		"an argument":                  {"manager: {extraArgs: [watch-namespace=a]}", []string{"/manager/extraArgs/0"}},
		"a variable of the chart's":    {"manager: {extraEnv: [{name: WATCH_NAMESPACE, value: a}]}", []string{"WATCH_NAMESPACE", "use the value for it"}},
		"one of the terminator's":      {"terminator: {extraEnv: [{name: TERMINATION_WORD, value: a}]}", []string{"TERMINATION_WORD", "use the value for it"}},
		"memory that is none":          {"manager: {resources: {limits: {memory: much}}}", []string{"/manager/resources/limits/memory"}},
		"a monitor of no Service":      {"metrics: {service: {create: false}, serviceMonitor: {create: true}}", []string{"needs metrics.service.create"}},
		"an interval that is none":     {"metrics: {serviceMonitor: {interval: often}}", []string{"/metrics/serviceMonitor/interval"}},
		"no account":                   {"serviceAccount: {create: false}", []string{"set serviceAccount.name"}},
		"a name that Kubernetes lacks": {"fullnameOverride: My_Name", []string{"/fullnameOverride"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			_, err := helm(t, append([]string{"template", release, folder}, with(t, test.values)...)...)
			g.Expect(err).To(HaveOccurred())
			for _, want := range test.want {
				g.Expect(err.Error()).To(ContainSubstring(want))
			}
		})
	}
}

func TestAnOlderKubernetesIsRefused(t *testing.T) {
	g := NewWithT(t)
	_, err := helm(t, "template", release, folder, "--kube-version", "1.29.9")
	g.Expect(err).To(MatchError(ContainSubstring("1.29.9")))
	_, err = helm(t, "template", release, folder, "--kube-version", "1.30.2-gke.100")
	g.Expect(err).NotTo(HaveOccurred())
}
