package results

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func ago(seconds int) *metav1.Time {
	return new(metav1.NewTime(now.Add(-time.Duration(seconds) * time.Second)))
}

// done is a node that printed this.
func done(node, output string) plan.NodeView {
	return plan.NodeView{Node: node, State: plan.NodeDone, Attempts: 1, ExitCode: new(int32(0)), Entry: &v1beta1.NodeRecord{
		Node: node, NodeUID: "uid-of-" + "node", Result: v1beta1.RecordSucceeded, Attempts: 1, StartTime: ago(90), EndTime: ago(60), Output: output,
	}}
}

func someViews() []plan.NodeView {
	failed := done("node-3", "reading\ncat: /etc/foo:\tNo such file or directory")
	failed.State, failed.Attempts, failed.ExitCode, failed.Why = plan.NodeFailed, 2, new(int32(1)), "BackoffLimitExceeded: failed at attempt 2, and was stopped"
	failed.Entry.Reason, failed.Entry.Message = v1beta1.ReasonBackoffLimitExceeded, "cat: /etc/foo: No such file or directory"
	late := done("node-4", "")
	late.State, late.ExitCode, late.Why = plan.NodeFailed, nil, "NodeDeadlineExceeded: failed at attempt 1, and was stopped"
	late.Entry.Reason = v1beta1.ReasonNodeDeadlineExceeded
	unrecorded := plan.NodeView{Node: "node-5", State: plan.NodeFailed, Attempts: 1, ExitCode: new(int32(7)), Since: now.Add(-5 * time.Second),
		Why: "BackoffLimitExceeded: restarted 0 times, ended last with exit code 7; its last lines:\nfirst\n=cmd|' /C calc'!A0", Pod: &plan.Pod{ScheduledAt: now.Add(-time.Minute)}}
	return []plan.NodeView{
		done("node-1", `{"kernel":"6.12.0","uptime":86400,"disks":[{"name":"sda","size":512}],"ok":true,"note":null}`),
		done("node-2", `{"uptime":9007199254740993.10, "kernel":"-6.1", "kernel":"6.1.0", "serial":1e400}`),
		failed, late, unrecorded,
		done("node-6", "plain text\nof two lines"),
		{Node: "node-7", State: plan.NodeDone, Attempts: 1, ExitCode: new(int32(0)), Since: now.Add(-3 * time.Second), Pod: &plan.Pod{ScheduledAt: now.Add(-30 * time.Second)}},
		{Node: "node-8", State: plan.NodeWorking, Since: now.Add(-10 * time.Second), Why: "running", Pod: &plan.Pod{ScheduledAt: now.Add(-10 * time.Second)}},
		{Node: "node-9", State: plan.NodeWaiting, Why: "waiting for its turn"},
		{Node: "node-10", State: plan.NodeLeftOut, Why: "not Ready since before the Job started"},
	}
}

func aReport() *Report {
	job := wrappers.Job("ops", "report").Generation(2).UID("1f0c8f3e-0000").Status(v1beta1.JobStatus{
		Phase: v1beta1.PhaseRunning, ObservedGeneration: 2, TemplateHash: "h1", RunGeneration: 2, Completed: "4/9", StartTime: ago(100),
	}).Obj()
	job.Spec.Image, job.Spec.Args = "example.com/report:v1", []string{"--all"}
	return NewReport(job, someViews())
}

func TestTheTable(t *testing.T) {
	for _, width := range []int{0, 60, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			g := NewWithT(t)
			r := aReport()
			columns := DefaultColumns(r.Nodes)
			lines, err := Table(r, &columns, now, width)
			g.Expect(err).NotTo(HaveOccurred())
			golden.Check(t, fmt.Sprintf("table-%d", width), strings.Join(lines, "\n")+"\n")
		})
	}
}

func TestTheTableOfChosenColumns(t *testing.T) {
	g := NewWithT(t)
	r := aReport()
	columns, err := ParseColumns(`.kernel,{.disks[*].name},.disks[?(@.size>100)].size,.note`)
	g.Expect(err).NotTo(HaveOccurred())
	lines, err := Table(r, &columns, now, 0)
	g.Expect(err).NotTo(HaveOccurred())
	golden.Check(t, "table-chosen", strings.Join(lines, "\n")+"\n")
}

func TestCSV(t *testing.T) {
	g := NewWithT(t)
	r := aReport()
	columns := DefaultColumns(r.Nodes)
	var text bytes.Buffer
	g.Expect(WriteCSV(&text, r, &columns)).To(Succeed())
	golden.Check(t, "csv", text.String())
	lines, err := csv.NewReader(&text).ReadAll()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(lines).To(HaveLen(11))
}

func TestJSON(t *testing.T) {
	g := NewWithT(t)
	var text bytes.Buffer
	g.Expect(WriteJSON(&text, aReport())).To(Succeed())
	golden.Check(t, "json", text.String())
}

