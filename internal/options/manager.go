package options

import "flag"

// defaultPauseImage is the image that Kubernetes runs in every pod, so nodes have it or can pull it.
const defaultPauseImage = "registry.k8s.io/pause:3.10.1"

// Manager holds the settings of the manager.
type Manager struct {
	Common
	// Installation names this installation on the DaemonSets that it applies: namespace and
	// name of its Deployment. Others with an overlapping namespace keep off their Jobs.
	Installation string
	// PauseImage keeps a pod of a Job in Exit mode running when its work is done.
	PauseImage string
	// PauseResources are what that image's container requests and is limited to.
	PauseResources Resources
	// Concurrency is how many Jobs are reconciled at the same time.
	Concurrency int
}

// NewManager returns the defaults of the manager's settings.
func NewManager() *Manager {
	return &Manager{
		Common:         *newCommon(managerMetrics, managerHealth),
		PauseImage:     defaultPauseImage,
		PauseResources: defaultPauseResources,
		Concurrency:    4,
	}
}

// Bind declares the flags in fs. Call Parse when all flags are declared.
func (o *Manager) Bind(fs *flag.FlagSet) {
	o.Common.Bind(fs)
	set(fs, &o.Installation, parseInstallation, "installation",
		"name of this installation: another one that watches the same namespaces keeps off the Jobs that this one runs (default: the host's name)")
	set(fs, &o.PauseImage, parseText, "pause-image", "image that keeps the pods of Jobs in completionMode Exit running when their work is done")
	set(fs, &o.PauseResources, parseResources, "pause-resources",
		"what that image's container requests and, after a colon, is limited to: raise it where a LimitRange asks for more")
	set(fs, &o.Concurrency, parsePositive, "max-concurrent-reconciles", "how many Jobs are reconciled at the same time")
}
