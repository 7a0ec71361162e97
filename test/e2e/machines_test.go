//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// extra is the name of a node that is no member of nodes.
const extra = "extra"

// ends is the script exits, and appends a line when it ends. It stops when it is told to.
const ends = `trap 'exit 1' TERM; ` + exits + `; echo end >> /basetarget/ends`

// lines returns how many lines a file of a Job on the extra node has.
func lines(namespace, file string) func() (string, error) {
	return func() (string, error) {
		return onHost(extra, "cat /host/tmp/"+namespace+"/"+file+" 2>/dev/null | wc -l")
	}
}

// addExtra adds the extra node, and returns the UID of its Node object.
func addExtra() types.UID {
	GinkgoHelper()
	Expect(local.AddNode(ctx, extra)).To(Succeed())
	node := &corev1.Node{}
	Expect(k8s.Get(ctx, client.ObjectKey{Name: extra}, node)).To(Succeed())
	return node.UID
}

// podsOnExtra returns the Job's pods on the extra node.
func podsOnExtra(j *v1beta1.Job) func() ([]types.UID, error) {
	return func() ([]types.UID, error) {
		list := &corev1.PodList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace), client.MatchingLabels(v1beta1.PodLabels(j.Name)),
			client.MatchingFields{"spec.nodeName": extra})
		var uids []types.UID
		for i := range list.Items {
			uids = append(uids, list.Items[i].UID)
		}
		return uids, err
	}
}

// extraEntries returns the entries of the Job's records for the extra node: UIDs and results.
func extraEntries(j *v1beta1.Job) func() ([]string, error) {
	return func() ([]string, error) {
		list := &v1beta1.JobRecordList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace), client.MatchingLabels{v1beta1.LabelJobUID: string(j.UID)})
		var entries []string
		for i := range list.Items {
			for _, entry := range list.Items[i].Spec.Nodes {
				if entry.Node == extra {
					entries = append(entries, entryOf(entry.NodeUID, entry.Result))
				}
			}
		}
		return entries, err
	}
}

func entryOf(node types.UID, result v1beta1.RecordResult) string {
	return fmt.Sprintf("%s %s", node, result)
}

var _ = Describe("a machine that is done", Label("local"), Serial, func() {
	BeforeEach(requireLocalCluster)

	// One spec, since a node takes seconds to join.
	It("reboots and runs nothing again that was released, and another one of its name does the work", func() {
		done := func(n int) OmegaMatcher { return HaveField("Completed", fmt.Sprintf("%d/%d", n, len(nodes)+1)) }
		keeps, releases := newNamespace(), newNamespace()
		first := addExtra()
		DeferCleanup(func() {
			if slices.Contains(local.Nodes(), extra) {
				Expect(local.RemoveNode(ctx, extra)).To(Succeed())
			}
		})
		kept := create(shell(keeps, "j", ends).Exit().TTL(600))
		w := shell(releases, "j", ends).Exit().TTL(600)
		w.Spec.CompletedPods = v1beta1.CompletedPodsRelease
		released := create(w)
		for _, ns := range []string{keeps, releases} {
			Eventually(lines(ns, "runs")).Should(Equal("1\n"))
			Eventually(runs(ns)).Should(Equal(eachNode("1")))
			letGo(ns, extra)
		}
		firstEntry := entryOf(first, v1beta1.RecordSucceeded)
		for _, j := range []*v1beta1.Job{kept, released} {
			Eventually(extraEntries(j)).Should(Equal([]string{firstEntry}))
		}
		Eventually(gatedPods(released)).Should(HaveLen(1), "its pod was deleted, and the next one waits")

		By("rebooting it")
		Expect(local.RebootNode(ctx, extra)).To(Succeed())
		Eventually(lines(keeps, "ends")).Should(Equal("2\n"), "the kubelet starts the pods of the node again, and with them what is kept")
		Consistently(lines(releases, "runs"), "2s").Should(Equal("1\n"))
		Expect(gatedPods(released)()).To(HaveLen(1))
		for _, j := range []*v1beta1.Job{kept, released} {
			Expect(status(j)()).To(And(done(1), HaveField("Failed", BeZero())))
		}

		By("removing it, and adding another one under its name")
		old := podOn(kept, extra)
		Expect(local.RemoveNode(ctx, extra)).To(Succeed())
		for _, j := range []*v1beta1.Job{kept, released} {
			Eventually(status(j)).Should(progress(0), "a machine takes its count with it")
		}
		// A pod that is hardly older than its node may be the node's own: clocks differ.
		Eventually(func() time.Duration { return time.Since(old.Status.StartTime.Time) }).Should(BeNumerically(">", 12*time.Second))
		second := addExtra()
		Expect(second).NotTo(Equal(first))
		Eventually(lines(releases, "runs")).Should(Equal("1\n"), "it has no file of the first one")
		Eventually(podsOnExtra(kept)).Should(HaveExactElements(Not(Equal(old.UID))), "the pod of the first one is replaced")
		for _, ns := range []string{keeps, releases} {
			Eventually(lines(ns, "runs")).ShouldNot(Equal("0\n"))
			letGo(ns, extra)
		}
		for _, j := range []*v1beta1.Job{kept, released} {
			Eventually(extraEntries(j)).Should(Equal([]string{firstEntry, entryOf(second, v1beta1.RecordSucceeded)}))
			Eventually(status(j)).Should(done(1))
		}
		for _, ns := range []string{keeps, releases} {
			letGo(ns, nodes...)
		}
		for _, j := range []*v1beta1.Job{kept, released} {
			Eventually(status(j)).Should(And(done(len(nodes)+1), HaveField("Phase", v1beta1.PhaseComplete)))
		}
		for _, ns := range []string{keeps, releases} {
			Expect(lines(ns, "ends")()).To(Equal("1\n"))
			Expect(runs(ns)()).To(Equal(eachNode("1")))
		}
		Expect(lines(releases, "runs")()).To(Equal("1\n"))
	})
})
