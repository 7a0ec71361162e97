package plan

import (
	"errors"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// manager is the manager's process: its informer caches, and what it remembers.
type manager struct {
	job  *v1beta1.Job
	ds   *appsv1.DaemonSet
	pods []Pod
	// gone pods were done, and no reconcile has observed that.
	gone  []Pod
	nodes []*corev1.Node
	// events of each kind that the cache has not got. A watch delivers them in order,
	// and the watches do not wait for one another.
	events [4][]func()
	memory memory
}

// The kinds that the manager watches.
const (
	jobs = iota
	daemonSets
	podKind
	nodeKind
)

// memory is what controllers/job keeps of a Job in its jobState.
type memory struct {
	uid        types.UID
	job        *v1beta1.Job
	ds         *appsv1.DaemonSet
	desired    *appsv1.DaemonSet
	generation int64
	gates      bool
	staleNodes StaleNodes
	// lastDaemonSet is the UID of the one that was observed last.
	lastDaemonSet types.UID

	lastStatusWrite time.Time
	expectations    Expectations
	backoff         map[string]time.Time
	records         Records
}

var (
	errStale    = errors.New("stale")
	errConflict = errors.New("conflict")
	errNotFound = errors.New("not found")
	errLost     = errors.New("the answer was lost")
	errRefused  = errors.New("exceeded quota")
)

// deliver lets the caches observe some of what happened, or all of it.
func (w *world) deliver(all bool) {
	for kind := range w.manager.events {
		n := len(w.manager.events[kind])
		if !all {
			n = w.random.IntN(n + 1)
		}
		w.deliverKind(kind, n)
	}
}

func (w *world) deliverKind(kind, n int) {
	for _, event := range w.manager.events[kind][:n] {
		event()
	}
	w.manager.events[kind] = w.manager.events[kind][n:]
}

func (w *world) watch(kind int, event func()) {
	w.manager.events[kind] = append(w.manager.events[kind], event)
}

func (w *world) jobChanged() {
	version := w.next()
	if w.job != nil {
		w.job.ResourceVersion = version
	}
	job := w.job
	w.watch(jobs, func() { w.manager.job = job })
}

func (w *world) dsChanged() {
	version := w.next()
	if w.ds != nil {
		w.ds.ResourceVersion = version
	}
	ds := w.ds
	if ds != nil && jobOf(ds) == "" {
		ds = nil // The cache selects by label.
	}
	w.watch(daemonSets, func() { w.manager.ds = ds })
}

func (w *world) podChanged(p *simPod) {
	w.next()
	p.version = w.version
	read := p.read()
	w.watch(podKind, func() {
		if i := slices.IndexFunc(w.manager.pods, func(other Pod) bool { return other.UID == read.UID }); i >= 0 {
			w.manager.pods[i] = read
			return
		}
		w.manager.pods = append(w.manager.pods, read)
	})
}

func (w *world) podGone(p *simPod) {
	w.next()
	w.watch(podKind, func() {
		w.manager.pods = slices.DeleteFunc(w.manager.pods, func(other Pod) bool {
			if other.UID == p.uid && other.State == Succeeded {
				other.Gone = true
				w.manager.gone = append(w.manager.gone, other)
			}
			return other.UID == p.uid
		})
	})
}

func (w *world) nodeChanged(m *machine) {
	m.ResourceVersion = w.next()
	node := *m.Node
	w.watch(nodeKind, func() {
		w.manager.removeNode(node.Name)
		w.manager.nodes = append(w.manager.nodes, &node)
	})
}

func (w *world) nodeGone(m *machine) {
	w.next()
	w.watch(nodeKind, func() { w.manager.removeNode(m.Name) })
}

func (m *manager) removeNode(name string) {
	m.nodes = slices.DeleteFunc(m.nodes, func(node *corev1.Node) bool { return node.Name == name })
}

// restart ends the manager's process. The next one remembers nothing, and its caches
// may be as stale as those of the one before.
func (w *world) restart() {
	w.note("manager restarted")
	w.count[restarted]++
	w.manager.memory, w.manager.gone = memory{}, nil
}

// newest returns what the process wrote last while the cache is older.
func newest[T any, P interface {
	*T
	client.Object
}](written *P, cached P) P {
	if *written != nil && (*written).GetUID() == cached.GetUID() && versionOf(cached) < versionOf(*written) {
		return *written
	}
	*written = nil
	return cached
}

func versionOf(o client.Object) int64 {
	version, _ := strconv.ParseInt(o.GetResourceVersion(), 10, 64) // It is the world's own.
	return version
}

// livePods lists the pods as the API server has them.
func (w *world) livePods() []Pod {
	var live []Pod
	for _, p := range w.pods {
		live = append(live, p.read())
	}
	return live
}

func (w *world) liveNodes() []*corev1.Node {
	var live []*corev1.Node
	for _, m := range w.machines {
		live = append(live, m.Node)
	}
	return live
}

// placeNodes reads the nodes for the pods of a DaemonSet. Those that it excludes are among all of
// them, as Jobs share them.
func placeNodes(nodes []*corev1.Node, ds *appsv1.DaemonSet) (placed []Node, all map[string]*Node) {
	template := &corev1.PodTemplateSpec{}
	if ds != nil {
		template = &ds.Spec.Template
	}
	placer := daemonset.NewPlacer(template)
	all = map[string]*Node{}
	for _, node := range nodes {
		read := ReadNode(node, placer)
		if read.Placement != daemonset.Excluded {
			placed = append(placed, read)
		}
		read.Placement = daemonset.Excluded
		all[read.Name] = &read
	}
	return placed, all
}

// listNodes returns the nodes as listnodes.go does: as in the API server those that the DaemonSet does not
// exclude, that were the Job's own, or that have a pod, and others as in the cache.
func (w *world) listNodes(ds *appsv1.DaemonSet, own []Node, pods []Pod) ([]Node, map[string]*Node) {
	nodes, live := placeNodes(w.liveNodes(), ds)
	_, others := placeNodes(w.manager.nodes, ds)
	asked := map[string]bool{"": true}
	for i := range nodes {
		asked[nodes[i].Name] = true
	}
	ask := func(name string) {
		switch node := live[name]; {
		case asked[name]:
		case node == nil:
			delete(others, name)
		default:
			nodes = append(nodes, *node)
		}
		asked[name] = true
	}
	for i := range own {
		ask(own[i].Name)
	}
	for i := range pods {
		ask(pods[i].Node)
	}
	return nodes, others
}

// getLive reads the Job as the API server has it.
func (w *world) getLive(job *v1beta1.Job) (*v1beta1.Job, error) {
	if w.job == nil || w.job.UID != job.UID || w.job.DeletionTimestamp != nil || w.job.Finished() != nil {
		return nil, errStale
	}
	return w.job, nil
}

// isStale returns whether the Job is deleted, finished or another one by now.
func (w *world) isStale(job *v1beta1.Job) bool {
	live, err := w.getLive(job)
	return err != nil || live.Generation != job.Generation || daemonset.UsesGates(live) != daemonset.UsesGates(job)
}

// isControlled returns whether the Job controls the DaemonSet.
func isControlled(ds *appsv1.DaemonSet, job *v1beta1.Job) bool {
	return ds != nil && metav1.IsControlledBy(ds, job)
}
