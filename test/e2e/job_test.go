//go:build e2e

package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// waits is a script that appends a line for its run, waits until the test releases the
// node, and logs "done".
const waits = `trap 'exit 0' TERM; echo run >> /basetarget/runs
while [ ! -e /basetarget/go ]; do sleep 0.05; done
echo done; while true; do sleep 0.2; done`

// shell returns a Job that runs a script on every node. A folder of the node's /tmp
// that only this test uses is mounted at /basetarget.
func shell(namespace, name, script string) *wrappers.JobWrapper {
	return wrappers.Job(namespace, name).Image(shellImage).Command("/bin/sh", "-c", script).MountPath("/tmp/" + namespace)
}

func create(w *wrappers.JobWrapper) *v1beta1.Job {
	GinkgoHelper()
	j := w.Obj()
	Expect(k8s.Create(ctx, j)).To(Succeed())
	return j
}

func change(j *v1beta1.Job, mutate func(*v1beta1.JobSpec)) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(j), j); err != nil {
			return err
		}
		mutate(&j.Spec)
		return k8s.Update(ctx, j)
	})).To(Succeed())
}

func status(j *v1beta1.Job) func() (v1beta1.JobStatus, error) {
	return func() (v1beta1.JobStatus, error) {
		now := &v1beta1.Job{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(j), now)
		return now.Status, err
	}
}

func progress(done int) OmegaMatcher {
	return HaveField("Completed", fmt.Sprintf("%d/%d", done, len(nodes)))
}

func blocked(j *v1beta1.Job) func() (string, error) {
	return func() (string, error) {
		s, err := status(j)()
		if c := meta.FindStatusCondition(s.Conditions, v1beta1.JobBlocked); c != nil {
			return c.Reason + ": " + c.Message, err
		}
		return "", err
	}
}

// nothingLeft returns an error if the Job, its DaemonSet or a pod of it still exists.
func nothingLeft(j *v1beta1.Job) func() error {
	return func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(j), &v1beta1.Job{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the Job is there: %w", err)
		}
		name := client.ObjectKey{Namespace: j.Namespace, Name: v1beta1.DaemonSetName(j.Name)}
		if err := k8s.Get(ctx, name, &appsv1.DaemonSet{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the DaemonSet is there: %w", err)
		}
		pods := &corev1.PodList{}
		if err := k8s.List(ctx, pods, client.InNamespace(j.Namespace), client.MatchingLabels(v1beta1.PodLabels(j.Name))); err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d pods are there", len(pods.Items))
		}
		return nil
	}
}

// runs returns how many times a Job's script was started on each node.
func runs(namespace string) func() (map[string]string, error) {
	return func() (map[string]string, error) {
		counts := map[string]string{}
		for _, node := range nodes {
			count, err := onHost(node, "cat /host/tmp/"+namespace+"/runs 2>/dev/null | wc -l")
			if err != nil {
				return nil, err
			}
			counts[node] = count
		}
		return counts, nil
	}
}

func eachNode(count string) map[string]string {
	all := map[string]string{}
	for _, node := range nodes {
		all[node] = count + "\n"
	}
	return all
}

func letGo(namespace string, on ...string) {
	GinkgoHelper()
	for _, node := range on {
		_, err := onHost(node, "touch /host/tmp/"+namespace+"/go")
		Expect(err).NotTo(HaveOccurred())
	}
}

