package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kruiseFiles holds OpenKruise's manager and CRDs, and is empty if OpenKruise is not
// measured.
type kruiseFiles struct{ manager, crds string }

// findKruise finds the CRDs of a kruise-manager in its checkout, starting in the folder
// of the program and going up.
func findKruise(manager string) (kruiseFiles, error) {
	if manager == "" {
		return kruiseFiles{}, nil
	}
	manager, err := filepath.Abs(manager)
	if err != nil {
		return kruiseFiles{}, err
	}
	info, err := os.Stat(manager)
	switch {
	case err != nil:
		return kruiseFiles{}, fmt.Errorf("%w: build one with make kruise, which prints its path", err)
	case info.IsDir() || info.Mode()&0o111 == 0:
		return kruiseFiles{}, fmt.Errorf("%s is not a program: give the path of a kruise-manager", manager)
	}
	for folder := filepath.Dir(manager); ; folder = filepath.Dir(folder) {
		crds := filepath.Join(folder, "config", "crd", "bases")
		if _, err := os.Stat(filepath.Join(crds, "apps.kruise.io_broadcastjobs.yaml")); err == nil {
			return kruiseFiles{manager, crds}, nil
		}
		if folder == filepath.Dir(folder) {
			return kruiseFiles{}, fmt.Errorf("no config/crd/bases with OpenKruise's CRDs in the folder of %s or one above: leave it in its checkout", manager)
		}
	}
}

const (
	kruiseNamespace, kruiseAccount = "kruise-system", "kruise-manager"
	kruiseMetrics, kruiseProbes    = "127.0.0.1:28084", "127.0.0.1:28085"
	kruiseWebhooks                 = "28086"
)

// installKruise installs OpenKruise's CRDs, and gives its manager every right. It
// installs no webhooks, which would slow its Jobs down. The manager still requires
// their configurations, so it installs empty ones.
func (e *env) installKruise() error {
	if e.programs.kruise.manager == "" {
		return nil
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-f", e.programs.kruise.crds},
		{"wait", "--for=condition=Established", "crd/broadcastjobs.apps.kruise.io"},
		{"apply", "-f", "test/bench/simulation/kruise.yaml"},
	} {
		if _, err := e.kubectl(args...); err != nil {
			return err
		}
	}
	return e.writeServiceAccountKubeconfig(filepath.Join(e.folder, "kruise-kubeconfig"), kruiseNamespace, kruiseAccount)
}

// kruise is OpenKruise's running manager.
type kruise struct{ manager *process }

// startKruise starts the manager with client limits that do not slow it down. It
// returns when the manager reconciles BroadcastJobs.
func (e *env) startKruise(ctx context.Context) (*kruise, error) {
	manager, err := start(e.folder, "kruise-manager", []string{
		"WEBHOOK_HOST=localhost", "WEBHOOK_PORT=" + kruiseWebhooks, "WEBHOOK_CERT_DIR=" + filepath.Join(e.folder, "kruise-certificates"),
	}, e.programs.kruise.manager,
		"--kubeconfig="+filepath.Join(e.folder, "kruise-kubeconfig"), "--rest-config-qps=10000", "--rest-config-burst=10000",
		"--enable-leader-election=false", "--enable-pprof=false", "--metrics-addr="+kruiseMetrics, "--health-probe-addr="+kruiseProbes,
		// This feature keeps a record of the images of each node, which is other work.
		"--feature-gates=KruiseDaemon=false")
	if err != nil {
		return nil, err
	}
	k := &kruise{manager}
	if err := e.awaitKruise(ctx, k); err != nil {
		k.stop()
		return nil, fmt.Errorf("kruise-manager is not ready, see %s: %w", e.folder, err)
	}
	return k, nil
}

// awaitKruise waits until the manager has reconciled a BroadcastJob that matches no
// node.
func (e *env) awaitKruise(ctx context.Context, k *kruise) error {
	probe := workload{name: "probe", selector: map[string]string{"bench/none": "true"}}.broadcastJob(kruiseNamespace)
	if err := e.client.Create(ctx, probe); err != nil {
		return err
	}
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		select {
		case <-k.manager.ended:
			return false, errors.New("the process has ended by itself")
		default:
		}
		now := &unstructured.Unstructured{}
		now.SetGroupVersionKind(broadcastJobKind)
		err := e.client.Get(ctx, client.ObjectKeyFromObject(probe), now)
		phase, _, _ := unstructured.NestedString(now.Object, "status", "phase") // An unreadable phase counts as none.
		return phase != "", err
	})
	return errors.Join(err, e.client.Delete(ctx, probe))
}

// usage returns the usage of the manager. OpenKruise has no terminator.
func (k *kruise) usage() (manager, terminator usage, err error) {
	manager, err = k.manager.usage()
	return manager, usage{}, err
}

// rest waits. OpenKruise's manager serves no profile, which would start a collection.
func (k *kruise) rest(ctx context.Context) error { return sleep(ctx, restTime) }

func (k *kruise) stop() { k.manager.stop() }
