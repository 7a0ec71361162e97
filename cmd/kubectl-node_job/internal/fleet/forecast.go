package fleet

import (
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Forecast is what a Job is going to do on the nodes of the cluster.
type Forecast struct {
	plan.Forecast
	// Others are the nodes that are none of the Job's, in no order.
	Others []OtherNode
}

// OtherNode is a node that is none of the Job's.
type OtherNode struct {
	Node string
	// Why the DaemonSet controller gives it no pod.
	Why string
}

// ErrNodesNeeded is returned to a user who may not list nodes.
var ErrNodesNeeded = errors.New("you may not list nodes, which a plan is made of: ask for a ClusterRole that allows it")

// isNameTaken returns whether the DaemonSet of the Job's name belongs to something else. The manager
// leaves it alone, unless it is that of an earlier Job of the name.
func (s *Snapshot) isNameTaken() bool {
	if s.DaemonSet == nil || metav1.IsControlledBy(s.DaemonSet, s.Job) {
		return false
	}
	owner := metav1.GetControllerOf(s.DaemonSet)
	return owner == nil || owner.Kind != "Job" || owner.APIVersion != v1beta1.GroupVersion.String() || owner.Name != s.Job.Name
}

// Forecast returns what the Job is going to do.
func (s *Snapshot) Forecast(now time.Time) (Forecast, error) {
	if s.denied[kindNode] {
		return Forecast{}, ErrNodesNeeded
	}
	hash, err := daemonset.CurrentHash(s.Job, s.owner())
	if err != nil {
		return Forecast{}, err
	}
	placer, err := s.placer()
	if err != nil {
		return Forecast{}, err
	}
	f := Forecast{Forecast: plan.Predict(s.state(now, hash))}
	if s.isNameTaken() {
		f.Held = fmt.Sprintf("the DaemonSet %s is not this Job's: delete or rename it, or give the Job another name", s.DaemonSet.Name)
	}
	for _, node := range s.Nodes {
		if at := placer.Place(node); at == daemonset.Excluded || at == daemonset.Tainted {
			f.Others = append(f.Others, OtherNode{Node: node.Name, Why: placer.Explain(node)})
		}
	}
	return f, nil
}
