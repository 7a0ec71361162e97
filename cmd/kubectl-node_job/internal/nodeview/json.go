package nodeview

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

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

// WriteJSON writes a value as JSON that a terminal cannot take for commands. What outputs.Clean
// escapes is escaped here too: controls, and characters that turn or hide text. A program reads the
// same from it.
func WriteJSON(w io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(escape(text.Bytes()))
	return err
}

// escape writes characters of JSON as escapes. They are in strings alone: all else of it is ASCII.
func escape(text []byte) []byte {
	escaped := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n', unicode.IsPrint(r), unicode.Is(unicode.Zs, r):
			escaped = append(escaped, text[:size]...)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				escaped = fmt.Appendf(escaped, `\u%04x`, unit)
			}
		}
		text = text[size:]
	}
	return escaped
}