// A spreadsheet that splits at more than commas leaves a cell in quotes whole.
func TestCellsWithOtherSeparatorsAreQuoted(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]string{
		"a;=1+1": `"a;=1+1"`, "a\t=1": "\"a\t=1\"", "a|b": `"a|b"`, "a,b": `"a,b"`, `a"b`: `"a""b"`, "a\nb": "\"a\nb\"", " a": `" a"`,
		"node-1.example.com": "node-1.example.com", "-5": "-5", "": "", "grüße": "grüße",
	} {
		g.Expect(quoted(text)).To(Equal(want))
	}
	var text bytes.Buffer
	r := NewReport(wrappers.Job("ns", "j").Obj(), []plan.NodeView{done("node-1", "a;=1+1")})
	g.Expect(WriteCSV(&text, r, &Columns{Chosen: true})).To(Succeed())
	g.Expect(text.String()).To(HaveSuffix(",\"a;=1+1\"\n"))
}

// Programs read what the node printed, and a terminal that shows the JSON runs none of it.
func TestJSONIsSafeForATerminal(t *testing.T) {
	g := NewWithT(t)
	printed := "C1 \u009b31m, DEL \x7f, turned \u202eabc, tag \U000e0041, grüße 世界"
	var text bytes.Buffer
	g.Expect(WriteJSON(&text, NewReport(wrappers.Job("ns", "j").Obj(), []plan.NodeView{done("node-1", printed)}))).To(Succeed())
	g.Expect(text.String()).To(ContainSubstring(`"output": "C1 \u009b31m, DEL \u007f, turned \u202eabc, tag \udb40\udc41, grüße 世界"`))
	var read Report
	g.Expect(json.Unmarshal(text.Bytes(), &read)).To(Succeed())
	g.Expect(read.Nodes[0].Output).To(Equal(printed))
}

func TestNoCellIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+cmd": "'+cmd", "-2+3": "'-2+3", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx",
		"-5": "-5", "+1.5e3": "+1.5e3", "-": "'-", "a=b": "a=b", "": "", "\x1b]0;title\x07": `\x1b]0;title\x07`, "\r=1": `\x0d=1`,
		"\n=cmd": "'\n=cmd", "\nx": "'\nx", "\r\n=1": "'\n=1", " =1": "' =1", "\u00a0\u3000@x": "'\u00a0\u3000@x", " -5": " -5", "\n-5": "'\n-5",
		"＝1+1": "'＝1+1", "＋1": "'＋1", "－1+1": "'－1+1", "＠x": "'＠x", " ＝1": "' ＝1",
	} {
		t.Run(text, func(t *testing.T) { NewWithT(t).Expect(safe(text)).To(Equal(want)) })
	}
}

