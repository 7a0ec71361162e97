package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/pkg/apis/scorecard/v1alpha3"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// serve makes the tests connect to an API server that knows these kinds, and refuses all
// else as a real one refuses an account without rights.
func serve(t *testing.T, kinds ...metav1.APIResource) {
	t.Helper()
	write := func(w http.ResponseWriter, code int, object any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(object)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := "/apis/" + v1beta1.GroupVersion.String()
		switch {
		case r.URL.Path == "/api":
			write(w, http.StatusOK, metav1.APIVersions{})
		case r.URL.Path == "/apis":
			groups := metav1.APIGroupList{}
			if len(kinds) > 0 {
				version := metav1.GroupVersionForDiscovery{GroupVersion: v1beta1.GroupVersion.String(), Version: v1beta1.GroupVersion.Version}
				groups.Groups = []metav1.APIGroup{{Name: v1beta1.GroupVersion.Group, Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version}}
			}
			write(w, http.StatusOK, groups)
		case r.URL.Path == path && len(kinds) > 0:
			write(w, http.StatusOK, metav1.APIResourceList{GroupVersion: v1beta1.GroupVersion.String(), APIResources: kinds})
		case strings.HasPrefix(r.URL.Path, path+"/namespaces/"):
			refusal := apierrors.NewForbidden(v1beta1.GroupVersion.WithResource("jobs").GroupResource(), "", fmt.Errorf(
				`User "system:serviceaccount:default:default" cannot create resource "jobs"`))
			refusal.ErrStatus.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
			write(w, http.StatusForbidden, refusal.ErrStatus)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	config := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
  clusters: [{name: c, cluster: {server: %q}}], users: [{name: u, user: {}}]}`, server.URL)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", file)
}

// results returns what scorecard reads from the log of a test's pod.
func results(g *WithT, name string) v1alpha3.TestResult {
	status := v1alpha3.TestStatus{}
	g.Expect(json.Unmarshal(report([]string{name}), &status)).To(Succeed())
	g.Expect(status.Results).To(HaveExactElements(HaveField("Name", name)))
	return status.Results[0]
}

// TestWithoutRights checks what a user reads who has only the bundle: scorecard runs the
// tests with the account `default`.
func TestWithoutRights(t *testing.T) {
	for name := range checks {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			serve(t, metav1.APIResource{Name: "jobs", Kind: "Job", Namespaced: true, Verbs: metav1.Verbs{"create"}})
			t.Setenv("SCORECARD_NAMESPACE", "mine")
			result := results(g, name)
			g.Expect(result.State).To(Equal(v1alpha3.FailState))
			g.Expect(result.Errors).To(HaveExactElements(ContainSubstring(`"system:serviceaccount:default:default" cannot create`)))
			g.Expect(strings.Count(result.Errors[0], "forbidden")).To(Equal(1), "one refusal is enough: %s", result.Errors[0])
			g.Expect(result.Suggestions).To(HaveExactElements(
				And(ContainSubstring(`namespace "mine"`), ContainSubstring(rights), ContainSubstring("-n mine -s ACCOUNT")),
				And(ContainSubstring("make scorecard"), ContainSubstring(account))))
		})
	}
}

func TestWithoutTheOperator(t *testing.T) {
	for name := range checks {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			serve(t)
			result := results(g, name)
			g.Expect(result.State).To(Equal(v1alpha3.FailState))
			g.Expect(result.Suggestions).To(HaveExactElements(ContainSubstring("install the operator first")), "%q", result.Errors)
		})
	}
}

func TestWrongEntrypoint(t *testing.T) {
	g := NewWithT(t)
	g.Expect(results(g, "none")).To(And(HaveField("State", v1alpha3.ErrorState), HaveField("Suggestions", BeEmpty())))
	g.Expect(string(report(nil))).To(ContainSubstring("no test was named"))
}

// TestRightsAreThoseOfTheRole compares the suggestion with the rights that `make
// scorecard` grants, and with the account that it names.
func TestRightsAreThoseOfTheRole(t *testing.T) {
	g := NewWithT(t)
	role, made := rbacv1.Role{}, metav1.PartialObjectMetadata{}
	for name, into := range map[string]any{"role.yaml": &role, "service_account.yaml": &made} {
		data, err := os.ReadFile(filepath.Join("../../config/scorecard/rbac", name))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(yaml.UnmarshalStrict(data, into)).To(Succeed(), name)
	}
	g.Expect(made.Name).To(Equal(account))
	makefile, err := os.ReadFile("../../hack/bundle/bundle.mk")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(makefile)).To(MatchRegexp(`\toperator-sdk scorecard .* --service-account ` + account + ` `))
	var granted []string
	for _, rule := range role.Rules {
		verbs := slices.Sorted(slices.Values(rule.Verbs))
		list := strings.Join(verbs, ", ")
		if last := len(verbs) - 1; last > 0 {
			list = strings.Join(verbs[:last], ", ") + " and " + verbs[last]
		}
		granted = append(granted, list+" on "+rule.Resources[0]+"."+rule.APIGroups[0])
	}
	g.Expect(strings.Split(rights, ", and ")).To(ConsistOf(granted))
}
