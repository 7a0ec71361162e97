// Package v1beta1 is the daemonset.darkowlzz.space/v1beta1 API: a Job that runs
// a container once on every node of a cluster, and the names that the manager, the
// terminator and users rely on.
// +kubebuilder:object:generate=true
// +groupName=daemonset.darkowlzz.space
package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of this package's kinds.
	GroupVersion = schema.GroupVersion{Group: "daemonset.darkowlzz.space", Version: "v1beta1"}

	// SchemeBuilder collects the kinds that AddToScheme adds.
	SchemeBuilder = &schemeBuilder{}

	// AddToScheme adds the kinds of this package to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func init() {
	SchemeBuilder.Register(&Job{}, &JobList{})
	SchemeBuilder.Register(&JobRecord{}, &JobRecordList{})
	SchemeBuilder.Register(&CronJob{}, &CronJobList{})
}

// schemeBuilder has the method that operator-sdk calls for a new kind. The one of
// controller-runtime would be imported by all that imports this package.
type schemeBuilder runtime.SchemeBuilder

// Register adds kinds of this package.
func (b *schemeBuilder) Register(kinds ...runtime.Object) {
	(*runtime.SchemeBuilder)(b).Register(func(s *runtime.Scheme) error {
		s.AddKnownTypes(GroupVersion, kinds...)
		metav1.AddToGroupVersion(s, GroupVersion)
		return nil
	})
}

// AddToScheme adds the registered kinds to a scheme.
func (b *schemeBuilder) AddToScheme(s *runtime.Scheme) error {
	return (*runtime.SchemeBuilder)(b).AddToScheme(s)
}
