package results

import (
	"io"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
)

// WriteJSON writes a report as JSON.
func WriteJSON(w io.Writer, r *Report) error { return nodeview.WriteJSON(w, r) }
