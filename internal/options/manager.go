package options

import "flag"

// defaultPauseImage is the one that Kubernetes runs in every pod, so that nodes
// have it, or can get it, already.
const defaultPauseImage = "registry.k8s.io/pause:3.10.1"

// Manager are the settings of the manager.
type Manager struct {
	Common
	// PauseImage keeps the pods of Jobs in Exit mode when their work is done.
	PauseImage string
	// Concurrency is how many Jobs are looked at at once.
	Concurrency int
}

// NewManager holds the defaults of the manager's settings.
func NewManager() *Manager {
	return &Manager{
		Common:      *newCommon(managerMetrics, managerHealth),
		PauseImage:  defaultPauseImage,
		Concurrency: 4,
	}
}

// Bind declares the flags in fs. Call Parse when all flags are declared.
func (o *Manager) Bind(fs *flag.FlagSet) {
	o.Common.Bind(fs)
	set(fs, &o.PauseImage, parseText, "pause-image", "image that keeps the pods of Jobs in completionMode Exit when their work is done")
	set(fs, &o.Concurrency, parsePositive, "max-concurrent-reconciles", "how many Jobs are looked at at once")
}
