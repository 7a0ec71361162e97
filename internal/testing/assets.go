package testing

import (
	"os"
	"testing"
)

// RequireAssets ends a test that starts an API server where KUBEBUILDER_ASSETS names
// none. It skips the test, so that its package passes on a machine that has Go alone.
// With CI=true it fails the test, since a skipped one is easily missed there.
func RequireAssets(t testing.TB) {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") != "" {
		return
	}
	const message = "KUBEBUILDER_ASSETS is not set: run `make test-integration`, which sets it to the folder that `make kubernetes` prints"
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
}
