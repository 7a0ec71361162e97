package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// maxEntries is how many entries a page has. The tests of random worlds fill smaller pages.
var maxEntries = 250

// maxPageSize is how many bytes the entries of a page have as JSON. With its metadata a page stays
// below 256 KiB. etcd stores objects of 1.5 MiB.
const maxPageSize = 248 << 10

// appendEntries returns the pages to write, in their order, so that the entries are recorded. The
// first may be one that is not full yet, with its resourceVersion: a manager that was replaced
// as the leader cannot write it. The others are new.
func appendEntries(job *v1beta1.Job, pages []*v1beta1.JobRecord, entries Entries) []*v1beta1.JobRecord {
	var written []*v1beta1.JobRecord
	number, page, size := 0, (*v1beta1.JobRecord)(nil), 0
	if len(pages) > 0 {
		last := pages[len(pages)-1]
		number = PageNumber(last.Name) + 1
		if last.Spec.Run == entries.Run && !last.Spec.Sealed {
			page, size = last.DeepCopy(), sizeOf(last.Spec.Nodes...)
			written = append(written, page)
		}
	}
	for i := range entries.Nodes {
		added := sizeOf(entries.Nodes[i])
		if page != nil && (len(page.Spec.Nodes) >= maxEntries || size+added > maxPageSize) {
			page.Spec.Sealed = true
			page = nil
		}
		if page == nil {
			page, size = newPage(job, number, entries.Run), 0
			retain(page, job, entries.retention(pages))
			written, number = append(written, page), number+1
		}
		page.Spec.Nodes, size = append(page.Spec.Nodes, entries.Nodes[i]), size+added
	}
	if page != nil && len(page.Spec.Nodes) >= maxEntries {
		page.Spec.Sealed = true
	}
	return written
}

// sizeOf returns about how many bytes the entries have as JSON.
func sizeOf(entries ...v1beta1.NodeRecord) int {
	data, err := json.Marshal(entries)
	if err != nil {
		return maxPageSize // It is alone in its page, and the API server decides.
	}
	return len(data)
}

func newPage(job *v1beta1.Job, number int, run v1beta1.JobRun) *v1beta1.JobRecord {
	return &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: job.Namespace, Name: pageName(job, number), Labels: PageLabels(job),
		},
		Spec: v1beta1.JobRecordSpec{Run: run},
	}
}

// PageLabels returns the labels of the pages of a Job.
func PageLabels(job *v1beta1.Job) map[string]string {
	return map[string]string{v1beta1.LabelDaemonSetJob: "true", v1beta1.LabelJob: job.Name, v1beta1.LabelJobUID: string(job.UID)}
}

// pageName returns the name of a page. The UID keeps the pages of two Jobs of one name apart.
func pageName(job *v1beta1.Job, number int) string {
	return fmt.Sprintf("%s-%.8s-%d", job.Name, job.UID, number)
}

// PageNumber returns the number of the page of this name, -1 if the name has none.
func PageNumber(name string) int {
	number, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return -1
	}
	return number
}

// SortPages orders pages by their number.
func SortPages(pages []*v1beta1.JobRecord) {
	slices.SortFunc(pages, func(a, b *v1beta1.JobRecord) int { return PageNumber(a.Name) - PageNumber(b.Name) })
}

// Written returns the Records after pages were written, with the entries that none of them has.
func (r Records) Written(pages []*v1beta1.JobRecord, later Entries, now time.Time) Records {
	written := Records{Known: r.Known, Pages: KeptPages(r.with(pages)), Unwritten: later, LastWrite: now}
	return written.WithoutNodes(r.left)
}

// with returns all pages of the Job once these are written.
func (r Records) with(pages []*v1beta1.JobRecord) []*v1beta1.JobRecord {
	all := slices.Clone(r.Pages)
	for _, page := range pages {
		if i := slices.IndexFunc(all, func(other *v1beta1.JobRecord) bool { return other.Name == page.Name }); i >= 0 {
			all[i] = page
			continue
		}
		all = append(all, page)
	}
	return all
}
