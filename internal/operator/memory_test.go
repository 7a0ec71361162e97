package operator

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

func TestTheMemoryLimitIsNineTenthsOfTheContainers(t *testing.T) {
	for name, test := range map[string]struct {
		container options.Bytes
		env       map[string]string
		limit     int64
		ok        bool
	}{
		"256Mi":                       {256 << 20, nil, 241591905, true},
		"the node's, without a limit": {64 << 30, nil, 61847529057, true},
		"unknown, as outside a pod":   {0, nil, 0, false},
		"the user's limit wins":       {256 << 20, map[string]string{"GOMEMLIMIT": "100MiB"}, 0, false},
		"the user wants none":         {256 << 20, map[string]string{"GOMEMLIMIT": "off"}, 0, false},
		"an empty variable is unset":  {256 << 20, map[string]string{"GOMEMLIMIT": ""}, 241591905, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			limit, ok := memoryLimit(test.container, func(key string) (string, bool) { v, ok := test.env[key]; return v, ok })
			g.Expect(ok).To(Equal(test.ok))
			g.Expect(limit).To(Equal(test.limit))
		})
	}
}

func TestTheLimitIsSet(t *testing.T) {
	g, before := NewWithT(t), debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	none := func(string) (string, bool) { return "", false }
	limitMemory(0, none)
	g.Expect(debug.SetMemoryLimit(-1)).To(Equal(before))
	limitMemory(1<<30, none)
	g.Expect(debug.SetMemoryLimit(-1)).To(Equal(int64(1<<30) / 10 * 9))
}

// churn makes garbage while much is in use, and returns how often it was collected, the largest
// heap, and the longest wait for an answer of another goroutine.
func churn(g Gomega, inUse [][]byte) (collections uint32, heap uint64, wait time.Duration) {
	requests, answers, done := make(chan time.Time), make(chan time.Duration), make(chan struct{})
	go func() {
		for sent := range requests {
			answers <- time.Since(sent)
		}
		close(done)
	}()
	var before, stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var garbage []byte
	for i := range 2000 {
		garbage = make([]byte, 64<<10)
		garbage[i] = 1
		if i%50 == 0 {
			requests <- time.Now()
			wait = max(wait, <-answers)
			runtime.ReadMemStats(&stats)
			heap = max(heap, stats.HeapAlloc)
		}
	}
	close(requests)
	g.Eventually(done).Should(BeClosed())
	runtime.ReadMemStats(&stats)
	runtime.KeepAlive(inUse)
	return stats.NumGC - before.NumGC, heap, wait
}

// Near its limit a process collects garbage more often, stays below the limit, and still answers.
// Without the limit, the heap grows to twice what is in use.
func TestAProcessIsSlowerBeforeItDies(t *testing.T) {
	g, before := NewWithT(t), debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	inUse := make([][]byte, 64)
	for i := range inUse {
		inUse[i] = make([]byte, 1<<20)
	}
	freely, grown, _ := churn(g, inUse)

	const container = options.Bytes(120 << 20)
	limitMemory(container, func(string) (string, bool) { return "", false })
	often, heap, wait := churn(g, inUse)
	t.Logf("%d collections without a limit and a heap of %d MiB, %d with it and %d MiB; the longest answer took %s", freely, grown>>20, often, heap>>20, wait)
	g.Expect(often).To(BeNumerically(">", 2*freely))
	g.Expect(heap).To(BeNumerically("<", uint64(container)))
	g.Expect(wait).To(BeNumerically("<", 5*time.Second))
}
