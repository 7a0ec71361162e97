package plan

import (
	"testing"

	. "github.com/onsi/gomega"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The end that lets a Job go on is told from those that are only counted.
func TestAPlanSaysWhichEndItAwaits(t *testing.T) {
	for name, test := range map[string]struct {
		job  *wrappers.JobWrapper
		pods []*wrappers.PodWrapper
		want Awaits
	}{
		"all nodes at once":                {job(), pods(pod("a"), pod("b").Completed(), pod("c")), Awaits{Ends: 3}},
		"a failed node is over":            {job().MaxFailedNodes("100%"), pods(pod("a"), crashing("b")), Awaits{Ends: 3}},
		"parallelism, all slots in use":    {job().Parallelism("2"), pods(pod("a"), pod("b").Gated(), pod("c")), Awaits{Ends: 2, Slots: true}},
		"parallelism, a slot is free":      {job().Parallelism("2"), pods(pod("a"), pod("b").Gated(), pod("c").Gated()), Awaits{Ends: 2, Slots: true}},
		"the Job is complete":              {job(), pods(pod("a").Completed(), pod("b").Completed(), pod("c").Completed(), pod("d").Completed()), Awaits{}},
		"suspended, with nodes at work":    {job().Parallelism("2").Suspend(true), pods(pod("a"), pod("b").Gated()), Awaits{Ends: 1, Slots: true}},
		"held, and resumed by a person":    {job(), pods(crashing("a"), pod("b")), Awaits{}},
		"no pod is made yet, at the start": {job(), nil, Awaits{Ends: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(Compute(stateWith(test.job, daemonSet(4, 4), test.pods...)).Awaits).To(Equal(test.want))
		})
	}
}
