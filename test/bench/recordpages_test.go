package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

func TestPagesAreOnlyAppendedTo(t *testing.T) {
	const another, recorded = "page j-0 is of another run or Job, or retained for another time", "of a, which is recorded as done"
	for name, test := range map[string]struct {
		problem string
		change  func(*v1beta1.JobRecord)
	}{
		"an entry more":  {"", func(p *v1beta1.JobRecord) { p.Spec.Nodes = pageWith("a1", "b1").Spec.Nodes }},
		"no entry":       {"entries of page j-0 changed or disappeared", func(p *v1beta1.JobRecord) { p.Spec.Nodes = nil }},
		"another output": {"entries of page j-0 changed or disappeared", func(p *v1beta1.JobRecord) { p.Spec.Nodes[0].Output = "another" }},
		"retained":       {another, func(p *v1beta1.JobRecord) { p.Spec.RetainSeconds = new(int32(1)) }},
		"another run":    {another, func(p *v1beta1.JobRecord) { p.Spec.Run.TemplateHash = "h0" }},
		"another Job":    {another, func(p *v1beta1.JobRecord) { p.Labels[v1beta1.LabelJobUID] = "job0" }},
		"failed after all": {"an entry Failed " + recorded, func(p *v1beta1.JobRecord) {
			p.Spec.Nodes = append(p.Spec.Nodes, failedEntryOf("a"))
		}},
		"done twice": {"an entry Succeeded " + recorded, func(p *v1beta1.JobRecord) { p.Spec.Nodes = pageWith("a1", "a1").Spec.Nodes }},
	} {
		t.Run(name, func(t *testing.T) {
			g, page := NewWithT(t), pageWith("a1")
			h := tell(g).write(jobWith(v1beta1.JobStatus{TemplateHash: "h0", RunGeneration: 1})).write(pageWith("a1"))
			h.write(&v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Name: "j0", UID: "job0"}, Status: v1beta1.JobStatus{TemplateHash: "h1", RunGeneration: 1}})
			test.change(page)
			h.write(page).is(test.problem)
		})
	}
}

func failedEntryOf(node string) v1beta1.NodeRecord {
	entry := pageWith("a1").Spec.Nodes[0]
	entry.Node, entry.Result = node, v1beta1.RecordFailed
	return entry
}

func TestASealedPageDoesNotChange(t *testing.T) {
	g := NewWithT(t)
	sealed := func() *v1beta1.JobRecord {
		page := pageWith("a1")
		page.Spec.Sealed = true
		return page
	}
	tell(g).write(pageWith()).write(sealed()).write(sealed()).is("")
	more := sealed()
	more.Spec.Nodes = pageWith("a1", "b1").Spec.Nodes
	tell(g).write(sealed()).write(more).is("page j-0 is sealed, and changed")
	tell(g).write(sealed()).write(pageWith("a1")).is("page j-0 is sealed, and changed")
}

func TestPagesAreOfRunsThatTheJobHad(t *testing.T) {
	g := NewWithT(t)
	for problem, change := range map[string]func(*v1beta1.JobRecord){
		"page j-0 is of no Job of the soak":                   func(p *v1beta1.JobRecord) { p.Labels[v1beta1.LabelJobUID] = "another" },
		"page j-0 is of run {h2 1}, which Job j did not have": func(p *v1beta1.JobRecord) { p.Spec.Run.TemplateHash = "h2" },
		"page j-0 is of run {h1 2}, which Job j did not have": func(p *v1beta1.JobRecord) { p.Spec.Run.Generation = 2 },
	} {
		page := pageWith("a1")
		change(page)
		tell(g).write(page).is(problem)
	}
	of2 := v1beta1.JobStatus{TemplateHash: "h1", RunGeneration: 2}
	tell(g).write(jobWith(of2)).is("the run of template h1 began at generation 1, and at 2")
}

