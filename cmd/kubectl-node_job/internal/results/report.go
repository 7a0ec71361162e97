package results

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

// Report is what a run of a Job came to, as JSON has it. Fields are added to it, and never
// changed.
type Report struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	UID       types.UID      `json:"uid"`
	Run       v1beta1.JobRun `json:"run"`
	// Present says that the Job is there and that this is its present run. Otherwise the records are
	// all that is known, and the fields before Counts are empty.
	Present bool             `json:"present"`
	Phase   v1beta1.JobPhase `json:"phase,omitempty"`
	// Message is what became of the Job, in a sentence.
	Message string `json:"message"`
	// Note says how far the nodes are all of them, of a run that only its records tell of.
	Note   string   `json:"note,omitempty"`
	Images []string `json:"images,omitempty"`
	// Command of the first container that does the work, with its arguments.
	Command []string `json:"command,omitempty"`
	// Counts are how many nodes are in each state.
	Counts    map[plan.NodeState]int `json:"counts"`
	StartTime *metav1.Time           `json:"startTime,omitempty"`
	// EndTime is when the Job was over, or of a Job that is gone when its last node ended.
	EndTime *metav1.Time `json:"endTime,omitempty"`
	Nodes   []Row        `json:"nodes"`
}

// NewReport returns what the present run of a Job came to on the nodes of its views.
func NewReport(job *v1beta1.Job, views []plan.NodeView) *Report {
	r := newReport(job, views)
	v := verdict.Of(job)
	r.Present, r.Phase, r.Message, r.StartTime = true, job.Status.Phase, v.Message, utc(job.Status.StartTime)
	if finished := job.Finished(); finished != nil {
		r.EndTime = utc(&finished.LastTransitionTime)
	}
	if job.Status.CompletionTime != nil {
		r.EndTime = utc(job.Status.CompletionTime)
	}
	r.describe(&job.Spec)
	return r
}

// NewRecordedReport returns what an earlier run came to, or one of a Job that is gone, as its
// records alone say.
func NewRecordedReport(job *v1beta1.Job, views []plan.NodeView, why string) *Report {
	r := newReport(job, views)
	r.Message, r.Note = why, noteOf(len(r.Nodes))
	for i := range r.Nodes {
		start, end := r.Nodes[i].StartTime, r.Nodes[i].EndTime
		if start != nil && (r.StartTime == nil || start.Before(r.StartTime)) {
			r.StartTime = start
		}
		if end != nil && (r.EndTime == nil || r.EndTime.Before(end)) {
			r.EndTime = end
		}
	}
	return r
}

// noteOf keeps a reader from taking the nodes that have a record for all on which the Job should run.
func noteOf(recorded int) string {
	nodes := "nodes"
	if recorded == 1 {
		nodes = "node"
	}
	return fmt.Sprintf("%d recorded %s; of nodes without a record nothing is known", recorded, nodes)
}

func newReport(job *v1beta1.Job, views []plan.NodeView) *Report {
	r := &Report{
		Namespace: job.Namespace, Name: job.Name, UID: job.UID, Run: PresentRun(job).JobRun,
		Counts: map[plan.NodeState]int{}, Nodes: make([]Row, 0, len(views)),
	}
	for i := range views {
		r.Nodes = append(r.Nodes, newRow(&views[i]))
		r.Counts[views[i].State]++
	}
	return r
}

// describe fills in what ran.
func (r *Report) describe(spec *v1beta1.JobSpec) {
	if spec.Template == nil {
		r.Images, r.Command = []string{spec.Image}, slices.Concat(spec.Command, spec.Args)
		return
	}
	for i, container := range slices.Concat(spec.Template.Spec.InitContainers, spec.Template.Spec.Containers) {
		if !slices.Contains(r.Images, container.Image) {
			r.Images = append(r.Images, container.Image)
		}
		if i == len(spec.Template.Spec.InitContainers) {
			r.Command = slices.Concat(container.Command, container.Args)
		}
	}
}

// HasOutputs returns whether some node has an output.
func (r *Report) HasOutputs() bool {
	return slices.ContainsFunc(r.Nodes, func(row Row) bool { return row.Output != "" })
}

// Sort orders views as people count their nodes: node-9 comes before node-10.
func Sort(views []plan.NodeView) {
	slices.SortStableFunc(views, func(a, b plan.NodeView) int { return nodeset.Compare(a.Node, b.Node) })
}

// utc returns a time as it is written, nil if there is none.
func utc(at *metav1.Time) *metav1.Time {
	if at == nil || at.IsZero() {
		return nil
	}
	return new(metav1.NewTime(at.UTC()))
}
