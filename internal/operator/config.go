package operator

import (
	"fmt"
	"net/http"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/version"
)

// restConfig is how the API server is reached. The content type is left to
// controller-runtime: protobuf for built-in kinds, JSON for Jobs.
func (b *Binary) restConfig(log logr.Logger) (*rest.Config, error) {
	cfg, err := config.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: set --kubeconfig or KUBECONFIG, or run in a pod: %w", err)
	}
	cfg.QPS, cfg.Burst = b.Common.QPS, b.Common.Burst
	cfg.UserAgent = b.Name + "/" + version.Version
	// The API server is near, and would compress each event for each watch anew.
	cfg.DisableCompression = true
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &patient{next: next, log: log} })
	return cfg, nil
}

// staticMapper knows the few kinds that the binaries use. Asking the API server
// for them costs requests at each start, and fails while it is away.
func staticMapper(*rest.Config, *http.Client) (meta.RESTMapper, error) {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []schema.GroupVersionKind{
		v1beta1.GroupVersion.WithKind("Job"),
		appsv1.SchemeGroupVersion.WithKind("DaemonSet"),
		corev1.SchemeGroupVersion.WithKind("Pod"),
		corev1.SchemeGroupVersion.WithKind("Event"),
		eventsv1.SchemeGroupVersion.WithKind("Event"),
	} {
		resource, _ := meta.UnsafeGuessKindToResource(kind)
		mapper.Add(kind, meta.RESTScopeNamespace)
		// A cache of some namespaces asks for the scope of a list by its own kind.
		mapper.AddSpecific(kind.GroupVersion().WithKind(kind.Kind+"List"), resource, resource, meta.RESTScopeNamespace)
	}
	return mapper, nil
}
