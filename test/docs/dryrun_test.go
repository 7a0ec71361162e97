package docs

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/crds"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// server is a real API server with the operator's kinds and its admission policy, and with the
// kinds of OLM v0.
type server struct {
	kubeconfig string
	namespaces map[string]bool
}

func start(t *testing.T) *server {
	t.Helper()
	wrappers.RequireAssets(t)
	log.SetLogger(logr.Discard())
	g := NewWithT(t)
	env := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
		CRDs:                  []*apiextensionsv1.CustomResourceDefinition{crds.OperatorGroup(), crds.Subscription(), crds.CatalogSource()},
	}
	config, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	admin, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, config)
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := admin.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	s := &server{filepath.Join(t.TempDir(), "kubeconfig"), map[string]bool{"default": true}}
	g.Expect(os.WriteFile(s.kubeconfig, kubeconfig, 0o600)).To(Succeed())

	for _, args := range [][]string{
		{"apply", "-k", filepath.Join(root, "config", "guard")},
		{"create", "clusterrole", "writes-jobs", "--verb=get,create,patch", "--resource=jobs.daemonset.darkowlzz.space"},
		{"create", "clusterrolebinding", "writes-jobs", "--clusterrole=writes-jobs", "--user=writes-jobs"},
	} {
		_, err := s.kubectl("", args...)
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Eventually(func() error {
		return s.accepts(read(t, "config/samples/daemonset_v1beta1_job.yaml"), "--as=writes-jobs")
	}, "30s").
		Should(MatchError(ContainSubstring("may not create daemonsets.apps")), "the admission policy is enforced")
	return s
}

// kubectl runs the kubectl of the API server's version, and returns what it printed.
func (s *server) kubectl(stdin string, args ...string) (string, error) {
	command := exec.Command(filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "HOME="+filepath.Dir(s.kubeconfig))
	var stdout, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", errors.Join(err, errors.New(stderr.String()))
	}
	return stdout.String(), nil
}

// accepts applies a manifest in a dry run, in which the API server refuses what it would refuse
// of a user, and a field that it does not know.
func (s *server) accepts(text string, args ...string) error {
	_, err := s.kubectl(text, append([]string{"apply", "--server-side", "--dry-run=server", "--validate=strict", "--field-manager=test", "-f", "-"}, args...)...)
	return err
}

// makeNamespace creates the namespace of an object: what was applied in a dry run is not there.
func (s *server) makeNamespace(name string) error {
	if name == "" || s.namespaces[name] {
		return nil
	}
	s.namespaces[name] = true
	_, err := s.kubectl("", "create", "namespace", name)
	return err
}

// build returns what kustomize makes of a kustomization that a document shows. What is on GitHub
// there is the project as it is here.
func (s *server) build(t *testing.T, text string) string {
	t.Helper()
	g := NewWithT(t)
	folder := t.TempDir()
	absolute, err := filepath.Abs(root)
	g.Expect(err).NotTo(HaveOccurred())
	relative, err := filepath.Rel(folder, absolute)
	g.Expect(err).NotTo(HaveOccurred())
	text = regexp.MustCompile(regexp.QuoteMeta(pages)+`([\w/-]+)\?ref=v[\d.]+`).ReplaceAllString(text, relative+"/$1")
	g.Expect(os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600)).To(Succeed())
	built, err := s.kubectl("", "kustomize", folder)
	g.Expect(err).NotTo(HaveOccurred())
	return built
}

// TestTheAPIServerAcceptsEveryManifest applies, in a dry run, all that the documents show and
// all samples.
func TestTheAPIServerAcceptsEveryManifest(t *testing.T) {
	s := start(t)
	all := manifests(t)
	for i := 0; i < len(all); i++ {
		m := all[i]
		if m.kind() == "Kustomization.kustomize.config.k8s.io" {
			built := parse(t, m.where+", built", s.build(t, m.text))
			NewWithT(t).Expect(built).NotTo(BeEmpty(), m.where)
			all = append(all, built...)
			continue
		}
		t.Run(m.where+" "+m.object.GetKind()+" "+m.object.GetName(), func(t *testing.T) {
			if check, ok := others[m.kind()]; ok {
				t.Log(m.kind(), "is checked by its Go type, or by:", check.elsewhere)
				return
			}
			g := NewWithT(t)
			g.Expect(s.makeNamespace(m.object.GetNamespace())).To(Succeed())
			g.Expect(s.accepts(m.text)).To(Succeed())
		})
	}
	t.Run("but no mistake", s.testMistakes)
}

// testMistakes checks that a manifest with a mistake is refused.
func (s *server) testMistakes(t *testing.T) {
	g := NewWithT(t)
	sample := read(t, "config/samples/exit_node_pool.yaml")
	g.Expect(s.accepts(sample)).To(Succeed())
	for mistake, problem := range map[string]string{
		"  paralelism: 1\n":                "paralelism",
		"  parallelism: 0\n":               "parallelism must be a number of at least 1",
		"  completionPolicy: Sometimes\n":  "Unsupported value",
		"  terminationWord: done\n":        "terminationWord is looked for in completionMode Log only",
		"  results: {output: All}\n":       "output",
		"  template: {spec: {image: x}}\n": "image",
	} {
		g.Expect(s.accepts(sample+mistake)).To(MatchError(ContainSubstring(problem)), mistake)
	}
}
