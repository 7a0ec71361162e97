package testing

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// RequireKubernetes skips a test of what came with a version of Kubernetes, as "1.34", on an
// API server that is older. what names it.
func RequireKubernetes(t testing.TB, config *rest.Config, since, what string) {
	t.Helper()
	if server := serverVersion(t, config); server.LessThan(version.MustParseGeneric(since)) {
		t.Skipf("Kubernetes %s has no %s, which came with %s", server, what, since)
	}
}

// RequireKubernetesBefore skips a test of an API server that lacks what came with a version
// of Kubernetes, as "1.34", on one that has it. what names it.
func RequireKubernetesBefore(t testing.TB, config *rest.Config, since, what string) {
	t.Helper()
	if server := serverVersion(t, config); server.AtLeast(version.MustParseGeneric(since)) {
		t.Skipf("Kubernetes %s has %s, which came with %s", server, what, since)
	}
}

// serverVersion returns the version that the API server says it is.
func serverVersion(t testing.TB, config *rest.Config) *version.Version {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	info, err := client.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	server, err := version.ParseGeneric(info.GitVersion)
	if err != nil {
		t.Fatal(err)
	}
	return server
}
