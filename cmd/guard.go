package main

import (
	"strings"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/darkowlzz/daemonset-job/internal/guard"
	"github.com/darkowlzz/daemonset-job/internal/options"
)

// newGuard adds to mgr what observes the admission policy for Jobs, with its metric and its
// readiness check. It returns nil if the settings ask for no policy. installation names
// the Deployment that gets the events.
func newGuard(mgr ctrl.Manager, settings *options.Manager, installation string) (*guard.Keeper, error) {
	if settings.AdmissionGuard == options.GuardIgnore {
		return nil, nil
	}
	observed := guard.Options{Install: settings.AdmissionGuard == options.GuardInstall, Elected: mgr.Elected()}
	if namespace, name, ok := strings.Cut(installation, "/"); ok {
		observed.Deployment = client.ObjectKey{Namespace: namespace, Name: name}
	}
	keeper := guard.New(mgr.GetAPIReader(), mgr.GetClient(), mgr.GetEventRecorder(managerName), clock.RealClock{}, observed)
	if err := mgr.AddReadyzCheck("admission policy", keeper.Ready); err != nil {
		return nil, err
	}
	metrics.Registry.MustRegister(keeper)
	return keeper, mgr.Add(keeper)
}
