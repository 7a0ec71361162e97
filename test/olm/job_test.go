//go:build e2e

package olm

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// shellImage is the sample's image, which has a shell.
const shellImage = "docker.io/darkowlzz/cleanup:v0.0.2"

// waits is a script that appends a line for its run, waits until the test releases the
// node, and logs "done".
const waits = `trap 'exit 0' TERM; echo run >> /basetarget/runs
while [ ! -e /basetarget/go ]; do sleep 0.05; done
echo done; while true; do sleep 0.2; done`

func create(job *v1beta1.Job) *v1beta1.Job {
	GinkgoHelper()
	Expect(k8s.Create(ctx, job)).To(Succeed())
	return job
}

// quick returns a Job that is done at once, and that the operator then deletes.
func quick(namespace string) *v1beta1.Job {
	return wrappers.Job(namespace, "quick").Image(shellImage).Command("/bin/sh", "-c", "echo done; while true; do sleep 1; done").Obj()
}

// collected waits until Kubernetes' garbage collector watches Jobs: it then deletes a ConfigMap whose
// Job is absent. The garbage collector looks for new kinds every 30 s. It never observes a Job
// whose CustomResourceDefinition is deleted before that, and leaves the DaemonSet of that Job.
func collected(namespace string) {
	GinkgoHelper()
	orphan := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "orphan", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: v1beta1.GroupVersion.String(), Kind: "Job", Name: "absent", UID: uuid.NewUUID()},
	}}}
	Expect(k8s.Create(ctx, orphan)).To(Succeed())
	Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(orphan), orphan) }).Should(Satisfy(apierrors.IsNotFound))
}

// sample returns the Job of the README.
func sample(namespace string) *v1beta1.Job {
	GinkgoHelper()
	data, err := os.ReadFile("../../config/samples/daemonset_v1beta1_job.yaml")
	Expect(err).NotTo(HaveOccurred())
	job := &v1beta1.Job{}
	Expect(yaml.UnmarshalStrict(data, job)).To(Succeed())
	job.Namespace = namespace
	return job
}

func gone(job *v1beta1.Job) func() bool {
	return func() bool {
		return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(job), &v1beta1.Job{}))
	}
}

func status(job *v1beta1.Job) func() (v1beta1.JobStatus, error) {
	return func() (v1beta1.JobStatus, error) {
		now := &v1beta1.Job{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(job), now)
		return now.Status, err
	}
}

// completes creates a Job, and waits until it has run and is deleted.
func completes(job *v1beta1.Job) {
	GinkgoHelper()
	create(job)
	Eventually(gone(job)).Should(BeTrue(), "the Job of namespace %s is done and deleted", job.Namespace)
}

// isLeftAlone creates a Job, and checks that the operator does not touch it.
func isLeftAlone(job *v1beta1.Job) {
	GinkgoHelper()
	create(job)
	Consistently(status(job)).Should(Equal(v1beta1.JobStatus{ObservedGeneration: -1}), "the Job of namespace %s is none of the operator's", job.Namespace)
	Expect(k8s.Delete(ctx, job)).To(Succeed())
}

// onNode returns the path on this host of a file in a node's /tmp.
func onNode(node, name string) string {
	GinkgoHelper()
	folder, err := local.NodeTmp(node)
	Expect(err).NotTo(HaveOccurred())
	return filepath.Join(folder, name)
}

// waiting creates a Job that works on every node until letGo is called.
func waiting(namespace string) *v1beta1.Job {
	GinkgoHelper()
	for _, node := range local.Nodes() {
		Expect(os.MkdirAll(onNode(node, namespace), 0o777)).To(Succeed())
		DeferCleanup(os.RemoveAll, onNode(node, namespace))
	}
	job := create(wrappers.Job(namespace, "waiting").Image(shellImage).Command("/bin/sh", "-c", waits).MountPath("/tmp/" + namespace).Obj())
	Eventually(status(job)).Should(HaveField("Active", int32(len(local.Nodes()))))
	return job
}

// letGo lets a waiting Job finish.
func letGo(job *v1beta1.Job) {
	GinkgoHelper()
	for _, node := range local.Nodes() {
		Expect(os.WriteFile(onNode(node, job.Namespace+"/go"), nil, 0o600)).To(Succeed())
	}
}

// ranOnce checks on each node that a waiting Job's script was started once.
func ranOnce(job *v1beta1.Job) {
	GinkgoHelper()
	for _, node := range local.Nodes() {
		Expect(os.ReadFile(onNode(node, job.Namespace+"/runs"))).To(BeEquivalentTo("run\n"), node)
	}
}

// pods returns the pods of a Job.
func pods(job *v1beta1.Job) []corev1.Pod {
	GinkgoHelper()
	list := &corev1.PodList{}
	Expect(k8s.List(ctx, list, client.InNamespace(job.Namespace), client.MatchingLabels(v1beta1.PodLabels(job.Name)))).To(Succeed())
	return list.Items
}
