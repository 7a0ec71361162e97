package plan

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

const fluxLabel = "kustomize.toolkit.fluxcd.io/name"

func TestOwnedByGitOps(t *testing.T) {
	for key, tool := range map[string]string{
		fluxLabel:                         "Flux",
		"helm.toolkit.fluxcd.io/name":     "Flux",
		"argocd.argoproj.io/tracking-id":  "Argo CD",
		"argocd.argoproj.io/instance":     "Argo CD",
		"argocd.argoproj.io/hook":         "Argo CD",
		"meta.helm.sh/release-name":       "Helm",
		"karmada.io/managed":              "Karmada",
		"app.kubernetes.io/instance":      "",
		"argocd.argoproj.io/sync-options": "",
	} {
		t.Run(key, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(OwnedByGitOps(job().Label(key, "apps").Obj())).To(Equal(tool))
			g.Expect(OwnedByGitOps(job().Annotation(key, "apps").Obj())).To(Equal(tool))
			g.Expect(Kept(job().Label(key, "apps").Obj())).To(Equal(tool != ""))
			g.Expect(Kept(job().Label(key, "apps").TTL(0).Obj())).To(BeFalse(), "the TTL is the user's word")
		})
	}
	// Flux installs charts with Helm: what applies a Job again is Flux.
	NewWithT(t).Expect(OwnedByGitOps(job().Annotation("meta.helm.sh/release-name", "x").Label("helm.toolkit.fluxcd.io/name", "x").Obj())).
		To(Equal("Flux"))
}

// What a tool for many clusters applies to one of them is owned by an object of the tool there.
func TestOwnedByAFleet(t *testing.T) {
	for owner, tool := range map[string]string{
		"work.open-cluster-management.io/v1/AppliedManifestWork": "Open Cluster Management",
		"placement.kubernetes-fleet.io/v1beta1/AppliedWork":      "KubeFleet",
		"placement.kubernetes-fleet.io/v2/AppliedWork":           "KubeFleet",
		"example.com/v1/AppliedWork":                             "",
		"v1/ConfigMap":                                           "",
		"a/b/c/AppliedWork":                                      "",
	} {
		t.Run(owner, func(t *testing.T) {
			g, owned := NewWithT(t), job().Obj()
			at := strings.LastIndex(owner, "/")
			owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap"}, {APIVersion: owner[:at], Kind: owner[at+1:], Name: "w", UID: "u"}}
			g.Expect(OwnedByGitOps(owned)).To(Equal(tool))
			g.Expect(Kept(owned)).To(Equal(tool != ""))
		})
	}
}

// A tool that owns the Job applies it again as soon as it is gone: the Job stays, and
// says why, and only its DaemonSet goes.
func TestACompleteJobOfAGitOpsToolIsKept(t *testing.T) {
	g := NewWithT(t)
	state := stateWith(job().Label(fluxLabel, "apps"), daemonSet(1, 1), pod("a").Completed())
	done := Compute(state)
	g.Expect(stepsOf(done)).To(Equal(steps{status: true, daemonSet: DeleteDaemonSet, again: immediately}))
	complete := meta.FindStatusCondition(done.Status.Status.Conditions, v1beta1.JobComplete)
	g.Expect(complete.Message).To(Equal("1 node done; the Job is kept, because Flux owns it and would apply it again"))

	state.Job.Status = done.Status.Status
	g.Expect(Compute(state).DaemonSet).To(Equal(DeleteDaemonSet), "also after a crash between the two writes")
	state.Job.Spec.TTLSecondsAfterFinished = new(int32(60))
	g.Expect(Compute(state).DaemonSet).To(Equal(GateTemplate))
}

// The Jobs of a CronJob are its history: they stay, and hold nothing on the nodes.
func TestACompleteJobOfACronJobIsKept(t *testing.T) {
	g := NewWithT(t)
	for _, child := range []*wrappers.JobWrapper{job().OfCronJob("weekly", "u"), job().OfCronJob("weekly", "u").TTL(0)} {
		state := stateWith(child, daemonSet(1, 1), pod("a").Completed())
		done := Compute(state)
		g.Expect(stepsOf(done)).To(Equal(steps{status: true, daemonSet: DeleteDaemonSet, again: immediately}))
		complete := meta.FindStatusCondition(done.Status.Status.Conditions, v1beta1.JobComplete)
		g.Expect(complete.Message).To(Equal("1 node done; the Job is kept as history of CronJob weekly"))
	}
}
