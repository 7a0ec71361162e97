package completion_test

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/completion"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// running creates a pod of a Job with a running container.
func running(j *v1beta1.Job, name string) *corev1.Pod {
	GinkgoHelper()
	return start(wrappers.Pod(j, "node-1", "h1").Obj(), name)
}

// start creates a pod with a running container.
func start(pod *corev1.Pod, name string) *corev1.Pod {
	GinkgoHelper()
	pod.Name, pod.UID, pod.Status = name, "", corev1.PodStatus{}
	Expect(k8s.Create(ctx, pod)).To(Succeed())
	setContainer(pod, func(status *corev1.ContainerStatus) {
		status.ContainerID = "test://" + name + "-1"
		status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	})
	return pod
}

func setContainer(pod *corev1.Pod, change func(*corev1.ContainerStatus)) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		if len(pod.Status.ContainerStatuses) == 0 {
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: v1beta1.ContainerName}}
		}
		change(&pod.Status.ContainerStatuses[0])
		return k8s.Status().Update(ctx, pod)
	})).To(Succeed())
}

func completed(pod *corev1.Pod) func() (bool, error) {
	return func() (bool, error) {
		now := &corev1.Pod{}
		err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), now)
		return v1beta1.PodIsCompleted(now), err
	}
}

var _ = Describe("completion", func() {
	var (
		ns      string
		job     *v1beta1.Job
		options completion.Options
	)
	BeforeEach(func() {
		ns = newNamespace()
		job = wrappers.Job(ns, "j").Obj()
		Expect(k8s.Create(ctx, job)).To(Succeed())
		options = completion.Options{Word: "done", MaxLogStreams: 100}
	})

	It("marks a pod within a second of its word, and no other", func() {
		startTerminator(options)
		first, second := running(job, "first"), running(job, "second")
		log := kubelet.log(ns, "first")
		log.say("undone")
		kubelet.log(ns, "second").say("abandoned")
		Consistently(completed(first)).Should(BeFalse())
		log.say("all done.")
		said := time.Now()
		Eventually(completed(first)).Should(BeTrue())
		took := time.Since(said)
		Expect(took).To(BeNumerically("<", time.Second))
		AddReportEntry("from the word to the mark", took.String())
		Consistently(completed(second)).Should(BeFalse())
		Expect(log.streams()).To(Equal(1), "the log is not polled")
	})

	It("resumes a stream that was cut, and misses no line", func() {
		startTerminator(options)
		pod := running(job, "p")
		log := kubelet.log(ns, "p")
		log.say("line")
		Eventually(log.streams).Should(Equal(1))
		time.Sleep(100 * time.Millisecond)
		log.cutStreams()
		log.say("more") // While no stream is open.
		Eventually(log.streams).Should(BeNumerically(">=", 2))
		log.cutStreams()
		log.say("done")
		Eventually(completed(pod)).Should(BeTrue())
		log.mu.Lock()
		defer log.mu.Unlock()
		Expect(log.since).NotTo(BeEmpty(), "the log is not read from the beginning again")
	})

	It("finds a word before and after its own restart", func() {
		stop := startTerminator(options)
		before, after := running(job, "before"), running(job, "after")
		Eventually(kubelet.log(ns, "before").streams).Should(Equal(1))
		stop()
		kubelet.log(ns, "before").say("done")
		startTerminator(options)
		Eventually(completed(before)).Should(BeTrue())
		kubelet.log(ns, "after").say("done")
		Eventually(completed(after)).Should(BeTrue())
	})

	It("finds the word of a container that has ended and was started again", func() {
		pod := running(job, "p")
		log := kubelet.log(ns, "p")
		log.update(func() { log.previous = []entry{{time.Now(), "done"}} })
		setContainer(pod, func(status *corev1.ContainerStatus) {
			status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ContainerID: status.ContainerID}
			status.ContainerID, status.RestartCount = "test://p-2", 1
		})
		startTerminator(options)
		Eventually(completed(pod)).Should(BeTrue())
	})

	It("follows a container that is started again", func() {
		startTerminator(options)
		pod := running(job, "p")
		log := kubelet.log(ns, "p")
		log.say("I fail")
		Eventually(log.streams).Should(Equal(1))
		log.update(func() { log.previous, log.entries, log.ended = log.entries, nil, true })
		setContainer(pod, func(status *corev1.ContainerStatus) {
			status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ContainerID: status.ContainerID, ExitCode: 1}
			status.ContainerID, status.RestartCount = "test://p-2", 1
		})
		log.update(func() { log.ended = false })
		Consistently(completed(pod)).Should(BeFalse())
		log.say("done")
		Eventually(completed(pod)).Should(BeTrue())
	})

	It("finds the Job's own word, and reads the log from its beginning when the word changes", func() {
		startTerminator(options)
		pod := running(job, "p")
		kubelet.log(ns, "p").say("ready")
		Consistently(completed(pod)).Should(BeFalse())
		Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			if err := k8s.Get(ctx, client.ObjectKeyFromObject(job), job); err != nil {
				return err
			}
			job.Spec.TerminationWord = "ready"
			return k8s.Update(ctx, job)
		})).To(Succeed())
		Eventually(completed(pod)).Should(BeTrue())
	})

	It("shares few streams between many logs, and finds all words", func() {
		options.MaxLogStreams = 2
		startTerminator(options)
		var pods []*corev1.Pod
		for i := range 6 {
			name := fmt.Sprintf("p%d", i)
			pods = append(pods, running(job, name))
		}
		time.Sleep(500 * time.Millisecond)
		for i := range pods {
			kubelet.log(ns, pods[len(pods)-1-i].Name).say("done")
		}
		for _, pod := range pods {
			Eventually(completed(pod), "30s").Should(BeTrue(), pod.Name)
		}
	})

	It("finds a word after a line of megabytes and binary output", func() {
		startTerminator(options)
		pod := running(job, "p")
		log := kubelet.log(ns, "p")
		log.say(strings.Repeat("\x00\xff\xfe", 2<<20))
		log.say("\xffdone\x00")
		Eventually(completed(pod)).Should(BeTrue())
	})

	It("ignores pods in Exit mode and pods without a Job", func() {
		startTerminator(options)
		byExit := wrappers.Pod(job, "node-1", "h1").Obj()
		byExit.Name, byExit.UID, byExit.Spec.ReadinessGates, byExit.Status = "exit", "", nil, corev1.PodStatus{}
		Expect(k8s.Create(ctx, byExit)).To(Succeed())
		orphan := running(wrappers.Job(ns, "nobody").Obj(), "orphan")
		kubelet.log(ns, "exit").say("done")
		kubelet.log(ns, "orphan").say("done")
		Consistently(completed(orphan)).Should(BeFalse())
		Expect(completed(byExit)()).To(BeFalse())
		Expect(kubelet.log(ns, "orphan").streams()).To(BeZero())
	})
})

