package results

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// page is the page of this number, written so many seconds ago.
func page(uid types.UID, generation int64, number, seconds int) *v1beta1.JobRecord {
	return &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("report-%.8s-%d", uid, number), CreationTimestamp: *ago(seconds), Labels: map[string]string{v1beta1.LabelJobUID: string(uid)},
		},
		Spec: v1beta1.JobRecordSpec{Run: v1beta1.JobRun{TemplateHash: fmt.Sprintf("h%d", generation), Generation: generation}},
	}
}

// somePages are of two Jobs: the first ran again after its template was changed.
func somePages() []*v1beta1.JobRecord {
	return []*v1beta1.JobRecord{
		page("aaaaaaaa-1", 1, 0, 900), page("aaaaaaaa-1", 1, 10, 700), page("aaaaaaaa-1", 1, 2, 800), page("aaaaaaaa-1", 4, 11, 600),
		page("bbbbbbbb-2", 1, 0, 300),
	}
}

func TestTheLatestRunComesFirst(t *testing.T) {
	g := NewWithT(t)
	var got []string
	for _, run := range Runs(somePages()) {
		got = append(got, fmt.Sprintf("%s %d pages", run.Flags(), len(run.Pages)))
	}
	g.Expect(got).To(Equal([]string{"--uid=bbbbbbbb --generation=1 1 pages", "--uid=aaaaaaaa --generation=4 1 pages", "--uid=aaaaaaaa --generation=1 3 pages"}))
	first := Runs(somePages())[2]
	g.Expect(first.Pages[2].Name).To(Equal("report-aaaaaaaa-10"))
	g.Expect(first.Written).To(Equal(ago(900).Time))
}

func TestTheChosenRun(t *testing.T) {
	present := func(uid string, generation int64) *v1beta1.Job {
		return wrappers.Job("ns", "report").UID(uid).Status(v1beta1.JobStatus{TemplateHash: fmt.Sprintf("h%d", generation), RunGeneration: generation}).Obj()
	}
	for name, test := range map[string]struct {
		choice Choice
		job    *v1beta1.Job
		want   string
		others int
	}{
		"the latest of a Job that is gone":         {Choice{}, nil, "--uid=bbbbbbbb --generation=1", 2},
		"the present one":                          {Choice{}, present("aaaaaaaa-1", 4), "--uid=aaaaaaaa --generation=4", 2},
		"a present one without a record":           {Choice{}, present("cccccccc-3", 1), "--uid=cccccccc --generation=1", 3},
		"a present one of another run":             {Choice{}, present("aaaaaaaa-1", 7), "--uid=aaaaaaaa --generation=7", 3},
		"an earlier run of the present Job":        {Choice{Generation: 1}, present("aaaaaaaa-1", 4), "--uid=aaaaaaaa --generation=1", 2},
		"another Job, by the beginning of its UID": {Choice{UID: "aaa"}, nil, "--uid=aaaaaaaa --generation=4", 2},
		"a run of another Job":                     {Choice{UID: "aaaaaaaa-1", Generation: 1}, present("bbbbbbbb-2", 1), "--uid=aaaaaaaa --generation=1", 2},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			chosen, others, err := test.choice.Of(Runs(somePages()), test.job)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(chosen.Flags()).To(Equal(test.want))
			g.Expect(others).To(HaveLen(test.others))
		})
	}
}

func TestAChoiceOfNoRunSaysWhichThereAre(t *testing.T) {
	g := NewWithT(t)
	for _, choice := range []Choice{{UID: "ccc"}, {Generation: 4}, {UID: "aaaa", Generation: 9}} {
		_, _, err := choice.Of(Runs(somePages()), nil)
		g.Expect(err).To(MatchError("no run is the one that was asked for. There are --uid=bbbbbbbb --generation=1, --uid=aaaaaaaa --generation=4, --uid=aaaaaaaa --generation=1"))
	}
	_, _, err := Choice{UID: "a"}.Of(Runs(append(somePages(), page("aaaabbbb-4", 1, 0, 5))), nil)
	g.Expect(err).To(MatchError(ContainSubstring("is the beginning of 2 UIDs: write more of it")))
}

func TestSeveralRunsAreExplained(t *testing.T) {
	g := NewWithT(t)
	chosen, others, err := Choice{}.Of(Runs(somePages()), nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(Explain(&chosen, others)).To(Equal([]string{
		"Showing the run of generation 1 of the Job with the UID bbbbbbbb-2. Others are kept too:",
		"  --uid=aaaaaaaa --generation=4  of 2026-01-02T02:54:05Z",
		"  --uid=aaaaaaaa --generation=1  of 2026-01-02T02:49:05Z",
	}))
	g.Expect(Explain(&chosen, nil)).To(BeEmpty())
}
