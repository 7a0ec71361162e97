package operator

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

// A leader that stops gives its lease up, and the next one has it within
// retryPeriod. One that crashes is started again in its pod and takes its own
// lease back at once. Only one whose node is lost lets leaseDuration pass.
//
// renewDeadline is how long the API server may be away, as for a restart, before
// a leader ends. It leaves a third of leaseDuration for clocks that run apart and
// for a last request that is under way.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = time.Second
)

const inClusterNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// leaseLock is the lease by which the replicas of a binary elect their leader.
func leaseLock(cfg *rest.Config, name string, o *options.Common) (resourcelock.Interface, error) {
	namespace, err := leaseNamespace(o)
	if err != nil {
		return nil, err
	}
	identity, err := identity(o)
	if err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.UserAgent += "/leader-election"
	// One request that hangs must not use up the whole renewDeadline.
	cfg.Timeout = renewDeadline / 2
	clientset, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("creating lease client: %w", err)
	}
	return resourcelock.New(resourcelock.LeasesResourceLock, namespace, name,
		clientset.CoreV1(), clientset.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: identity})
}

// identity tells the replicas apart. The kubelet never runs two containers of
// one name in a pod at once, so that a container that is started again may go on
// with the lease that it held before it crashed.
func identity(o *options.Common) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("finding the host's name: %w", err)
	}
	if o.PodUID != "" {
		return host + "_" + o.PodUID, nil
	}
	return host + "_" + string(uuid.NewUUID()), nil
}

func leaseNamespace(o *options.Common) (string, error) {
	if o.LeaseNamespace != "" {
		return o.LeaseNamespace, nil
	}
	namespace, err := os.ReadFile(inClusterNamespace)
	if errors.Is(err, os.ErrNotExist) {
		return "", errors.New("no namespace for the lease: outside a pod, set --leader-election-namespace, or --leader-elect=false to run a single replica")
	}
	return strings.TrimSpace(string(namespace)), err
}
