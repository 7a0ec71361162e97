package jobcache

import (
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// While the watch was interrupted: no event tells of the deletion, and the first Job's word may be another.
func TestAJobMadeAgainIsAnUpdate(t *testing.T) {
	g, job := NewWithT(t), func(uid string) *v1beta1.Job { return wrappers.Job("ns", "j").UID(uid).Obj() }
	g.Expect(MadeAgain(event.UpdateEvent{ObjectOld: job("u"), ObjectNew: job("v")})).To(BeTrue())
	g.Expect(MadeAgain(event.UpdateEvent{ObjectOld: job("u"), ObjectNew: job("u")})).To(BeFalse())
}
