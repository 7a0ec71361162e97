package cli

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// world is a namespace with nodes of its own. The test plays the operator and the kubelets.
type world struct {
	Gomega
	t          *testing.T
	ctx        context.Context
	k8s        client.Client
	ns         string
	kubeconfig string
	at         time.Time
	ds         *appsv1.DaemonSet
	// templateHash is that of the Job that was started last.
	templateHash string
}

// newWorld has nodes that are called by the namespace and a number.
func newWorld(t *testing.T, nodes int) *world {
	t.Helper()
	startCluster(t)
	w := &world{Gomega: NewWithT(t), t: t, ctx: context.Background(), k8s: cluster.k8s, kubeconfig: cluster.admin, at: time.Now().Truncate(time.Second).Add(time.Second)}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	w.Expect(w.k8s.Create(w.ctx, namespace)).To(Succeed())
	w.ns = namespace.Name
	for i := range nodes {
		w.addNode(i + 1)
	}
	return w
}

// now is a minute after all objects were made, so that ages are the same in each run.
func (w *world) now() time.Time { return w.at.Add(time.Minute) }

func (w *world) node(i int) string { return fmt.Sprintf("%s-%d", w.ns, i) }

func (w *world) addNode(i int) {
	w.t.Helper()
	host, port, err := net.SplitHostPort(cluster.kubelet.server.Listener.Addr().String())
	w.Expect(err).NotTo(HaveOccurred())
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.node(i), Labels: map[string]string{"pool": w.ns}}}
	w.Expect(w.k8s.Create(w.ctx, node)).To(Succeed())
	w.t.Cleanup(func() { _ = w.k8s.Delete(w.ctx, node) })
	node.Spec.Taints = nil // A new node is tainted as not ready.
	w.Expect(w.k8s.Update(w.ctx, node)).To(Succeed())
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: host}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(atoi(port))
	w.Expect(w.k8s.Status().Update(w.ctx, node)).To(Succeed())
}

// newJob is a Job in Exit mode on the nodes of the world.
func (w *world) newJob(name string) *wrappers.JobWrapper {
	return wrappers.Job(w.ns, name).Exit().NodeSelector("pool", w.ns).Command("true").BackoffLimit(0)
}

// start creates the Job, and the DaemonSet as the manager would.
func (w *world) start(job *v1beta1.Job) *v1beta1.Job {
	w.t.Helper()
	w.Expect(w.k8s.Create(w.ctx, job)).To(Succeed())
	w.own(job)
	return w.status(job, func(s *v1beta1.JobStatus) { s.Phase, s.Completed = v1beta1.PhaseRunning, "0/3" })
}

func (w *world) own(job *v1beta1.Job) {
	w.t.Helper()
	var err error
	w.templateHash, err = daemonset.TemplateHash(&job.Spec)
	w.Expect(err).NotTo(HaveOccurred())
	ds, err := daemonset.Desired(job, w.templateHash, daemonset.Pause{Image: "example.com/pause:v1"})
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.k8s.Create(w.ctx, ds)).To(Succeed())
	w.ds = ds
}

// status changes the status of a Job as the manager would.
func (w *world) status(job *v1beta1.Job, change func(*v1beta1.JobStatus)) *v1beta1.Job {
	w.t.Helper()
	latest := &v1beta1.Job{}
	w.Expect(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := w.k8s.Get(w.ctx, client.ObjectKeyFromObject(job), latest); err != nil {
			return err
		}
		latest.Status.ObservedGeneration, latest.Status.TemplateHash, latest.Status.RunGeneration = latest.Generation, w.templateHash, 1
		if latest.Status.StartTime == nil {
			latest.Status.StartTime = new(metav1.NewTime(w.at))
		}
		change(&latest.Status)
		return w.k8s.Status().Update(w.ctx, latest)
	})).To(Succeed())
	return latest
}

