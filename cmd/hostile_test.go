package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// maxMemory is the most that a process may ever hold, in KiB.
const maxMemory = 100 * 1024

// hostilePod is a pod of more than a megabyte with the labels of a Job.
func hostilePod(i int) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: fmt.Sprint("pod-", i), Labels: v1beta1.PodLabels("j"),
			Annotations: map[string]string{"note": strings.Repeat("x", 200*1024)},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.com/work:v1"}}},
	}
	for n := range 1300 {
		pod.Labels[fmt.Sprintf("%s.example.com/%060d", strings.Repeat("x.", 110)+"x", n)] = strings.Repeat("v", 63)
	}
	return pod
}

// crowdedPod is a pod with hundreds of containers, and a long message of each.
func crowdedPod(i int) *corev1.Pod {
	pod := hostilePod(i)
	pod.Name, pod.Labels, pod.Annotations, pod.Spec.Containers = fmt.Sprint("crowd-", i), v1beta1.PodLabels("j"), nil, nil
	for n := range 200 {
		name := fmt.Sprint("c", n)
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name, Image: "example.com/work:v1"})
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{Name: name, State: corev1.ContainerState{
			Waiting: &corev1.ContainerStateWaiting{Reason: "Pulling", Message: strings.Repeat("message\n", 400)},
		}})
	}
	return pod
}

// hostileEvent is an event of more than a megabyte that the manager watches.
func hostileEvent(i int) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprint("event-", i)},
		InvolvedObject: corev1.ObjectReference{Kind: "DaemonSet", Namespace: "default", Name: v1beta1.DaemonSetName("j"), UID: "u"},
		Reason:         "FailedCreate", Source: corev1.EventSource{Component: "daemonset-controller"},
		Message: strings.Repeat("refused\n", 150_000), FirstTimestamp: metav1.Now(), LastTimestamp: metav1.Now(), Count: 1,
	}
}

// Whoever may create pods and events in one namespace must not end the processes that serve
// all of them. The peak of the real processes is measured, with the Deployment's settings:
// the kernel kills a container for its peak, whatever of it a garbage collection would free.
// The program's text does not count: the kernel drops its pages, and reads them again.
func TestHostileObjectsFitIntoMemory(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	k8s, kubeconfig := startLoadedServer(t)
	var group errgroup.Group
	group.SetLimit(8)
	create := func(o client.Object) { group.Go(func() error { return k8s.Create(ctx, o) }) }
	for i := range 160 {
		create(hostilePod(i))
	}
	for i := range 40 {
		group.Go(func() error {
			pod := crowdedPod(i)
			status := pod.Status
			if err := k8s.Create(ctx, pod); err != nil {
				return err
			}
			pod.Status = status
			return k8s.Status().Update(ctx, pod)
		})
	}
	for i := range 240 {
		create(hostileEvent(i))
	}
	g.Expect(group.Wait()).To(Succeed())
	g.Expect(k8s.Create(ctx, wrappers.Job("default", "j").Image("example.com/work:v1").Obj())).To(Succeed())

	program := buildProgram(t)
	manager, terminator := startProgram(t, program, "/manager", kubeconfig), startProgram(t, program, "/terminator", kubeconfig)
	g.Eventually(func() error {
		return k8s.Get(ctx, client.ObjectKey{Namespace: "default", Name: v1beta1.DaemonSetName("j")}, &appsv1.DaemonSet{})
	}).WithTimeout(time.Minute).Should(Succeed(), "a live list of the hostile pods comes before it")
	for range 20 {
		// Each object is sent once more, and replaces the one in the cache.
		create := hostilePod(0)
		create.GenerateName, create.Name = "more-", ""
		g.Expect(k8s.Create(ctx, create)).To(Succeed())
	}
	for name, peak := range map[string]*atomic.Int64{"manager": manager, "terminator": terminator} {
		t.Logf("The %s held %d MiB at most", name, peak.Load()/1024)
		g.Expect(peak.Load()).To(And(BeNumerically(">", 0), BeNumerically("<", maxMemory)), name)
	}
}

// startLoadedServer starts an API server until the test ends, for a test that loads it and
// measures the peaks of the processes. It returns an administrator, and the path of his kubeconfig.
func startLoadedServer(t *testing.T) (admin client.Client, kubeconfig string) {
	t.Helper()
	wrappers.RequireAssets(t)
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("The peak of a process is read from /proc")
	}
	g := NewWithT(t)
	env := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "config", "crd", "bases")}, ErrorIfCRDPathMissing: true}
	cfg, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	// An older API server sends the first list at once, which the operator cannot bound.
	wrappers.RequireKubernetes(t, cfg, "1.34", "WatchList by default")
	cfg.QPS = -1
	admin, err = client.New(cfg, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	g.Expect(os.WriteFile(kubeconfig, env.KubeConfig, 0o600)).To(Succeed())
	return admin, kubeconfig
}
