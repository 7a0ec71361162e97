package daemonset

import (
	"encoding/json"
	"math"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// rich is a template with what JSON can get wrong: integers, quantities, and
// members that are empty or false but have a meaning.
func rich() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		TerminationGracePeriodSeconds: new(int64(600)),
		Priority:                      new(int32(-2000001000)),
		SecurityContext:               &corev1.PodSecurityContext{RunAsUser: new(int64(0)), FSGroup: new(int64(4294967294))},
		Tolerations:                   []corev1.Toleration{{Key: "k", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(9007199254740991))}},
		Volumes: []corev1.Volume{
			{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			{Name: "settings", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{DefaultMode: new(int32(0o400)), Optional: new(false)}}},
		},
		Containers: []corev1.Container{{
			Name: "c", Image: "i:v1", Command: []string{"sh", "-c", "a && b <c>"},
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("1500m"), corev1.ResourceMemory: resource.MustParse("9223372036854775807"),
			}},
			ReadinessProbe: &corev1.Probe{PeriodSeconds: 3, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}},
		}},
	}}
}

// TestIntegersAreExact checks integers that a float64 cannot hold. Rounded, the
// manager would apply them in each reconcile, or fail to decode them.
func TestIntegersAreExact(t *testing.T) {
	for _, seconds := range []int64{1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64, math.MinInt64} {
		g := NewWithT(t)
		template := rich()
		template.Spec.Tolerations[0].TolerationSeconds = &seconds
		desired, err := Desired(wrappers.Job("ns", "j").Template(template).Obj(), "h1", Pause{Image: "pause:v1"})
		g.Expect(err).NotTo(HaveOccurred())
		data, err := PrunedJSON(desired)
		g.Expect(err).NotTo(HaveOccurred())
		applied := desired.DeepCopy()
		applied.Spec = appsv1.DaemonSetSpec{}
		g.Expect(json.Unmarshal(data, applied)).To(Succeed())
		g.Expect(*applied.Spec.Template.Spec.Tolerations[0].TolerationSeconds).To(Equal(seconds))
	}
	g := NewWithT(t)
	hash := func(seconds int64) string {
		h, err := hashOf(corev1.Toleration{TolerationSeconds: &seconds})
		g.Expect(err).NotTo(HaveOccurred())
		return h
	}
	g.Expect(hash(1<<53+1)).NotTo(Equal(hash(1<<53)), "another value is another hash")
}

// Another version of the operator may compute another hash of what runs already.
func TestTheHashOfAnObservedJobIsTheOneOfItsStatus(t *testing.T) {
	g, j := NewWithT(t), wrappers.Job("ns", "j").Generation(2).Status(v1beta1.JobStatus{TemplateHash: "earlier", ObservedGeneration: 2})
	g.Expect(CurrentHash(j.Obj(), nil)).To(Equal("earlier"))
	computed, err := TemplateHash(&j.Spec)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(CurrentHash(j.Generation(3).Obj(), nil)).To(Equal(computed))
	g.Expect(CurrentHash(j.Generation(0).Status(v1beta1.JobStatus{}).Obj(), nil)).To(Equal(computed))
}
