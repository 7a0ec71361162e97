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

// A leader that stops releases its lease, and another replica acquires it within retryPeriod.
// A leader that crashes renews its own lease as soon as the kubelet has restarted it.
// Another replica waits for leaseDuration only when the leader's node is lost.
//
// A leader exits when the API server is unreachable for renewDeadline. A restart of the API
// server is shorter. The rest of leaseDuration covers clock skew and the leader's last request.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = time.Second
)

const inClusterNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// leaseLock returns the lease called name, by which the replicas elect their leader.
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
	// A request that hangs must leave time for a second one within renewDeadline.
	cfg.Timeout = renewDeadline / 2
	clientset, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("creating lease client: %w", err)
	}
	return resourcelock.New(resourcelock.LeasesResourceLock, namespace, name,
		clientset.CoreV1(), clientset.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: identity})
}

// identity returns the name of this replica in the lease. It stays the same when the kubelet
// restarts the container, which then still holds the lease. That is safe because the kubelet
// never runs two containers of one name in a pod at once.
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

// leaseNamespace returns the namespace of the lease: the setting, or the namespace of the pod.
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