// The manager writes a page again that garbage collection took, until it knows that its Job is gone.
func TestOnlyAPageOfADeletedJobIsWrittenAgain(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		g := NewWithT(t)
		h, again, job := tell(g), pageWith("a1"), jobWith(v1beta1.JobStatus{})
		again.UID = "again"
		h.write(pageWith("a1")).write(job)
		if deleted {
			h.last++
			job.ResourceVersion = strconv.Itoa(h.last)
			endOne(h.recordHistory, h.jobs, func(j *jobHistory) *life { return &j.life }, job)
		}
		h.write(again).is(map[bool]string{false: "page j-0 has an entry Succeeded of a, which is recorded as done"}[deleted])
	}
}

func TestAPageStaysAsLongAsItsJob(t *testing.T) {
	g := NewWithT(t)
	pages := func(p *pageHistory) *life { return &p.life }
	jobs := func(j *jobHistory) *life { return &j.life }
	h, page, job := tell(g), pageWith("a1"), jobWith(v1beta1.JobStatus{})
	h.write(page)
	endMissing(h.recordHistory, h.pages, pages, nil, revision(h.last+1))
	h.is("page j-0 was deleted before its time")

	for _, retained := range []int32{1, longRetention} {
		h, page = tell(g), pageWith("a1")
		page.Spec.RetainSeconds = &retained
		h.write(page).write(job)
		endOne(h.recordHistory, h.jobs, jobs, job)
		h.write(page)
		endOne(h.recordHistory, h.pages, pages, page)
		h.is(map[bool]string{true: "page j-0 was deleted before its time"}[retained == longRetention])
	}
}

// The watch shows neither that a Job was created nor that it was deleted.
func TestAJobInAGapOfTheWatchIsKnown(t *testing.T) {
	g := NewWithT(t)
	h, job := tell(g), jobWith(v1beta1.JobStatus{})
	job.UID, job.Generation = "unseen", 1
	page := pageWith("a1")
	page.Labels[v1beta1.LabelJobUID] = "unseen"
	h.write(page).is("page j-0 is of no Job of the soak")

	hash, err := daemonset.TemplateHash(&job.Spec)
	g.Expect(err).NotTo(HaveOccurred())
	page.Spec.Run.TemplateHash = hash
	h = tell(g)
	h.last++
	job.ResourceVersion = strconv.Itoa(h.last)
	g.Expect(h.wrote(job)).To(Succeed())
	h.write(page).is("")
	jobs := func(j *jobHistory) *life { return &j.life }
	endMissing(h.recordHistory, h.jobs, jobs, nil, revisionOf(job.ResourceVersion)-1)
	g.Expect(h.jobs["unseen"].gone.happened()).To(BeFalse(), "the list is older than the Job")
	endMissing(h.recordHistory, h.jobs, jobs, nil, revision(h.last))
	g.Expect(h.jobs["unseen"].gone).To(Equal(moment{revisionOf(job.ResourceVersion), revision(h.last)}))
}

func TestTheManagersDeletionsAreInTheAuditLog(t *testing.T) {
	g := NewWithT(t)
	log := audit{filepath.Join(t.TempDir(), "audit.log")}
	line := func(agent, verb, resource, namespace, name, code string) string {
		return `{"verb":"` + verb + `","userAgent":"` + agent + `/v1","objectRef":{"resource":"` + resource + `","namespace":"` + namespace +
			`","name":"` + name + `"},"responseStatus":{"code":` + code + "}}\n"
	}
	text := line("m", "delete", "pods", "ns", "a", "200") + line("t", "delete", "pods", "ns", "b", "200") + line("m", "patch", "pods", "ns", "c", "200") +
		line("m", "delete", "daemonsets", "ns", "d", "200") + line("m", "delete", "pods", "other", "e", "200") + line("m", "delete", "pods", "ns", "f", "409")
	g.Expect(os.WriteFile(log.file, []byte(text), 0o600)).To(Succeed())
	g.Expect(log.deletedPods("m", "ns")).To(Equal(map[string]bool{"a": true}))
}
