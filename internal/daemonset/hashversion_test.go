package daemonset

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var update = flag.Bool("update", false, "add the hashes of new specs and versions to the golden files")

// specs returns the specs in testdata/specs by name.
func specs(t *testing.T) map[string]*v1beta1.JobSpec {
	t.Helper()
	g := NewWithT(t)
	files, err := filepath.Glob("testdata/specs/*.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	all := map[string]*v1beta1.JobSpec{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		spec := &v1beta1.JobSpec{}
		g.Expect(yaml.UnmarshalStrict(data, spec)).To(Succeed(), file)
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = spec
	}
	g.Expect(len(all)).To(BeNumerically(">", 5))
	return all
}

// TestGoldenHashes compares the hashes of each version with those that Jobs, pods and
// DaemonSets carry. Another hash would run the work of all these Jobs again. -update adds
// lines and changes none.
func TestGoldenHashes(t *testing.T) {
	for version := range algorithms {
		t.Run(version, func(t *testing.T) {
			g := NewWithT(t)
			file := filepath.Join("testdata", "hashes-"+version+".golden")
			golden, computed := readGolden(g, file), map[string]string{}
			for name, spec := range specs(t) {
				hash, err := hashAs(version, spec)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(validation.IsValidLabelValue(hash)).To(BeEmpty())
				computed[name] = hash
			}
			for name, hash := range golden {
				g.Expect(computed).To(HaveKeyWithValue(name, hash))
			}
			if *update {
				writeGolden(g, file, computed)
				return
			}
			g.Expect(golden).To(HaveLen(len(computed)), "run go test ./internal/daemonset -update")
		})
	}
}

func readGolden(g *WithT, file string) map[string]string {
	data, err := os.ReadFile(file)
	if !os.IsNotExist(err) {
		g.Expect(err).NotTo(HaveOccurred())
	}
	golden := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		name, hash, found := strings.Cut(lines.Text(), " ")
		g.Expect(found).To(BeTrue(), lines.Text())
		golden[name] = hash
	}
	return golden
}

func writeGolden(g *WithT, file string, hashes map[string]string) {
	var lines []string
	for name, hash := range hashes {
		lines = append(lines, fmt.Sprintf("%s %s\n", name, hash))
	}
	slices.Sort(lines)
	g.Expect(os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644)).To(Succeed())
}

// TestDefaultsOfTheFirstCRD checks a Job that is replaced by the user's manifest. The API
// server filled in these defaults when the operator's first version stored the Job, and
// does so no more.
func TestDefaultsOfTheFirstCRD(t *testing.T) {
	for _, name := range []string{"defaults", "env-defaults"} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			all := specs(t)
			written, stored := all[name], all[name+"-stored"]
			before := written.DeepCopy()
			hash, err := hashAs(hashV1, stored)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(hashAs(hashV1, written)).To(Equal(hash))
			g.Expect(written).To(Equal(before), "hashing changes no spec")
			g.Expect(TemplateHash(written)).NotTo(Equal(must(TemplateHash(stored))), "v2 has no defaults")
		})
	}
}

func must(hash string, err error) string {
	if err != nil {
		panic(err)
	}
	return hash
}

// TestCurrentHash checks that a template keeps the algorithm that first hashed it, and
// that another template gets the current one.
func TestCurrentHash(t *testing.T) {
	spec, edited := specs(t)["large-integers"], specs(t)["template"]
	first, second, editedNow := must(hashAs(hashV1, spec)), must(hashAs(hashV2, spec)), must(TemplateHash(edited))
	editedFirst := must(hashAs(hashV1, edited))
	tests := map[string]struct {
		// status and label are what the Job's status and its DaemonSet record.
		status, label string
		spec          *v1beta1.JobSpec
		// observed says that the status is about the present generation.
		observed bool
		want     string
	}{
		"a new Job":                                             {"", "", spec, false, second},
		"a limit changed":                                       {second, second, spec, false, second},
		"a limit changed after an upgrade":                      {first, first, spec, false, first},
		"the template changed after an upgrade":                 {first, first, edited, false, editedNow},
		"nothing changed":                                       {"v9-of-a-later-version", "v9-of-a-later-version", spec, true, "v9-of-a-later-version"},
		"the manager was killed before its first status":        {"", first, spec, false, first},
		"the manager was killed after the change of a template": {first, editedFirst, edited, false, editedFirst},
		"the DaemonSet is not changed yet":                      {second, first, edited, false, editedNow},
		"the status is newer than the DaemonSet":                {second, first, spec, false, second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			job := wrappers.Job("ns", "j").UID("u").Generation(2).Status(v1beta1.JobStatus{TemplateHash: test.status, ObservedGeneration: 1}).Obj()
			job.Spec = *test.spec
			if test.observed {
				job.Status.ObservedGeneration = 2
			}
			g.Expect(CurrentHash(job, daemonSetOf(job, test.label))).To(Equal(test.want))
		})
	}
}

// daemonSetOf returns the Job's DaemonSet with this hash in its template, nil without one.
func daemonSetOf(job *v1beta1.Job, hash string) *appsv1.DaemonSet {
	if hash == "" {
		return nil
	}
	ds := &appsv1.DaemonSet{}
	ds.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, v1beta1.GroupVersion.WithKind("Job"))}
	ds.Spec.Template.Labels = map[string]string{v1beta1.LabelTemplateHash: hash}
	return ds
}

// TestHashOfALaterVersion checks a Job after a downgrade of the operator: it must not run
// again only because its hash cannot be compared.
func TestHashOfALaterVersion(t *testing.T) {
	g := NewWithT(t)
	job := wrappers.Job("ns", "j").UID("u").Generation(2).Status(v1beta1.JobStatus{TemplateHash: "v9-5b2c270333", ObservedGeneration: 1}).Obj()
	_, err := CurrentHash(job, nil)
	g.Expect(err).To(MatchError(And(ContainSubstring("v9-5b2c270333"), ContainSubstring("upgrade the operator"))))
}

// TestAnotherOwnersDaemonSetRecordsNothing checks a DaemonSet that has the name of the Job's.
func TestAnotherOwnersDaemonSetRecordsNothing(t *testing.T) {
	g := NewWithT(t)
	job := wrappers.Job("ns", "j").UID("u").Obj()
	other := daemonSetOf(wrappers.Job("ns", "j").UID("other").Obj(), must(hashAs(hashV1, &job.Spec)))
	g.Expect(CurrentHash(job, other)).To(Equal(must(TemplateHash(&job.Spec))))
}
