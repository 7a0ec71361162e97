package operator

import (
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/options"
	"github.com/darkowlzz/daemonset-job/internal/version"
)

// restConfig returns how to connect to the API server. It leaves the content type to
// controller-runtime: protobuf for built-in kinds, JSON for Jobs.
func restConfig(name string, o *options.Common) (*rest.Config, error) {
	cfg, err := config.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: set --kubeconfig or KUBECONFIG, or run in a pod: %w", err)
	}
	cfg.QPS, cfg.Burst = o.QPS, o.Burst
	cfg.UserAgent = name + "/" + version.Version
	// The API server is near. With compression it would compress each event once for each watch.
	cfg.DisableCompression = true
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &watchRetryTransport{next: &timeoutTransport{next: next, timeout: requestTimeout}, log: ctrl.Log}
	})
	return cfg, nil
}

// staticMapper returns a mapper of the few kinds that the controllers use. A mapper that asks
// the API server sends requests at each start, and fails while the API server is unreachable.
func staticMapper(*rest.Config, *http.Client) (meta.RESTMapper, error) {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []schema.GroupVersionKind{
		corev1.SchemeGroupVersion.WithKind("Node"),
		admissionv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicy"),
		admissionv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicyBinding"),
	} {
		mapper.Add(kind, meta.RESTScopeRoot)
	}
	for _, kind := range []schema.GroupVersionKind{
		v1beta1.GroupVersion.WithKind("Job"),
		v1beta1.GroupVersion.WithKind("CronJob"),
		v1beta1.GroupVersion.WithKind("JobRecord"),
		appsv1.SchemeGroupVersion.WithKind("DaemonSet"),
		appsv1.SchemeGroupVersion.WithKind("Deployment"),
		corev1.SchemeGroupVersion.WithKind("Pod"),
		corev1.SchemeGroupVersion.WithKind("Event"),
		eventsv1.SchemeGroupVersion.WithKind("Event"),
	} {
		resource, _ := meta.UnsafeGuessKindToResource(kind)
		mapper.Add(kind, meta.RESTScopeNamespace)
		// A cache that is limited to namespaces looks up the scope of the list's kind.
		mapper.AddSpecific(kind.GroupVersion().WithKind(kind.Kind+"List"), resource, resource, meta.RESTScopeNamespace)
	}
	return mapper, nil
}
