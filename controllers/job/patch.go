package job

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Each patch carries the UID of the object that it is meant for: the API server
// refuses it for another object of that name.

// ungatePatch removes the manager's gate from a pod, leaves other gates, and says
// when.
func ungatePatch(uid types.UID, now time.Time) client.Patch {
	return client.RawPatch(types.StrategicMergePatchType, fmt.Appendf(nil,
		`{"metadata":{"uid":%q,"annotations":{%q:%q}},"spec":{"schedulingGates":[{"$patch":"delete","name":%q}]}}`,
		uid, v1beta1.AnnotationUngatedAt, now.UTC().Format(time.RFC3339), v1beta1.SchedulingGate))
}

// gateTemplatePatch adds the manager's gate to the template of a DaemonSet.
func gateTemplatePatch(uid types.UID) client.Patch {
	return client.RawPatch(types.StrategicMergePatchType, fmt.Appendf(nil,
		`{"metadata":{"uid":%q},"spec":{"template":{"spec":{"schedulingGates":[{"name":%q}]}}}}`, uid, v1beta1.SchedulingGate))
}
