package page

import (
	"bytes"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

func write(g Gomega, r *results.Report, columns *results.Columns) string {
	var text bytes.Buffer
	g.Expect(Write(&text, r, columns, made)).To(Succeed())
	return text.String()
}

// body returns a page without its style and script, which are files of their own.
func body(page string) string {
	for _, name := range []string{"style", "script"} {
		begin, end := strings.Index(page, "<"+name+">"), strings.Index(page, "</"+name+">")
		page = page[:begin+len(name)+2] + page[end:]
	}
	return page
}

func TestThePage(t *testing.T) {
	g := NewWithT(t)
	r, columns := report(12)
	page := body(write(g, r, columns))
	policyAt := strings.Index(page, "sha256-") // It changes with each change of the style.
	g.Expect(policyAt).To(BeNumerically(">", 0))
	var lines []string
	for line := range strings.Lines(page) {
		if !strings.Contains(line, "Content-Security-Policy") {
			lines = append(lines, line)
		}
	}
	golden.Check(t, "page", strings.Join(lines, ""))
}

func TestThePageOfAJobThatIsGone(t *testing.T) {
	g := NewWithT(t)
	job := aJob(0, time.Minute)
	r := results.NewRecordedReport(job, someViews(3), "The Job is gone: this is what its records say")
	page := write(g, r, &results.Columns{Chosen: true})
	g.Expect(page).To(ContainSubstring(`<strong class="badge n">Recorded</strong> The Job is gone: this is what its records say<br>3 recorded nodes; of nodes without a record nothing is known</p>`))
	g.Expect(page).To(ContainSubstring("Results of a Job on 3 recorded nodes"))
	g.Expect(page).To(ContainSubstring(`<h2 id="all">Recorded nodes</h2>`))
	g.Expect(page).NotTo(ContainSubstring("<dt>Image</dt>"))
	g.Expect(page).To(ContainSubstring("kernel&#34;:&#34;6.12.57"))
}

// A failure that is recorded is one, whatever became of the other nodes.
func TestThePageOfAFailureOfAJobThatIsGone(t *testing.T) {
	g := NewWithT(t)
	page := write(g, results.NewRecordedReport(aJob(1, time.Minute), someViews(8), ""), &results.Columns{Chosen: true})
	g.Expect(page).To(ContainSubstring(`<strong class="badge f">Recorded</strong>`))
}

func TestThePageOfNoNode(t *testing.T) {
	g := NewWithT(t)
	page := write(g, results.NewReport(aJob(0, time.Minute), nil), &results.Columns{})
	g.Expect(page).To(ContainSubstring("on 0 nodes"))
	g.Expect(page).NotTo(ContainSubstring("<figure"))
}

// A page of many nodes can be mailed.
func TestThePageOfManyNodesIsSmall(t *testing.T) {
	g := NewWithT(t)
	r, columns := report(5000)
	g.Expect(len(write(g, r, columns))).To(BeNumerically("<", 3<<20))
}

func TestCausesAreByReasonExitCodeAndMessage(t *testing.T) {
	g := NewWithT(t)
	r, _ := report(300)
	causes, of, more := newCauses(r)
	g.Expect(more).To(BeZero())
	g.Expect(causes).To(HaveLen(3))
	g.Expect(causes[0].Headline).To(HavePrefix("E: Could not get lock"))
	g.Expect(causes[0].Nodes).To(Equal("rack01-node[008,049,090],rack02-node[031,072],rack03-node[013,054,095]"))
	g.Expect(causes[0].Tails).To(HaveLen(3))
	g.Expect(of).To(HaveKeyWithValue("rack01-node008", 0))
	g.Expect(causes[2].Tails[0].Note).To(Equal("No output is recorded."))

	for i := range r.Nodes {
		r.Nodes[i].State, r.Nodes[i].Message = plan.NodeFailed, r.Nodes[i].Node
	}
	causes, _, more = newCauses(r)
	g.Expect(causes).To(HaveLen(maxCauses))
	g.Expect(more).To(Equal(300 - maxCauses))
}

func TestTheTimelineShowsHowManyWorkedAtOnce(t *testing.T) {
	g := NewWithT(t)
	r, _ := report(5000)
	line := newTimeline(r)
	g.Expect(line.Peak).To(Equal(50))
	g.Expect(line.Height).To(Equal(maxChartHeight))
	g.Expect(line.Nodes + line.Without).To(Equal(5000))
	g.Expect(line.Without).To(Equal(r.Counts[plan.NodeNotRun] + r.Counts[plan.NodeLeftOut]))

	at := func(seconds int) *metav1.Time {
		return new(metav1.NewTime(began.Add(time.Duration(seconds) * time.Second)))
	}
	line = newTimeline(&results.Report{Nodes: []results.Row{
		{State: plan.NodeDone, StartTime: at(0), EndTime: at(10)}, {State: plan.NodeDone, StartTime: at(10), EndTime: at(20)},
		{State: plan.NodeFailed, StartTime: at(15), EndTime: at(15)}, {State: plan.NodeWorking, StartTime: at(3)},
	}})
	g.Expect(line.Peak).To(Equal(2))
	g.Expect(line.Without).To(Equal(1))
	g.Expect(line.Paths).To(Equal([]path{{"d", "M0.0 5.0h500.0M500.0 15.0h500.0"}, {"f", "M750.0 25.0h1.5"}}))
	g.Expect(line.Ticks).To(Equal([]string{"03:00:00", "03:00:05", "03:00:10", "03:00:15", "03:00:20"}))
}
