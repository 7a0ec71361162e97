package daemonset

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// The Kubernetes types write these members although the user set none. A version that
// stops to write them, or writes another, would run every Job again.
func TestMembersThatAreAlwaysWrittenAreNotHashed(t *testing.T) {
	g := NewWithT(t)
	desired, err := Desired(wrappers.Job("ns", "j").MountPath("/tmp").Obj(), "h1", Pause{Image: "pause:v1"})
	g.Expect(err).NotTo(HaveOccurred())
	data, err := PrunedJSON(desired)
	g.Expect(err).NotTo(HaveOccurred())
	for _, member := range []string{`"resources":{}`, `"status":{}`, `"metadata":{}`, `:null`} {
		g.Expect(string(data)).NotTo(ContainSubstring(member))
	}
	volume := corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{}}
	g.Expect(PrunedJSON(volume)).To(MatchJSON(`{"volumeClaimTemplate":{}}`))
	g.Expect(PrunedJSON(map[string]any{"creationTimestamp": nil, "status": struct{}{}, "emptyDir": struct{}{}})).To(MatchJSON(`{"emptyDir":{}}`), "what the user wrote stays")
}
