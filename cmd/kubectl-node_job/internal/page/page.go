package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

var (
	//go:embed page.html
	markup string
	//go:embed page.css
	style string
	//go:embed page.js
	script string

	parsed = template.Must(template.New("page").Parse(markup))
)

// Made is when and by what a page was made.
type Made struct {
	At time.Time
	By string
}

// document is what the template is filled with.
type document struct {
	Style  template.CSS
	Script template.JS
	Policy string
	*content
}

// Write writes the page of a report.
func Write(w io.Writer, r *results.Report, columns *results.Columns, made Made) error {
	sized := fmt.Sprintf(":root { --columns: %d; }\n%s", len(columns.All), style)
	return parsed.Execute(w, document{
		Style:  template.CSS(sized), //nolint:gosec // It is the file beside this one, and a number.
		Script: template.JS(script), //nolint:gosec // It is the file beside this one.
		Policy: policy(sized), content: newContent(r, columns, made),
	})
}

// policy forbids the browser to load or send anything, and to run any script or style but the
// page's own.
func policy(style string) string {
	return fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; base-uri 'none'; form-action 'none'", hash(script), hash(style))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
