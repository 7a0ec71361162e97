package plan

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestOutput(t *testing.T) {
	for name, test := range map[string]struct {
		text, want string
		limit      int
	}{
		"JSON":                       {` {"kernel":"6.8"}` + "\r\n", `{"kernel":"6.8"}`, 99},
		"lines":                      {"{\r\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1\n}", 99},
		"NUL":                        {"a\x00b\x00", "a?b?", 99},
		"a terminal's commands":      {"\x1b[2J\a\u009b\rb", "?[2J???b", 99},
		"text that runs backwards":   {"a\u202eb\u00a0c\u3000d", "a?b\u00a0c\u3000d", 99},
		"not UTF-8":                  {"a\xff\xfeb\xed\xa0\x80\xc3", "a??b????", 99},
		"cut":                        {strings.Repeat("x", 50), strings.Repeat("x", 10), 10},
		"between characters":         {strings.Repeat("é", 50), "ééé", 7},
		"between characters, NUL":    {"\x00" + strings.Repeat("é", 50), "?ééé", 8},
		"the cut leaves no space":    {"abc  def", "abc", 5},
		"nothing":                    {" \n", "", 9},
		"none is asked for":          {"abc", "", 0},
		"10 MB":                      {strings.Repeat("\x00\xffx", 10<<20/3), strings.Repeat("??x", 4096)[:4096], 4096},
		"10 MB of spaces":            {strings.Repeat(" ", 10<<20) + "x", "x", 4096},
		"10 MB of carriage returns":  {"x" + strings.Repeat("\r\n", 5<<20), "x", 4096},
		"a symbol outside the plane": {"✅😀", "✅", 6},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(Output(test.text, test.limit)).To(Equal(test.want)) })
	}
}

func FuzzOutput(f *testing.F) {
	for _, seed := range []string{"", "plain", "a\nb\n", "\x1b[2J", "\xff\xfe", "é\u202e\u2028", strings.Repeat("\x00\r\n", 99), "�", " \u0085 x", "\r\r\n"} {
		f.Add(seed, uint16(20), uint16(7))
	}
	f.Fuzz(func(t *testing.T, s string, a, b uint16) {
		g, limit, less := NewWithT(t), int(max(a, b)), int(min(a, b))
		text := Output(s, limit)
		g.Expect(len(text)).To(BeNumerically("<=", limit))
		g.Expect(utf8.ValidString(text)).To(BeTrue())
		g.Expect(strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) })).To(BeFalse())
		g.Expect(strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !strconv.IsGraphic(r) })).To(BeFalse())
		g.Expect(Output(text, limit)).To(Equal(text))
		g.Expect(Output(text, less)).To(Equal(Output(s, less)), "the cache may have cut it")
	})
}

func TestReadPodReadsTheOutput(t *testing.T) {
	for name, test := range map[string]struct {
		pod  *wrappers.PodWrapper
		want string
	}{
		"logged":                    {pod("a").Asks(99).Logged("6.8"), "6.8"},
		"logged, too much":          {pod("a").Asks(2).Logged("6.8"), "6."},
		"logged, not asked for":     {pod("a").Logged("6.8"), ""},
		"logged, asks for nonsense": {pod("a").Asks(-1).Logged("6.8"), ""},
		"only the word":             {pod("a").Asks(99).Completed(), ""},
		"marked by an earlier version": {func() *wrappers.PodWrapper {
			p := pod("a").Asks(99).Logged("the container logged the termination word")
			p.Status.Conditions[0].Reason = "WordLogged"
			return p
		}(), ""},
		"printed":                     {pod("a").Exit("work").Asks(99).Printed("work", "6.8\x00"), "6.8?"},
		"printed, not asked for":      {pod("a").Exit("work").Printed("work", "6.8"), ""},
		"printed by the last one":     {pod("a").Exit("one", "two").Sidecar("s", 0).Asks(99).Printed("one", "1").Printed("two", "2"), "2"},
		"printed, and not done":       {pod("a").Exit("one", "two").Asks(99).Printed("two", "2"), ""},
		"more than the kubelet keeps": {pod("a").Exit("work").Asks(1<<30).Printed("work", strings.Repeat("x", 1<<20)), strings.Repeat("x", 4096)},
		"failed":                      {pod("a").Asks(99).Restarted(v1beta1.ContainerName, 7, 1, "boom"), ""},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(ReadPod(test.pod.Obj()).Output).To(Equal(test.want)) })
	}
}

// outcomes are a node that is done and one that failed.
func outcomes(results *v1beta1.Results) []v1beta1.NodeRecord {
	j := job().Exit().MaxFailedNodes("1")
	j.Spec.Results = results
	failed := pod("bad").Exit("work").Asks(4096).Restarted("work", 7, 3, "first\n"+strings.Repeat("boom ", 100)+"\x00")
	p := Compute(stateWith(j, daemonSet(2, 2), pod("good").Exit("work").Asks(4096).Printed("work", `{"kernel":"6.8"}`), failed))
	if len(p.Pages) != 1 {
		return nil
	}
	return p.Pages[0].Spec.Nodes
}

func TestOutputsAreRecordedAsAskedFor(t *testing.T) {
	log := "first\n" + strings.Repeat("boom ", 100) + `\x00`
	for name, test := range map[string]struct {
		results    *v1beta1.Results
		done, fail string
	}{
		"by default":       {nil, "", ""},
		"None":             {&v1beta1.Results{Outputs: v1beta1.OutputsNone, MaxOutputBytes: new(int32(9))}, "", ""},
		"Failed":           {&v1beta1.Results{Outputs: v1beta1.OutputsFailed}, "", log},
		"All":              {&v1beta1.Results{Outputs: v1beta1.OutputsAll}, `{"kernel":"6.8"}`, log},
		"All, a few bytes": {&v1beta1.Results{Outputs: v1beta1.OutputsAll, MaxOutputBytes: new(int32(9))}, `{"kernel"`, `boom \x00`},
	} {
		t.Run(name, func(t *testing.T) {
			g, entries := NewWithT(t), outcomes(test.results)
			g.Expect(entries).To(HaveLen(2))
			g.Expect(entries[0].Result).To(Equal(v1beta1.RecordSucceeded))
			g.Expect(entries[0].Output).To(Equal(test.done))
			g.Expect(entries[1].Result).To(Equal(v1beta1.RecordFailed))
			g.Expect(entries[1].Output).To(Equal(test.fail))
		})
	}
}

// A Job that is over before the first flush has no page, unless it asks for outputs.
func TestOutputsAreWrittenBeforeTheVerdict(t *testing.T) {
	for policy, pages := range map[v1beta1.OutputPolicy]int{"": 0, v1beta1.OutputsNone: 0, v1beta1.OutputsFailed: 1, v1beta1.OutputsAll: 1} {
		j := job()
		j.Job.Status.StartTime = nil // It starts now.
		j.Spec.Results = &v1beta1.Results{Outputs: policy}
		s := stateWith(j, daemonSet(1, 1), pod("a").Asks(99).Logged("6.8"))
		s.Records.Known = true
		p, g := Compute(s), NewWithT(t)
		g.Expect(p.Status.Outcome.Result).To(Equal(Complete))
		g.Expect(p.Pages).To(HaveLen(pages), string(policy))
		g.Expect(p.Status.Status.Records).To(BeEquivalentTo(pages))
	}
}