// What nodes print is read as JSON only if it is JSON as a whole.
func TestStrangeOutputs(t *testing.T) {
	many := "{"
	for i := range 10000 {
		many += fmt.Sprintf(`"key-%d":%d,`, i, i)
	}
	many = strings.TrimSuffix(many, ",") + "}"
	deep := strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000)
	for name, test := range map[string]struct {
		output string
		keys   int
	}{
		"10,000 keys":          {many, 10000},
		"deep":                 {deep, 1},
		"deeper than is read":  {strings.Repeat(`{"a":`, 20000), 0},
		"two values":           {`{"a":1} {"b":2}`, 0},
		"half":                 {`{"a":1,"b`, 0},
		"text behind it":       {`{"a":1} done`, 0},
		"NaN":                  {`{"a":NaN}`, 0},
		"duplicate keys":       {`{"a":1,"a":2}`, 1},
		"an array":             {`[1,2]`, 0},
		"a number":             {`5`, 0},
		"no key":               {`{1:2}`, 0},
		"empty":                {`{}`, 0},
		"a comma at the end":   {`{"a":1,}`, 0},
		"spaces around it":     {" {\"a\":1}\n", 1},
		"a key with a control": {`{"\u001b[2J":1}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			views := []plan.NodeView{done("node-1", test.output)}
			r := NewReport(wrappers.Job("ns", "j").Obj(), views)
			g.Expect(r.Nodes[0].keys).To(HaveLen(test.keys))
			columns := DefaultColumns(r.Nodes)
			g.Expect(columns.Left).To(Equal(max(0, test.keys-maxColumns)))
			lines, err := Table(r, &columns, now, 80)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(lines).To(HaveLen(2))
			g.Expect(strings.Join(lines, "")).NotTo(ContainSubstring("\x1b"))
			g.Expect(WriteJSON(&bytes.Buffer{}, r)).To(Succeed())
		})
	}
}

func TestValuesAreAsTheNodeWroteThem(t *testing.T) {
	g := NewWithT(t)
	r := NewReport(wrappers.Job("ns", "j").Obj(), []plan.NodeView{done("node-1", `{"a":12345678901234567890.10,"b":1e400,"c":"<b>","d":true,"a2":null}`)})
	var texts []string
	columns := DefaultColumns(r.Nodes)
	for i := range columns.All {
		value, found := columns.All[i].Value(&r.Nodes[0])
		g.Expect(found).To(BeTrue())
		texts = append(texts, columns.All[i].Heading+"="+value)
	}
	g.Expect(texts).To(Equal([]string{"a=12345678901234567890.10", "b=1e400", "c=<b>", "d=true", "a2=null"}))
	text, err := json.Marshal(r.Nodes[0].Values)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).To(ContainSubstring(`"b":1e400`))
}

// Of too many keys those of most nodes have a column.
func TestKeysOfMostNodesHaveAColumn(t *testing.T) {
	g := NewWithT(t)
	var rare []string
	for i := range 30 {
		rare = append(rare, fmt.Sprintf(`"rare-%d":1`, i))
	}
	views := []plan.NodeView{done("node-1", "{"+strings.Join(rare, ",")+`,"common":1}`), done("node-2", `{"common":2}`)}
	columns := DefaultColumns(NewReport(wrappers.Job("ns", "j").Obj(), views).Nodes)
	g.Expect(columns.Left).To(Equal(11))
	g.Expect(columns.All).To(HaveLen(maxColumns))
	g.Expect(columns.All[maxColumns-1].Heading).To(Equal("common"))
}

func TestExpressions(t *testing.T) {
	r := NewReport(wrappers.Job("ns", "j").Obj(), []plan.NodeView{done("node-1", `{"a":{"b-c":[1,{"d":"x"}]},"e":""}`), done("node-2", `[{"f":1}]`), done("node-3", "text")})
	for expression, want := range map[string][3]string{
		".a":             {`{"b-c":[1,{"d":"x"}]}`, "-", "-"},
		"{.a['b-c'][0]}": {"1", "-", "-"},
		"a['b-c'][1].d":  {"x", "-", "-"},
		"$.e":            {"", "-", "-"},
		".a['b-c','x']":  {`[1,{"d":"x"}]`, "-", "-"},
		"[0].f":          {"-", "1", "-"},
		".a.b.c":         {"-", "-", "-"},
		".e[7]":          {"-", "-", "-"},
	} {
		t.Run(expression, func(t *testing.T) {
			g := NewWithT(t)
			columns, err := ParseColumns(expression)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(columns.All).To(HaveLen(1))
			for i := range r.Nodes {
				value, found := columns.All[0].Value(&r.Nodes[i])
				if !found {
					value = none
				}
				g.Expect(value).To(Equal(want[i]), r.Nodes[i].Node)
			}
		})
	}
	for _, wrong := range []string{"", ".a,", ".a[", "{.a", "{.a}{.b}", "."} {
		_, err := ParseColumns(wrong)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("write fields of the output as in --columns .kernel")), wrong)
	}
}

func TestARecordedReport(t *testing.T) {
	g := NewWithT(t)
	job := wrappers.Job("ops", "report").UID("j-uid").Status(v1beta1.JobStatus{TemplateHash: "h1", RunGeneration: 3}).Obj()
	r := NewRecordedReport(job, someViews()[:4], "The Job is gone: this is what its records say")
	g.Expect(r.StartTime).To(Equal(utc(ago(90))))
	g.Expect(r.EndTime).To(Equal(utc(ago(60))))
	g.Expect(r.Present).To(BeFalse())
	g.Expect(Header(r, now)).To(Equal([]string{
		"Job ops/report, generation 3: 2 Done, 2 Failed, the last node ended 60s ago", "The Job is gone: this is what its records say",
		"4 recorded nodes; of nodes without a record nothing is known",
	}))
	g.Expect(NewRecordedReport(job, someViews()[:1], "").Note).To(Equal("1 recorded node; of nodes without a record nothing is known"))
	g.Expect(aReport().Note).To(BeEmpty())
}

// A row of a node that is tried again shows nothing of the try that failed.
func TestANodeAtWorkHasNoOutput(t *testing.T) {
	g := NewWithT(t)
	v := done("node-1", "of the try before")
	v.State = plan.NodeWorking
	row := newRow(&v)
	g.Expect(row.Output).To(BeEmpty())
	g.Expect(row.EndTime).To(BeNil())
}

func TestTheOrderOfNodes(t *testing.T) {
	g := NewWithT(t)
	views := someViews()
	nodeview.Sort(views)
	Sort(views)
	var names []string
	for i := range views {
		names = append(names, views[i].Node)
	}
	g.Expect(names).To(HaveExactElements("node-1", "node-2", "node-3", "node-4", "node-5", "node-6", "node-7", "node-8", "node-9", "node-10"))
}
