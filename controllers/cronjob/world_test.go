package cronjob_test

import (
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// world is a namespace with its operators, all with one clock.
type world struct {
	ns       string
	clock    *testingclock.FakeClock
	recorder *events.FakeRecorder
	// guarded operators ask for the admission policy.
	guarded bool

	mu sync.Mutex
	// running are the operators that are not stopped.
	running, all []*operator
	emitted      []string
}

func newWorld() *world {
	GinkgoHelper()
	return &world{ns: newNamespace(), clock: testingclock.NewFakeClock(time.Now()), recorder: events.NewFakeRecorder(100000)}
}

func (w *world) add(o *operator) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running, w.all = append(w.running, o), append(w.all, o)
}

func (w *world) remove(o *operator) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = slices.DeleteFunc(w.running, func(other *operator) bool { return other == o })
}

func (w *world) operators() []*operator {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.running)
}

// setTime sets the clock, and wakes what waits for that time.
func (w *world) setTime(t time.Time) {
	w.clock.SetTime(t)
	for _, o := range w.operators() {
		o.tick()
	}
}

func (w *world) step(d time.Duration) { w.setTime(w.clock.Now().Add(d)) }

// settle waits until the operators have nothing to do at this time.
func (w *world) settle() {
	GinkgoHelper()
	const long = 100 * time.Millisecond
	last, since, deadline := -1, time.Now(), time.Now().Add(20*time.Second)
	for time.Since(since) < long {
		time.Sleep(5 * time.Millisecond)
		now, quiet := 0, true
		for _, o := range w.operators() {
			idle, started := o.quiet()
			now, quiet = now+started, quiet && idle
		}
		if now != last || !quiet {
			last, since = now, time.Now()
		}
		Expect(time.Now()).To(BeTemporally("<", deadline), "the operator never settles")
	}
}

// hourly is a CronJob that runs at each full hour.
func hourly(ns, name string) *v1beta1.CronJob {
	return &v1beta1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1beta1.CronJobSpec{
			Schedule:    "0 * * * *",
			JobTemplate: v1beta1.JobTemplateSpec{Spec: v1beta1.JobSpec{Image: "example.com/work:v1"}},
		},
	}
}

// create creates a CronJob, and sets the clock to then if it is not later.
func (w *world) create(c *v1beta1.CronJob) *v1beta1.CronJob {
	GinkgoHelper()
	Expect(k8s.Create(ctx, c)).To(Succeed())
	if w.clock.Now().Before(c.CreationTimestamp.Time) {
		w.setTime(c.CreationTimestamp.Time)
	}
	return c
}

// observed waits until the status is about the CronJob as it is, and returns when it runs
// first.
func (w *world) observed(c *v1beta1.CronJob) time.Time {
	GinkgoHelper()
	first := c.CreationTimestamp.UTC().Truncate(time.Hour).Add(time.Hour)
	Eventually(statusOf(c)).Should(And(HaveField("ObservedGeneration", c.Generation), HaveField("NextScheduleTime", HaveValue(HaveField("Time", BeTemporally("==", first))))))
	return first
}

// statusOf returns the status of a CronJob as it is.
func statusOf(c *v1beta1.CronJob) func() (v1beta1.CronJobStatus, error) {
	return func() (v1beta1.CronJobStatus, error) {
		now := &v1beta1.CronJob{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(c), now)
		return now.Status, err
	}
}

// condition returns a condition of a CronJob, as in "True Scheduled", empty if it has none.
func condition(c *v1beta1.CronJob, conditionType string) func() (string, error) {
	return func() (string, error) {
		status, err := statusOf(c)()
		if found := meta.FindStatusCondition(status.Conditions, conditionType); found != nil {
			return string(found.Status) + " " + found.Reason, err
		}
		return "", err
	}
}

// message returns the message of a condition of a CronJob.
func message(c *v1beta1.CronJob, conditionType string) string {
	GinkgoHelper()
	status, err := statusOf(c)()
	Expect(err).NotTo(HaveOccurred())
	found := meta.FindStatusCondition(status.Conditions, conditionType)
	Expect(found).NotTo(BeNil())
	return found.Message
}

// edit changes the spec of a CronJob, as a user does.
func edit(c *v1beta1.CronJob, change func(*v1beta1.CronJobSpec)) {
	GinkgoHelper()
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(c), c); err != nil {
			return err
		}
		change(&c.Spec)
		return k8s.Update(ctx, c)
	}).Should(Succeed())
}

// eventsOf returns the events of that reason. The fake recorder does not say of which CronJob.
func (w *world) eventsOf(reason string) (found []string) {
	for {
		select {
		case text := <-w.recorder.Events:
			w.emitted = append(w.emitted, text)
			continue
		default:
		}
		break
	}
	for _, text := range w.emitted {
		if strings.Contains(text, " "+reason+" ") {
			found = append(found, text)
		}
	}
	return found
}
