package main

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestATakeawayExcusesWorkThatIsDoneOnceMore(t *testing.T) {
	g := NewWithT(t)
	taken := &takeaways{}
	now := time.Now()
	before, later, muchLater := now.Add(-time.Second), now.Add(time.Second), now.Add(time.Hour)
	g.Expect(taken.excuse("j", "a", before, later)).To(BeFalse())
	end := taken.begin("j", "a")
	g.Expect(taken.excuse("j", "a", muchLater, muchLater)).To(BeTrue(), "it has not ended")
	end()
	g.Expect(taken.excuse("j", "a", before, later)).To(BeTrue())
	g.Expect(taken.excuse("j", "a", muchLater, muchLater)).To(BeFalse(), "done when it was over")
	g.Expect(taken.excuse("j", "a", before, before)).To(BeFalse(), "run before it began")
	g.Expect(taken.excuse("other", "a", before, later)).To(BeFalse())
	g.Expect(taken.excuse("j", "b", before, later)).To(BeFalse())
	taken.begin("", "b")()
	g.Expect(taken.excuse("j", "b", before, later)).To(BeTrue(), "every Job on the node")
}
