package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// A repair is noticed within half a minute, however long it took.
func TestNoWaitIsLongerThanTheLongest(t *testing.T) {
	g, limiter := NewWithT(t), New()
	g.Expect(limiter.When(reconcile.Request{})).To(BeNumerically("<", 10*time.Millisecond))
	for range 100 {
		g.Expect(limiter.When(reconcile.Request{})).To(BeNumerically("<=", Longest))
	}
	g.Expect(limiter.When(reconcile.Request{})).To(Equal(Longest))
}
