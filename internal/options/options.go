// Package options holds the settings of both binaries. Each setting is a flag
// and an environment variable: --watch-namespace is WATCH_NAMESPACE. A flag
// beats the variable, and the variable beats the default; an empty variable is
// one that is not set, except WATCH_NAMESPACE, where it means all namespaces.
package options

import (
	"flag"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Common are the settings that both binaries have.
type Common struct {
	// WatchNamespaces are the namespaces to work in; none means all.
	WatchNamespaces []string
	// MetricsAddress serves /metrics over HTTP; "0" serves none.
	MetricsAddress string
	// HealthAddress serves /healthz and /readyz over HTTP; "0" serves none.
	HealthAddress string
	// PprofAddress serves profiles over HTTP; "0" serves none.
	PprofAddress string
	// LeaderElect makes only one of several replicas work at a time.
	LeaderElect bool
	// LeaseNamespace is where the lease is; empty means that of the pod.
	LeaseNamespace string
	// PodUID identifies the pod that this process is in; it is
	// what a replica is known by in the lease.
	PodUID string
	// QPS and Burst limit the requests of each client; a QPS of 0 or less does not.
	QPS   float32
	Burst int
	// ShowVersion asks for the version and nothing else.
	ShowVersion bool
	// Log are the settings of the logger.
	Log zap.Options
}

// Ports of the binaries differ, since both run in one pod.
const (
	managerMetrics    = ":8080"
	managerHealth     = ":8081"
	terminatorMetrics = ":8082"
	terminatorHealth  = ":8083"
	off               = "0"
)

func newCommon(metrics, health string) *Common {
	return &Common{
		MetricsAddress: metrics,
		HealthAddress:  health,
		PprofAddress:   off,
		LeaderElect:    true,
		// The API server's priority and fairness is what protects it. These keep a
		// mistake of ours from becoming its problem, and are never met in normal work.
		QPS:   500,
		Burst: 1000,
	}
}

// Bind declares the flags in fs. Call Parse when all flags are declared.
func (o *Common) Bind(fs *flag.FlagSet) {
	set(fs, &o.WatchNamespaces, parseNamespaces, watchNamespaceFlag,
		"comma-separated namespaces to work in (default: all)")
	set(fs, &o.MetricsAddress, parseAddress, "metrics-bind-address", "where /metrics is served, 0 for nowhere")
	set(fs, &o.HealthAddress, parseAddress, "health-probe-bind-address", "where /healthz and /readyz are served, 0 for nowhere")
	set(fs, &o.PprofAddress, parseAddress, "pprof-bind-address", "where profiles are served, 0 for nowhere")
	setBool(fs, &o.LeaderElect, "leader-elect", "let only one of several replicas work at a time")
	set(fs, &o.LeaseNamespace, parseNamespace, leaseNamespaceFlag,
		"namespace of the lease by which the leader is elected (default: the pod's)")
	set(fs, &o.PodUID, parseText, "pod-uid",
		"UID of the pod that this process is in, by which it takes its lease over after a crash (default: a random identity)")
	set(fs, &o.QPS, parseQPS, "kube-api-qps", "requests per second of each client, below 0 for no limit")
	set(fs, &o.Burst, parsePositive, "kube-api-burst", "requests of each client at once")
	setBool(fs, &o.ShowVersion, versionFlag, "print the version and exit")
	o.Log.BindFlags(fs)
	config.RegisterFlags(fs)
}

// Terminator are the settings of the terminator.
type Terminator struct {
	Common
	// PodSelector selects the pods to look at.
	PodSelector Selector
	// TerminationWord is the word of Jobs that do not set their own.
	TerminationWord string
	// Resync is how often everything in the cache is looked at again.
	Resync time.Duration
	// MaxLogStreams is how many logs are followed at once.
	MaxLogStreams int
}

// NewTerminator holds the defaults of the terminator's settings.
func NewTerminator() *Terminator {
	return &Terminator{
		Common:          *newCommon(terminatorMetrics, terminatorHealth),
		PodSelector:     defaultSelector,
		TerminationWord: defaultWord,
		Resync:          10 * time.Minute,
		MaxLogStreams:   2000,
	}
}

// Bind declares the flags in fs. Call Parse when all flags are declared.
func (o *Terminator) Bind(fs *flag.FlagSet) {
	o.Common.Bind(fs)
	set(fs, &o.WatchNamespaces, parseNamespaces, namespaceFlag,
		"the original name of --watch-namespace, which beats it")
	set(fs, &o.PodSelector, parseSelector, "pod-label-selector", "labels of the pods to look at")
	set(fs, &o.TerminationWord, parseWord, "termination-word",
		"word that ends a node's work, for Jobs that do not set terminationWord")
	set(fs, &o.Resync, parseResync, "ticker-duration", "how often all pods and Jobs are looked at again, a duration or a number of seconds")
	set(fs, &o.MaxLogStreams, parsePositive, "max-log-streams", "how many logs are followed at once; with more pods, they take turns")
}
