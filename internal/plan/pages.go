package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// maxEntries is how many entries a page has, and maxPageSize how many bytes they have as
	// JSON. With its metadata a page stays below 256 KiB. etcd stores objects of 1.5 MiB.
	maxEntries  = 250
	maxPageSize = 248 << 10
	// minFlushInterval is the shortest time between two writes of the page that is not full,
	// and flushPart is the part of the Job's time for which it waits otherwise. The number of
	// writes then does not grow with the number of nodes.
	minFlushInterval = 5 * time.Second
	flushPart        = 50
)

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

// Written returns the Records after pages were written, and so all entries that were not.
func (r Records) Written(pages []*v1beta1.JobRecord, now time.Time) Records {
	written := Records{Known: r.Known, Pages: KeptPages(r.with(pages)), LastWrite: now}
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

// record plans which entries are remembered, and which pages are written now. A failed node
// is recorded by the Plan that stops its work, or never: it might succeed after all.
func (p *Plan) record(s *State, t *tally, outcome Outcome, removal removal) {
	stopped, destroys := s.stopped(t, outcome, removal), s.destroys(t, outcome, removal)
	unwritten := s.Records.Unwritten
	p.Unwritten = unwritten
	if p.RequeueAfter = s.untilRecord(); p.RequeueAfter > 0 || len(unwritten.Nodes)+len(stopped) == 0 {
		return
	}
	switch wait := s.untilFlush(unwritten); {
	case destroys:
	case outcome.Result == Complete:
		return // Its pods stay, and nothing depends on its records any more.
	case wait > 0:
		p.RequeueAfter = wait
		return
	}
	p.Pages = appendEntries(s.Job, s.Records.Pages, Entries{
		Run: s.run(), RetainSeconds: unwritten.RetainSeconds, Nodes: slices.Concat(unwritten.Nodes, stopped),
	})
	if outcome.Result == Undecided && s.mayRelease() {
		// No event reports what the manager wrote itself.
		p.RequeueAfter = immediately
	}
}

// recordsEarlierRun returns whether entries of an earlier run are to be written.
func (s *State) recordsEarlierRun() bool {
	return s.Records.Unwritten.Run != s.run() && len(s.Records.Unwritten.Nodes) > 0
}

// recordEarlierRun returns the Plan that writes what an earlier run did, and nothing else: its
// pods are about to go, and the present run may be about to end.
func recordEarlierRun(s *State) Plan {
	unwritten := s.Records.Unwritten
	if s.untilRecord() > 0 {
		return waitForRecord(s)
	}
	if !s.Live && !s.Records.Known {
		return Plan{ReadLive: true, Unwritten: unwritten}
	}
	return Plan{Unwritten: unwritten, Pages: appendEntries(s.Job, s.Records.Pages, unwritten), RequeueAfter: immediately}
}

// untilFlush returns when the entries are to be written: at once if they fill a page, or if
// what they rest on is gone or going.
func (s *State) untilFlush(entries Entries) time.Duration {
	open := 0
	if n := len(s.Records.Pages); n > 0 {
		if last := s.Records.Pages[n-1]; last.Spec.Run == entries.Run && !last.Spec.Sealed {
			open = len(last.Spec.Nodes)
		}
	}
	if open+len(entries.Nodes) >= maxEntries || s.losesEvidence(entries) {
		return 0
	}
	since := s.Records.LastWrite
	interval := minFlushInterval
	if start := s.startTime(); start != nil {
		interval = max(interval, s.Now.Sub(start.Time)/flushPart)
		if since.IsZero() {
			since = start.Time
		}
	}
	return max(0, since.Add(interval).Sub(s.Now))
}

// losesEvidence returns whether no pod that stays says what one of the entries says. The pod
// of a node whose work is stopped goes with the next Plan.
func (s *State) losesEvidence(entries Entries) bool {
	evident := map[types.UID]bool{}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if node := s.nodes[pod.Node]; node != nil && pod.State == Succeeded && s.upToDate(pod) && !pod.Terminating && !pod.Gone {
			evident[node.UID] = true
		}
	}
	for i := range entries.Nodes {
		if entry := &entries.Nodes[i]; entry.Result != v1beta1.RecordSucceeded || !evident[entry.NodeUID] {
			return true
		}
	}
	return false
}