// finish sets a condition of a finished Job, as the manager does, at a time in the past.
func finish(j *v1beta1.Job, conditionType string, ago time.Duration) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(j), j); err != nil {
			return err
		}
		meta.SetStatusCondition(&j.Status.Conditions, metav1.Condition{
			Type: conditionType, Status: metav1.ConditionTrue, Reason: "Test", LastTransitionTime: metav1.NewTime(time.Now().Add(-ago)),
		})
		j.Status.ObservedGeneration = j.Generation
		return k8s.Status().Update(ctx, j)
	})).To(Succeed())
}

var _ = Describe("cleanup", func() {
	gone := func(j *v1beta1.Job) func() bool {
		return func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(j), &v1beta1.Job{}))
		}
	}
	var ns string
	BeforeEach(func() {
		ns = newNamespace()
		startTerminator(completion.Options{Word: "done", MaxLogStreams: 10})
	})
	create := func(w *wrappers.JobWrapper) *v1beta1.Job {
		j := w.Obj()
		Expect(k8s.Create(ctx, j)).To(Succeed())
		return j
	}

	It("deletes a complete Job at once, and keeps a failed one and one that runs", func() {
		complete, failed, active := create(wrappers.Job(ns, "c")), create(wrappers.Job(ns, "f")), create(wrappers.Job(ns, "g"))
		finish(complete, v1beta1.JobComplete, 0)
		finish(failed, v1beta1.JobFailed, time.Hour)
		Eventually(gone(complete)).Should(BeTrue())
		Consistently(gone(failed)).Should(BeFalse())
		Expect(gone(active)()).To(BeFalse())
	})

	It("keeps a finished Job for its TTL, and obeys a changed TTL", func() {
		complete, failed := create(wrappers.Job(ns, "c").TTL(2)), create(wrappers.Job(ns, "f").TTL(3600))
		finish(complete, v1beta1.JobComplete, 0)
		finish(failed, v1beta1.JobFailed, 0)
		Consistently(gone(complete)).Should(BeFalse())
		Eventually(gone(complete)).Should(BeTrue())
		Expect(gone(failed)()).To(BeFalse())
		Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			if err := k8s.Get(ctx, client.ObjectKeyFromObject(failed), failed); err != nil {
				return err
			}
			failed.Spec.TTLSecondsAfterFinished = new(int32(0))
			return k8s.Update(ctx, failed)
		})).To(Succeed())
		Consistently(gone(failed)).Should(BeFalse(), "the change may be one that starts the Job over")
		finish(failed, v1beta1.JobFailed, 0)
		Eventually(gone(failed)).Should(BeTrue(), "the manager has observed that it is not")
	})
})
