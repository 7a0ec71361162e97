package nodeview

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Report is a Job and its nodes as JSON. Fields are added to it, and never changed.
type Report struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
	// Observed says that the status is about the present spec.
	Observed bool              `json:"observed"`
	Status   v1beta1.JobStatus `json:"status"`
	Nodes    []ReportedNode    `json:"nodes"`
}

// ReportedNode is a node of a Job as JSON.
type ReportedNode struct {
	Node     string         `json:"node"`
	State    plan.NodeState `json:"state"`
	Attempts int32          `json:"attempts"`
	ExitCode *int32         `json:"exitCode,omitempty"`
	Since    *metav1.Time   `json:"since,omitempty"`
	Pod      string         `json:"pod,omitempty"`
	Recorded bool           `json:"recorded"`
	Why      string         `json:"why,omitempty"`
}

// NewReport returns a Job and its nodes as JSON has them.
func NewReport(job *v1beta1.Job, views []plan.NodeView) Report {
	r := Report{
		Namespace: job.Namespace, Name: job.Name, UID: string(job.UID), Status: job.Status,
		Observed: job.Status.ObservedGeneration == job.Generation && !plan.IsResumed(job), Nodes: []ReportedNode{},
	}
	for i := range views {
		v := &views[i]
		node := ReportedNode{Node: v.Node, State: v.State, Attempts: v.Attempts, ExitCode: v.ExitCode, Since: timeOf(v.Since), Recorded: v.Entry != nil, Why: v.Why}
		if v.Pod != nil {
			node.Pod = v.Pod.Name
		}
		r.Nodes = append(r.Nodes, node)
	}
	return r
}

func timeOf(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return new(metav1.NewTime(at.UTC()))
}
