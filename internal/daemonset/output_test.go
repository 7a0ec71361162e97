package daemonset

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The pods say how much of their output is recorded, and another answer runs nothing again.
func TestThePodsSayHowMuchOutputIsRecorded(t *testing.T) {
	desired := func(results *v1beta1.Results) (asked, applied, hash string) {
		j := wrappers.Job("ns", "j").Template(corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"mine": "kept"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c"}}},
		})
		j.Spec.Results = results
		g := NewWithT(t)
		hash, err := TemplateHash(&j.Spec)
		g.Expect(err).NotTo(HaveOccurred())
		ds, err := Desired(j.Obj(), hash, Pause{Image: "pause:v1"})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(ds.Spec.Template.Annotations).To(HaveKeyWithValue("mine", "kept"))
		g.Expect(j.Spec.Template.Annotations).To(HaveLen(1), "the Job's own template stays")
		return ds.Spec.Template.Annotations[v1beta1.AnnotationOutputBytes], ds.Annotations[v1beta1.AnnotationAppliedHash], hash
	}
	_, plain, hash := desired(nil)
	for name, test := range map[string]struct {
		results *v1beta1.Results
		want    string
	}{
		"None":             {&v1beta1.Results{Outputs: v1beta1.OutputsNone}, ""},
		"Failed":           {&v1beta1.Results{Outputs: v1beta1.OutputsFailed}, ""},
		"nothing":          {&v1beta1.Results{RetainSeconds: new(int32(9))}, ""},
		"All":              {&v1beta1.Results{Outputs: v1beta1.OutputsAll}, "1024"},
		"All, a few bytes": {&v1beta1.Results{Outputs: v1beta1.OutputsAll, MaxOutputBytes: new(int32(9))}, "9"},
		"All, too many":    {&v1beta1.Results{Outputs: v1beta1.OutputsAll, MaxOutputBytes: new(int32(1 << 30))}, "4096"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			asked, applied, same := desired(test.results)
			g.Expect(asked).To(Equal(test.want))
			g.Expect(same).To(Equal(hash), "nothing runs again")
			changed := applied != plain
			g.Expect(changed).To(Equal(test.want != ""), "the DaemonSet is applied again only if it differs")
		})
	}
}

func TestTheShortFormAsksForItsOutput(t *testing.T) {
	j := wrappers.Job("ns", "j").Exit()
	j.Spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll}
	NewWithT(t).Expect(podTemplate(j.Obj(), "h1", Pause{}).Annotations).To(Equal(map[string]string{v1beta1.AnnotationOutputBytes: "1024"}))
}
