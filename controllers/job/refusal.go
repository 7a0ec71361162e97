package job

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// isRefusal reports whether an error of a write says that the API server would refuse
// the same object again.
//
// A field that the API server does not know, because its Kubernetes is older than the
// Job's template, makes it answer with code 500 and no reason: only the message tells.
func isRefusal(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) ||
		err != nil && strings.Contains(err.Error(), "failed to create typed patch object")
}
