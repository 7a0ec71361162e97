package results

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
)

// fixed are the headings before the columns.
var fixed = []string{"node", "nodeUID", "state", "recorded", "reason", "exitCode", "attempts", "startTime", "endTime", "why", "output"}

// WriteCSV writes a line for each node below one with headings, as RFC 4180 has it. Times are in
// RFC 3339 and UTC, and what a node does not have is empty.
func WriteCSV(w io.Writer, r *Report, columns *Columns) error {
	writer := bufio.NewWriter(w)
	headings := slices.Clone(fixed)
	for i := range columns.All {
		heading := columns.All[i].Heading
		if slices.Contains(fixed, heading) {
			heading = "." + heading // Else it would be there twice.
		}
		headings = append(headings, heading)
	}
	write := func(cells []string) error {
		for i := range cells {
			cells[i] = quoted(safe(cells[i]))
		}
		_, err := writer.WriteString(strings.Join(cells, ",") + "\n")
		return err
	}
	if err := write(headings); err != nil {
		return err
	}
	for i := range r.Nodes {
		row := &r.Nodes[i]
		code := ""
		if row.ExitCode != nil {
			code = fmt.Sprint(*row.ExitCode)
		}
		cells := []string{
			row.Node, string(row.NodeUID), string(row.State), fmt.Sprint(row.Recorded), row.Reason, code, fmt.Sprint(row.Attempts),
			timeText(row.StartTime), timeText(row.EndTime), row.Why, row.Output,
		}
		for at := range columns.All {
			value, _ := columns.All[at].Value(row)
			cells = append(cells, value)
		}
		if err := write(cells); err != nil {
			return err
		}
	}
	return writer.Flush()
}

func timeText(at *metav1.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// safe returns a text as a cell that no spreadsheet takes for a formula, and no terminal for a
// command. One that a spreadsheet would run gets an apostrophe before it. Spreadsheets drop white
// space before a formula, and some take the full-width forms of its first character too.
func safe(text string) string {
	text = outputs.Clean([]byte(text), false)
	if strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\n") {
		return "'" + text
	}
	begin := strings.TrimLeftFunc(text, unicode.IsSpace)
	if plainNumber.MatchString(begin) {
		return text
	}
	if first, _ := utf8.DecodeRuneInString(begin); strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + text
	}
	return text
}

// quoted returns a cell as it stands in its line. The package encoding/csv quotes what has a comma.
// A spreadsheet may be told to split at semicolons, tabs or bars as well, so that these are in
// quotes too.
func quoted(cell string) string {
	if !strings.ContainsAny(cell, ",;|\t\n\"") && strings.TrimSpace(cell) == cell {
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}
