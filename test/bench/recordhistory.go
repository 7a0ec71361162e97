package main

import (
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// recordHistory is what watches of Jobs, JobRecords, DaemonSets, pods and nodes show of a
// soak. It is judged in the end, when every watch has shown all: one may be ahead of another.
type recordHistory struct {
	mu         sync.Mutex
	jobs       map[types.UID]*jobHistory
	daemonSets map[types.UID]*daemonSetHistory
	pods       map[types.UID]*podHistory
	nodes      map[types.UID]*nodeHistory
	pages      map[types.UID]*pageHistory
	entries    map[entryKey]doneEntry
	repeated   []repeatedEntry
	broken     []string
	// judged counts what was checked, so that a soak that checked nothing shows that.
	judged map[string]int
}

// jobHistory is a Job. runs holds the templates that it had, with the generation of each, 0
// while it is unknown.
type jobHistory struct {
	life
	name     string
	verdicts []verdict
	runs     map[string]int64
	// latched holds since when the pods that are made again wait, by template.
	latched map[string]moment
}

// verdict is that a Job was Complete or Failed, decided at a time by the manager's clock.
type verdict struct {
	moment
	is, hash string
	decided  time.Time
}

// daemonSetHistory is a DaemonSet. templates and gates are those that it had, in their order.
type daemonSetHistory struct {
	life
	job       types.UID
	templates []template
	gates     []gate
}

// gate is that a DaemonSet had this template since then, with the gate or without, and that
// the DaemonSet controller has observed it or not.
type gate struct {
	moment
	hash            string
	gated, observed bool
}

// template is that a DaemonSet got this template, applied at a time by the API server's clock.
type template struct {
	moment
	hash    string
	applied time.Time
}

// podHistory is a pod of a Job. It counts as gone when its deletion is asked for.
type podHistory struct {
	life
	name, node, hash string
	daemonSet        types.UID
	gated            bool
	// ungated is when its gate was removed, and bound when it got its node. finished is since
	// when its work is done, and finishedSeen when the watch showed that.
	ungated, bound, finished moment
	finishedSeen             time.Time
}

// nodeHistory is a node. One that joins again has another UID.
type nodeHistory struct {
	life
	name string
}

func newRecordHistory() *recordHistory {
	return &recordHistory{
		jobs: map[types.UID]*jobHistory{}, daemonSets: map[types.UID]*daemonSetHistory{}, pods: map[types.UID]*podHistory{},
		nodes: map[types.UID]*nodeHistory{}, pages: map[types.UID]*pageHistory{}, entries: map[entryKey]doneEntry{}, judged: map[string]int{},
	}
}

// record records an object of a list, or of an event of a watch.
func (h *recordHistory) record(object client.Object, listed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch object := object.(type) {
	case *v1beta1.Job:
		h.recordJob(object, listed)
	case *v1beta1.JobRecord:
		h.recordPage(object, listed)
	case *appsv1.DaemonSet:
		h.recordDaemonSet(object, listed)
	case *corev1.Pod:
		known(h.pods, object.UID).record(object, listed)
	case *corev1.Node:
		node := known(h.nodes, object.UID)
		node.name = object.Name
		node.see(object, listed)
	}
}

// known returns what is known of the object of a UID.
func known[T any](all map[types.UID]*T, uid types.UID) *T {
	if all[uid] == nil {
		all[uid] = new(T)
	}
	return all[uid]
}

func (h *recordHistory) breaks(format string, args ...any) {
	h.broken = append(h.broken, fmt.Sprintf(format, args...))
}
