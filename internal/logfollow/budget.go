package logfollow

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

const (
	// credit is what a Job may owe and still read. It is more than an ordinary log has between
	// two payments.
	credit = 64 << 10
	// paymentPeriod is the least time between two payments.
	paymentPeriod = 10 * time.Millisecond
)

// budget is how many bytes a second all streams together may read. Jobs read first, and the
// budget then pays what they owe: to all namespaces equally, and in each to all its Jobs. So a
// Job that reads little owes nothing, however much another one reads.
type budget struct {
	// rate is in bytes a second. Zero means no limit.
	rate int64
	// saved is what was not spent: at most what a second brings.
	saved int64
	// paid is when the debts were paid the last time.
	paid time.Time
	// debts are the bytes that are not paid yet, by namespace and Job.
	debts map[string]map[string]int64
}

// newBudget returns a full budget of so many bytes a second.
func newBudget(rate int64) *budget {
	return &budget{rate: rate, saved: rate, debts: map[string]map[string]int64{}}
}

// charge adds n bytes to what a Job owes. A negative n gives bytes back.
func (b *budget) charge(group Group, n int) {
	if b.rate == 0 {
		return
	}
	jobs := b.debts[group.Namespace]
	if jobs == nil {
		jobs = map[string]int64{}
		b.debts[group.Namespace] = jobs
	}
	jobs[group.Job] = max(0, jobs[group.Job]+int64(n))
}

// overdrawn returns whether a Job owes more than its credit.
func (b *budget) overdrawn(group Group) bool { return b.debts[group.Namespace][group.Job] > credit }

// pay pays the debts from what the time since the last payment brought.
func (b *budget) pay(now time.Time) {
	passed := now.Sub(b.paid)
	if b.rate == 0 || passed < paymentPeriod {
		return
	}
	b.paid = now
	b.saved = min(b.saved+int64(float64(b.rate)*min(passed, time.Second).Seconds()), b.rate)
	namespaces := map[string]int64{}
	for namespace, jobs := range b.debts {
		for _, debt := range jobs {
			namespaces[namespace] += debt
		}
	}
	for namespace, amount := range shares(b.saved, namespaces) {
		b.saved -= amount
		jobs := b.debts[namespace]
		for job, part := range shares(amount, jobs) {
			if jobs[job] -= part; jobs[job] == 0 {
				delete(jobs, job)
			}
		}
		if len(jobs) == 0 {
			delete(b.debts, namespace)
		}
	}
}

// shares divides an amount between debts. All get the same, but for those that owe less.
func shares(amount int64, debts map[string]int64) map[string]int64 {
	paid := make(map[string]int64, len(debts))
	names := slices.SortedFunc(maps.Keys(debts), func(a, b string) int {
		return cmp.Or(cmp.Compare(debts[a], debts[b]), cmp.Compare(a, b))
	})
	for i, name := range names {
		paid[name] = min(debts[name], amount/int64(len(names)-i))
		amount -= paid[name]
	}
	return paid
}
