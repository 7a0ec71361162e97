package main

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// newTestedSoak is a soak of three simulated nodes on an API server alone, with a Job.
func newTestedSoak(t *testing.T) (*soak, *simulatedPool, *soakJob) {
	t.Helper()
	wrappers.RequireAssets(t)
	g, ctx := NewWithT(t), t.Context()
	g.Expect(v1beta1.AddToScheme(scheme.Scheme)).To(Succeed())
	server := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "..", "config", "crd", "bases")}, ErrorIfCRDPathMissing: true}
	config, err := server.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(server.Stop()).To(Succeed()) })
	k8s, err := client.NewWithWatch(config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	taken := &takeaways{}
	s := &soak{
		env: &env{client: k8s}, taken: taken, invariants: newInvariantWatcher(taken), records: newRecordHistory(), random: rand.New(rand.NewPCG(1, 0)),
		jobs: map[string]*soakJob{}, counts: map[string]int{}, troubles: map[string]*trouble{}, poisons: map[string]string{},
	}
	pool := &simulatedPool{s}
	s.pool = pool
	for _, namespace := range []string{namespaceSoak, namespacePoison} {
		g.Expect(k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	}
	for i := range 3 {
		node := simulatedNode(i)
		s.nodes = append(s.nodes, node.Name)
		g.Expect(k8s.Create(ctx, node)).To(Succeed())
	}
	g.Expect(s.create(ctx)).To(Succeed())
	return s, pool, s.jobs["soak-0"]
}

func TestTheActsOfTheSoak(t *testing.T) {
	s, pool, job := newTestedSoak(t)
	ctx, k8s, node := t.Context(), s.env.client, s.nodes[0]
	stored := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: job.name}}

	t.Run("replace a Job by the same one", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(stored), stored)).To(Succeed())
		before := stored.DeepCopy()
		g.Expect(s.replaceJob(ctx, job)).To(Succeed())
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(stored), stored)).To(Succeed())
		g.Expect(stored.UID).NotTo(Equal(before.UID))
		g.Expect(stored.Spec).To(Equal(before.Spec))
		g.Expect(stored.Finalizers).To(Equal(before.Finalizers))
		g.Expect(job.deleted).To(BeFalse())
		g.Expect(s.invariants.historyOf(job.name).allowed).To(Equal(2), "DaemonSets of the two Jobs")
	})

	t.Run("say what is left", func(t *testing.T) { testWhatIsLeft(t, s, job) })

	t.Run("evict a pod", func(t *testing.T) {
		g := NewWithT(t)
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespaceSoak, Name: "evicted", Labels: v1beta1.PodLabels(job.name)},
			Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "c", Image: image}}, TerminationGracePeriodSeconds: new(int64(0))},
		}
		g.Expect(k8s.Create(ctx, pod)).To(Succeed())
		g.Expect(s.evict(ctx)).To(Succeed())
		g.Expect(apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod))).To(BeTrue())
		g.Expect(s.evict(ctx)).To(Succeed(), "without a pod")
	})

	t.Run("resume a Job, and watch records", func(t *testing.T) { testTheActsOnRecords(t, s, job) })

	t.Run("bring trouble over nodes, and end it", func(t *testing.T) {
		for name, bring := range map[string]func() error{
			"taint":   func() error { return s.taint(ctx, node, corev1.TaintEffectNoExecute) },
			"leaving": func() error { return pool.leave(ctx, node) },
		} {
			g, before := NewWithT(t), nodeNow(ctx, k8s, node)
			g.Expect(bring()).To(Succeed(), name)
			g.Expect(nodeNow(ctx, k8s, node)).NotTo(Equal(before), name)
			g.Expect(s.recover(ctx, true)).To(Succeed(), name)
			g.Expect(nodeNow(ctx, k8s, node)).To(Equal(before), name)
			g.Expect(s.troubles).To(BeEmpty(), name)
		}
	})

	t.Run("create poison, which must be Blocked", func(t *testing.T) {
		g := NewWithT(t)
		for range 2 {
			g.Expect(s.poison(ctx)).To(Succeed())
		}
		g.Expect(s.wrong).To(BeEmpty())
		g.Expect(k8s.List(ctx, &v1beta1.JobList{}, client.InNamespace(namespacePoison))).NotTo(Succeed(), "Go cannot decode it")
		bounded := wrappers.Poison(namespacePoison, "bounded")
		g.Expect(apierrors.IsInvalid(k8s.Create(ctx, bounded))).To(BeTrue(), "the bounds are back")
		for len(s.poisons) > 0 {
			err := s.removePoison(ctx)
			if err == nil {
				break
			}
			g.Expect(err).To(MatchError(ContainSubstring("is not Blocked by")))
			block(ctx, g, k8s, s.poisons)
		}
		left := &unstructured.UnstructuredList{}
		left.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("JobList"))
		g.Expect(k8s.List(ctx, left, client.InNamespace(namespacePoison))).To(Succeed())
		g.Expect(left.Items).To(BeEmpty())
	})
}

// nodeNow returns what the soak changes of a node, and an error's text without it.
func nodeNow(ctx context.Context, k8s client.Client, name string) string {
	node := &corev1.Node{}
	if err := k8s.Get(ctx, client.ObjectKey{Name: name}, node); err != nil {
		return err.Error()
	}
	return node.Name + (&corev1.NodeSpec{Taints: node.Spec.Taints}).String()
}

// block says of each poison object what is wrong with it, as the manager does.
func block(ctx context.Context, g Gomega, k8s client.Client, reasons map[string]string) {
	for name, reason := range reasons {
		job := wrappers.Poison(namespacePoison, name)
		patch := []byte(`{"status":{"conditions":[{"type":"Blocked","status":"True","reason":"` + reason +
			`","message":"m","lastTransitionTime":"2026-01-02T03:04:05Z"}]}}`)
		g.Expect(client.IgnoreNotFound(k8s.Status().Patch(ctx, job, client.RawPatch("application/merge-patch+json", patch)))).To(Succeed())
	}
}
