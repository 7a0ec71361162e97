package options

import (
	"flag"
	"fmt"
	"strings"
)

// defaultPauseImage is the image that Kubernetes runs in every pod, so nodes have it or can pull it.
const defaultPauseImage = "registry.k8s.io/pause:3.10.1"

// AdmissionGuard says what the manager does about the admission policy that limits who may
// write what a Job runs.
type AdmissionGuard string

const (
	// GuardInstall applies the policy where it is missing or altered, and starts nothing
	// until it is in place.
	GuardInstall AdmissionGuard = "install"
	// GuardRequire starts nothing until an administrator has applied the policy.
	GuardRequire AdmissionGuard = "require"
	// GuardIgnore needs no policy: whoever may create Jobs can run anything on every node.
	GuardIgnore AdmissionGuard = "ignore"
)

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
	// AdmissionGuard says whether Jobs start without the admission policy for them.
	AdmissionGuard AdmissionGuard
	// Concurrency is how many Jobs are reconciled at the same time.
	Concurrency int
}

// NewManager returns the defaults of the manager's settings.
func NewManager() *Manager {
	return &Manager{
		Common:         *newCommon(managerMetrics, managerHealth),
		PauseImage:     defaultPauseImage,
		PauseResources: defaultPauseResources,
		AdmissionGuard: GuardIgnore,
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
	set(fs, &o.AdmissionGuard, parseAdmissionGuard, "admission-guard",
		"what to do about the admission policy that limits who may write Jobs: install it, require it before anything starts, or ignore it")
	set(fs, &o.Concurrency, parsePositive, "max-concurrent-reconciles", "how many Jobs are reconciled at the same time")
}

func parseAdmissionGuard(text string) (AdmissionGuard, error) {
	switch guard := AdmissionGuard(strings.TrimSpace(text)); guard {
	case GuardInstall, GuardRequire, GuardIgnore:
		return guard, nil
	}
	return "", fmt.Errorf("write %s, %s or %s", GuardInstall, GuardRequire, GuardIgnore)
}