var _ = Describe("a Job on real nodes", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	// It has the folder /tmp/foo of the nodes for itself.
	It("deletes what the sample manifest says on every node, and vanishes", Serial, func() {
		onAllHosts("mkdir -p /host/tmp/foo/deep && echo x > /host/tmp/foo/deep/file")
		_, err := kubectl("apply", "-n", ns, "-f", "../../config/samples/daemonset_v1beta1_job.yaml")
		Expect(err).NotTo(HaveOccurred())
		Eventually(nothingLeft(wrappers.Job(ns, "job-sample").Obj())).Should(Succeed())
		onAllHosts("test ! -e /host/tmp/foo")
	})

	It("is deleted within a second of the last node's word", Serial, func() {
		j := create(shell(ns, "j", waits))
		Eventually(status(j)).Should(HaveField("Active", int32(len(nodes))))
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		last := nodes[len(nodes)-1]
		letGo(ns, nodes[:len(nodes)-1]...)
		Eventually(status(j)).Should(progress(len(nodes) - 1))
		watch, err := k8s.Watch(ctx, &v1beta1.JobList{}, client.InNamespace(ns))
		Expect(err).NotTo(HaveOccurred())
		defer watch.Stop()
		said := timeOfLine(podOn(j, last), "done")
		letGo(ns, last)
		for event := range watch.ResultChan() {
			if event.Type == "DELETED" {
				break
			}
		}
		took := time.Since(<-said)
		fmt.Printf("\nfrom the last node's word to the Job's deletion: %s\n", took.Round(time.Millisecond))
		Expect(took).To(BeNumerically("<", time.Second))
		Eventually(nothingLeft(j)).Should(Succeed())
		Expect(runs(ns)()).To(Equal(eachNode("1")))
	})

	It("keeps two Jobs of one name in two namespaces apart", func() {
		other := newNamespace()
		first, second := create(shell(ns, "same", waits)), create(shell(other, "same", waits))
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		Eventually(runs(other)).Should(Equal(eachNode("1")))
		letGo(ns, nodes...)
		Eventually(nothingLeft(first)).Should(Succeed())
		Expect(status(second)()).To(progress(0))
		letGo(other, nodes...)
		Eventually(nothingLeft(second)).Should(Succeed())
	})

	It("runs the new work on every node when it is updated in the middle", func() {
		j := create(shell(ns, "j", waits))
		letGo(ns, nodes[0])
		Eventually(status(j)).Should(progress(1))
		change(j, func(spec *v1beta1.JobSpec) {
			spec.Command = []string{"/bin/sh", "-c", "trap 'exit 0' TERM; echo new > /basetarget/new; echo done; while true; do sleep 0.2; done"}
		})
		Eventually(nothingLeft(j), "90s").Should(Succeed())
		onAllHosts("test -e /host/tmp/" + ns + "/new")
	})

	It("is deleted with all its objects while it works", func() {
		j := create(shell(ns, "j", waits))
		Eventually(runs(ns)).Should(Equal(eachNode("1")))
		Expect(k8s.Delete(ctx, j)).To(Succeed())
		Eventually(nothingLeft(j)).Should(Succeed())
		Consistently(nothingLeft(j)).Should(Succeed())
		Expect(runs(ns)()).To(Equal(eachNode("1")))
	})

	It("counts a node as done whose script fails once and then succeeds", func() {
		j := create(shell(ns, "j", `trap 'exit 0' TERM; if [ ! -e /basetarget/tried ]; then touch /basetarget/tried; echo "not yet" >&2; exit 3; fi
echo done; while true; do sleep 0.2; done`))
		Eventually(nothingLeft(j), "90s").Should(Succeed())
		onAllHosts("test -e /host/tmp/" + ns + "/tried")
	})

	It("names the missing image, and runs once it is corrected", func() {
		j := create(shell(ns, "j", waits).Image("example.invalid/no/such:image"))
		Eventually(blocked(j)).Should(And(HavePrefix("PodsWaiting"), ContainSubstring(fmt.Sprintf("%d nodes", len(nodes))), MatchRegexp("ErrImagePull|ImagePullBackOff")))
		letGo(ns, nodes...)
		change(j, func(spec *v1beta1.JobSpec) { spec.Image = shellImage })
		Eventually(nothingLeft(j), "90s").Should(Succeed())
	})

	It("shows its progress in the columns of the Job and of its DaemonSet", func() {
		j := create(shell(ns, "j", waits))
		letGo(ns, nodes[0])
		Eventually(status(j)).Should(progress(1))
		Expect(kubectl("get", "dsj", "-n", ns)).To(MatchRegexp(`(?m)^NAME\s+PHASE\s+COMPLETED\s+FAILED\s+BLOCKED\s+AGE\nj\s+Running\s+1/%d\s+0\s`, len(nodes)))
		Eventually(func() (string, error) {
			return kubectl("get", "ds", "-n", ns, "j-daemonset-job", "-o", "jsonpath={.status.numberReady}")
		}).Should(Equal("1"))
		letGo(ns, nodes...)
		Eventually(nothingLeft(j)).Should(Succeed())
	})
})