// condition sets a condition of a Job to true.
func condition(conditionType, reason, message string) func(*v1beta1.JobStatus) {
	return func(s *v1beta1.JobStatus) {
		s.Conditions = append(s.Conditions, metav1.Condition{
			Type: conditionType, Status: metav1.ConditionTrue, Reason: reason, Message: message, LastTransitionTime: metav1.Now(),
		})
	}
}

// pod creates the pod of a Job on a node, whose work runs.
func (w *world) pod(job *v1beta1.Job, i int) *corev1.Pod {
	w.t.Helper()
	template := w.ds.Spec.Template
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: w.ns, Name: fmt.Sprintf("%s-%d", w.ds.Name, i), Labels: template.Labels,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(w.ds, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))},
	}, Spec: *template.Spec.DeepCopy()}
	pod.Spec.NodeName, pod.Spec.Affinity, pod.Spec.SchedulingGates = w.node(i), nil, nil
	w.Expect(w.k8s.Create(w.ctx, pod)).To(Succeed(), job.Name)
	w.podStatus(pod, corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}})
	return pod
}

// podStatus sets what the kubelet says of the work of a pod.
func (w *world) podStatus(pod *corev1.Pod, work corev1.ContainerStatus) {
	w.t.Helper()
	work.Name = v1beta1.ContainerName
	w.Expect(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := w.k8s.Get(w.ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		pod.Status.Phase = corev1.PodPending
		pod.Status.InitContainerStatuses = []corev1.ContainerStatus{work}
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(w.at.Add(30 * time.Second))}}
		return w.k8s.Status().Update(w.ctx, pod)
	})).To(Succeed())
}

// ended is the status of work that ended. After a failure the kubelet starts it again.
func (w *world) ended(code int32, message string) corev1.ContainerStatus {
	end := &corev1.ContainerStateTerminated{ExitCode: code, Message: message, FinishedAt: metav1.NewTime(w.at.Add(50 * time.Second))}
	if code == 0 {
		return corev1.ContainerStatus{State: corev1.ContainerState{Terminated: end}}
	}
	return corev1.ContainerStatus{RestartCount: 1, LastTerminationState: corev1.ContainerState{Terminated: end},
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 10s"}}}
}

// finish ends the work on a node.
func (w *world) finish(pod *corev1.Pod, code int32, output string) {
	w.t.Helper()
	cluster.kubelet.prints(w.ns, pod.Name, output)
	w.podStatus(pod, w.ended(code, output[:min(len(output), 100)]))
}

// plugin runs the plugin, and returns its exit code and what it printed.
func (w *world) plugin(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	p := w.begin(args...)
	return p.wait()
}

// running is a plugin that runs in this process.
type running struct {
	world    *world
	out, err syncBuffer
	code     chan int
	cancel   context.CancelFunc
	// requests are all that it asked the API server.
	requests requestLog
}

// begin runs the plugin in the background.
func (w *world) begin(args ...string) *running {
	w.t.Helper()
	p := &running{world: w, code: make(chan int, 1)}
	ctx, cancel := context.WithCancel(w.ctx)
	p.cancel = cancel
	a := newApp(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &p.out, ErrOut: &p.err})
	a.now = w.now
	a.flags.WrapConfigFn = func(c *rest.Config) *rest.Config {
		c.Wrap(p.requests.wrap)
		return c
	}
	go func() { p.code <- a.execute(ctx, append([]string{"--kubeconfig", w.kubeconfig, "-n", w.ns}, args...)) }()
	w.t.Cleanup(cancel)
	return p
}

func (p *running) wait() (code int, stdout, stderr string) {
	p.world.t.Helper()
	p.world.Eventually(p.code).Should(Receive(&code), "stdout %s, stderr %s", &p.out, &p.err)
	return code, p.world.neutral(p.out.String()), p.world.neutral(p.err.String())
}

// neutral replaces the name of the namespace by one that is the same in each run.
func (w *world) neutral(text string) string { return strings.ReplaceAll(text, w.ns, "test-xxxxx") }

// syncBuffer is a buffer that is read while it is written.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write appends.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
