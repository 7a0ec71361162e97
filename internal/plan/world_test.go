package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// world is a cluster with the Jobs of one name, one after the other. It knows what
// really happens, which the manager observes late or never.
type world struct {
	random *rand.Rand
	now    time.Time
	// version is the resourceVersion of the last change of any object.
	version int64
	made    int

	job *v1beta1.Job
	ds  *appsv1.DaemonSet
	// dsGeneration is the generation of the Job that the DaemonSet's template is from.
	dsGeneration int64
	// seen is the DaemonSet as its controller observed it last.
	seen           *appsv1.DaemonSet
	seenGeneration int64
	machines       []*machine
	// joined are the names of all machines that there ever were.
	joined map[string]bool
	pods   []*simPod
	// pages are the JobRecords of all Jobs.
	pages []*v1beta1.JobRecord
	// limit is the backoffLimit of all Jobs.
	limit int32
	// worked has each node that did the work of a template of a Job.
	worked map[work]bool
	// printed has what each pod that is done printed, with its machine.
	printed map[string]types.UID

	// rules are what the users asked of the nodes of each Job, and what the nodes did.
	rules rules

	manager manager
	// guard is what the manager observed last of the admission policy. observedGuard is what
	// its present reconcile rests on.
	guard, observedGuard Guard
	// refusing API servers take no page.
	refusing bool
	// calm worlds lose no request, and their nodes are healthy.
	calm bool
	// broken says which invariant was broken, empty if none was.
	broken string
	count  counts
	log    []string
}

// counts say how often something happened. A run in which it never does tests nothing.
type counts map[string]int

func (c counts) add(other counts) {
	for what, n := range other {
		c[what] += n
	}
}

// never returns what a long run must have seen and did not.
func (c counts) never() []string {
	return slices.DeleteFunc([]string{
		ungated, verdicts, replaced, retried, reclaimed, restarted, recreated, heldBack, notVouched, recorded, leftForLater, keptDone, stopped, released, resumedFailed, grouped, outlived, outputKept, refusedPages, withheld,
		skipped, pastDeadline, failedForGood, failedJob, triedAgain, madeAgainGated,
	}, func(what string) bool { return c[what] > 0 })
}

const (
	ungated   = "ungated"
	verdicts  = "verdicts"
	replaced  = "replaced"
	retried   = "retried"
	reclaimed = "reclaimed"
	restarted = "restarted"
	recreated = "recreated"
	recorded  = "recorded"
	// A page was full, and the next one waits.
	leftForLater = "left for later"
	// A pod of a node that is done was made again and waits. The work of a failed node was stopped.
	keptDone = "kept done"
	stopped  = "stopped"
	// The pod of a node that is done was deleted. The user resumed a Failed Job.
	released      = "released"
	resumedFailed = "resumed after it failed"
	// Nodes failed alike.
	grouped = "grouped"
	// A page outlived its Job.
	outlived = "outlived"
	// The API server refused a page. A verdict waited for one.
	refusedPages = "refused pages"
	withheld     = "withheld"
	// The policy for Jobs held something back, or did not vouch for a Job.
	heldBack   = "held back"
	notVouched = "not vouched for"
)

// work is a piece of work: that of a template of a Job on a machine.
type work struct {
	job     types.UID
	hash    string
	machine types.UID
}

// machine is a node, and the computer that it stands for.
type machine struct {
	*corev1.Node
	// full machines have no room for a further pod.
	full bool
}

func newWorld(random *rand.Rand) *world {
	w := &world{random: random, now: now, joined: map[string]bool{}, worked: map[work]bool{}, printed: map[string]types.UID{}, rules: newRules(), count: counts{}, limit: random.Int32N(3)}
	for range 2 + w.random.IntN(4) {
		w.join()
	}
	w.createJob()
	return w
}

// chance returns true once in n times.
func (w *world) chance(n int) bool { return w.random.IntN(n) == 0 }

// note keeps the last lines of what happened, for a failure.
func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%8s  ", w.now.Sub(now).Round(100*time.Millisecond))+fmt.Sprintf(format, args...))
	if len(w.log) > 2000 {
		w.log = w.log[1000:]
	}
}

// breaks records that an invariant does not hold.
func (w *world) breaks(format string, args ...any) {
	if w.broken == "" {
		w.broken = fmt.Sprintf(format, args...)
		w.note("BROKEN: %s", w.broken)
	}
}

// next returns the resourceVersion of a change.
func (w *world) next() string {
	w.version++
	return fmt.Sprint(w.version)
}

// stamp returns the time as the API has it.
func (w *world) stamp() metav1.Time { return metav1.NewTime(w.now.Truncate(time.Second)) }

func (w *world) uid(kind string) types.UID {
	w.made++
	return types.UID(fmt.Sprint(kind, w.made))
}

// machine returns the node of this name, nil if there is none.
func (w *world) machine(name string) *machine {
	for _, m := range w.machines {
		if m.Name == name {
			return m
		}
	}
	return nil
}

func (w *world) pod(uid types.UID) *simPod {
	for _, p := range w.pods {
		if p.uid == uid {
			return p
		}
	}
	return nil
}

// podsOn returns the pods on a node, or made for it.
func (w *world) podsOn(node string) []*simPod {
	var on []*simPod
	for _, p := range w.pods {
		if p.node == node {
			on = append(on, p)
		}
	}
	return on
}

// matches returns whether the Job's node selector matches the node.
func (m *machine) matches() bool { return m.Labels["pool"] == "a" }

func (m *machine) tainted() bool {
	for i := range m.Spec.Taints {
		if m.Spec.Taints[i].Key == drained {
			return true
		}
	}
	return false
}

func (m *machine) ready() bool { return m.Status.Conditions[0].Status == corev1.ConditionTrue }

// drained is the key of a taint that the Job does not tolerate.
const drained = "drained"
