// Package options holds the settings of the manager and the terminator. Each setting is a flag
// and an environment variable: --watch-namespace is WATCH_NAMESPACE. The flag beats the variable,
// and the variable beats the default. An empty variable counts as unset, except WATCH_NAMESPACE,
// where it means all namespaces.
package options

import (
	"flag"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Common holds the settings that the manager and the terminator share.
type Common struct {
	// WatchNamespaces are the namespaces whose Jobs are handled; none means all.
	WatchNamespaces []string
	// MetricsAddress serves /metrics; "0" serves none.
	MetricsAddress string
	// MetricsSecure serves /metrics over TLS, to those alone whose token may get it. Otherwise it
	// is plain HTTP, for everybody.
	MetricsSecure bool
	// MetricsCertPath is the folder of the certificate for it, and empty for a self-signed one.
	MetricsCertPath string
	// MetricsCertName and MetricsCertKey are the files of the certificate and its key in that folder.
	MetricsCertName, MetricsCertKey string
	// HealthAddress serves /healthz and /readyz over HTTP; "0" serves none.
	HealthAddress string
	// PprofAddress serves profiles over HTTP; "0" serves none.
	PprofAddress string
	// LeaderElect lets only one of several replicas reconcile.
	LeaderElect bool
	// LeaseNamespace is the namespace of the lease; empty means that of the pod.
	LeaseNamespace string
	// PodUID is the UID of the pod that this process runs in. It identifies the replica in the lease.
	PodUID string
	// QPS and Burst limit the requests of each client; a QPS of 0 or less sets no limit.
	QPS   float32
	Burst int
	// MemoryLimit is how much memory the container has, 0 if that is unknown. Go's runtime gets
	// nine tenths of it as its soft limit, unless GOMEMLIMIT is set.
	MemoryLimit Bytes
	// ShowVersion makes the process print its version and exit.
	ShowVersion bool
	// Log are the settings of the logger.
	Log zap.Options
}

// The ports differ because both processes run in one pod.
const (
	managerMetrics    = ":8443"
	managerHealth     = ":8081"
	terminatorMetrics = ":8444"
	terminatorHealth  = ":8083"
	off               = "0"
)

func newCommon(metrics, health string) *Common {
	return &Common{
		MetricsAddress:  metrics,
		MetricsSecure:   true,
		MetricsCertName: "tls.crt",
		MetricsCertKey:  "tls.key",
		HealthAddress:   health,
		PprofAddress:    off,
		LeaderElect:     true,
		// API priority and fairness protects the API server. These limits stop a controller
		// with a bug, and are far above its normal rate.
		QPS:   500,
		Burst: 1000,
	}
}

// Bind declares the flags in fs. Call Parse when all flags are declared.
func (o *Common) Bind(fs *flag.FlagSet) {
	set(fs, &o.WatchNamespaces, parseNamespaces, watchNamespaceFlag,
		"comma-separated namespaces whose Jobs are handled (default: all)")
	set(fs, &o.MetricsAddress, parseAddress, "metrics-bind-address", "address that serves /metrics, 0 for none")
	setBool(fs, &o.MetricsSecure, "metrics-secure",
		"serve /metrics over TLS, to those alone whose token may get it; false for plain HTTP and everybody")
	set(fs, &o.MetricsCertPath, parseText, "metrics-cert-path", "folder of the certificate for /metrics (default: a self-signed one)")
	set(fs, &o.MetricsCertName, parseText, "metrics-cert-name", "file of that certificate")
	set(fs, &o.MetricsCertKey, parseText, "metrics-cert-key", "file of its key")
	set(fs, &o.HealthAddress, parseAddress, "health-probe-bind-address", "address that serves /healthz and /readyz, 0 for none")
	set(fs, &o.PprofAddress, parseAddress, "pprof-bind-address", "address that serves profiles, 0 for none")
	setBool(fs, &o.LeaderElect, "leader-elect", "let only one of several replicas reconcile")
	set(fs, &o.LeaseNamespace, parseNamespace, leaseNamespaceFlag,
		"namespace of the lease by which the leader is elected (default: the pod's)")
	set(fs, &o.PodUID, parseText, "pod-uid",
		"UID of the pod that this process runs in, so that it keeps its lease after a crash (default: a random identity)")
	set(fs, &o.QPS, parseQPS, "kube-api-qps", "requests per second of each client, below 0 for no limit")
	set(fs, &o.Burst, parsePositive, "kube-api-burst", "requests of each client at once")
	set(fs, &o.MemoryLimit, parseMemory, "memory-limit",
		"memory of the container; nine tenths of it become the soft limit of Go's runtime, unless GOMEMLIMIT is set; 0 for no limit")
	setBool(fs, &o.ShowVersion, versionFlag, "print the version and exit")
	o.Log.BindFlags(fs)
	config.RegisterFlags(fs)
}

// Terminator holds the settings of the terminator.
type Terminator struct {
	Common
	// PodSelector selects the pods whose logs are followed.
	PodSelector Selector
	// TerminationWord is the word for Jobs that do not set terminationWord.
	TerminationWord string
	// Resync is how often the informer cache enqueues every object again.
	Resync time.Duration
	// MaxLogStreams is how many logs are followed at the same time.
	MaxLogStreams int
	// LogBytesPerSecond limits what all logs together are read while several Jobs wait for
	// their word; zero sets no limit.
	LogBytesPerSecond Bytes
}

// NewTerminator returns the defaults of the terminator's settings.
func NewTerminator() *Terminator {
	return &Terminator{
		Common:            *newCommon(terminatorMetrics, terminatorHealth),
		PodSelector:       defaultSelector,
		TerminationWord:   defaultWord,
		Resync:            10 * time.Minute,
		MaxLogStreams:     2000,
		LogBytesPerSecond: defaultLogBytes,
	}
}

// Bind declares the flags in fs. Call Parse when all flags are declared.
func (o *Terminator) Bind(fs *flag.FlagSet) {
	o.Common.Bind(fs)
	set(fs, &o.WatchNamespaces, parseNamespaces, namespaceFlag,
		"original name of --watch-namespace")
	set(fs, &o.PodSelector, parseSelector, "pod-label-selector", "label selector of the pods whose logs are followed")
	set(fs, &o.TerminationWord, parseWord, "termination-word",
		"word that ends a node's work, for Jobs that do not set terminationWord")
	set(fs, &o.Resync, parseResync, "ticker-duration", "how often all pods and Jobs are reconciled again, a duration or a number of seconds")
	set(fs, &o.MaxLogStreams, parsePositive, "max-log-streams", "how many logs are followed at the same time; with more pods, the logs take turns")
	set(fs, &o.LogBytesPerSecond, parseLogBytes, "log-bytes-per-second",
		"how much all logs together are read while several Jobs wait for their word, 0 for no limit")
}
