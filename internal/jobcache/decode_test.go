package jobcache

import (
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// object returns the unstructured form of a manifest.
func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	NewWithT(t).Expect(yaml.Unmarshal([]byte(manifest), &u.Object)).To(Succeed())
	return u
}

func TestDecode(t *testing.T) {
	g := NewWithT(t)
	want := wrappers.Job("ns", "j").Image("i").Parallelism("3").Deadline(5).Obj()
	stored := object(t, `{apiVersion: daemonset.darkowlzz.space/v1beta1, kind: Job, metadata: {namespace: ns, name: j},
spec: {image: i, parallelism: 3, activeDeadlineSeconds: 5}, aFieldOfALaterVersion: {a: b}}`)
	before := stored.DeepCopy()
	g.Expect(Decode(stored)).To(Equal(want))
	g.Expect(stored).To(Equal(before))
}

func TestDecodeRefusesWhatGoCannotHold(t *testing.T) {
	for spec, field := range map[string]string{
		"{image: i, backoffLimit: 3000000000}":     "spec.backoffLimit",
		"{image: i, parallelism: 3000000000}":      "spec.parallelism",
		"{image: i, ttlSecondsAfterFinished: 1.5}": "spec.ttlSecondsAfterFinished",
		"{image: 5}":      "spec.image",
		"{image: {}}":     "spec.image",
		"{image: {a: b}}": "spec.image.a",
		"{template: {spec: {terminationGracePeriodSeconds: 1.0e+19}}}":                                  "spec.template.spec.terminationGracePeriodSeconds",
		`{template: {spec: {containers: [{name: a}, {name: c, resources: {limits: {cpu: "1e1.5"}}}]}}}`: "spec.template.spec.containers[1].resources.limits.cpu",
	} {
		t.Run(spec, func(t *testing.T) {
			g := NewWithT(t)
			stored := object(t, "{kind: Job, metadata: {namespace: ns, name: j}, spec: "+spec+"}")
			job, err := Decode(stored)
			g.Expect(job).To(BeNil())
			undecodable := &UndecodableError{}
			g.Expect(errors.As(err, &undecodable)).To(BeTrue())
			g.Expect(undecodable.Object).To(BeIdenticalTo(stored))
			g.Expect(undecodable.Field).To(Equal(field))
			g.Expect(err).To(MatchError(ContainSubstring("Job ns/j cannot be decoded: " + field + ": ")))
		})
	}
}
