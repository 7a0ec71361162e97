package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// realCluster makes a cluster for a test named TestReal. Such tests take minutes, and
// each has a name and a slot of its own.
func realCluster(t *testing.T, options Options) *Cluster {
	t.Helper()
	if os.Getenv("TEST_CLUSTER") == "" {
		t.Skip("SKIPPED: makes real clusters; make test-cluster runs it")
	}
	if options.Name == "" {
		options.Name, options.Slot = "selftest", 8
	}
	options.Log = t.Output()
	c, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Down(context.Background()); err != nil {
			t.Error(err)
		}
		if err := c.VerifyClean(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func up(t *testing.T, c *Cluster) kubernetes.Interface {
	t.Helper()
	must(t, c.Up(t.Context()))
	client, err := c.client()
	must(t, err)
	return client
}

func eventually(t *testing.T, limit time.Duration, what string, holds func() (bool, error)) {
	t.Helper()
	var last error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		ok, err := holds()
		if ok && err == nil {
			return
		}
		last = err
	}
	t.Fatalf("waited %s for %s: %v", limit, what, last)
}

// loadProbe loads the probe's image into the nodes from an archive.
func loadProbe(t *testing.T, c *Cluster) string {
	t.Helper()
	const image = "example.com/probe:v1"
	content, err := programImage(t.Context(), image, filepath.Join("testdata", "probe"))
	must(t, err)
	archive := filepath.Join(t.TempDir(), "probe.tar")
	must(t, os.WriteFile(archive, content, 0o600))
	must(t, c.Load(t.Context(), archive, ""))
	return image
}

// runProbe creates a pod on the node, and returns when the pod has logged "done".
func runProbe(t *testing.T, client kubernetes.Interface, image, node, name string, urls ...string) (*corev1.Pod, string) {
	t.Helper()
	pods := client.CoreV1().Pods(metav1.NamespaceDefault)
	seconds := int64(0)
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{
			NodeName: node, TerminationGracePeriodSeconds: &seconds,
			Containers: []corev1.Container{{
				Name: "probe", Image: image, Args: urls,
				VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/host"}},
			}},
			Volumes: []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: "/tmp"},
			}}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	var pod *corev1.Pod
	var log []byte
	eventually(t, time.Minute, "pod "+name, func() (bool, error) {
		pod, err = pods.Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		log, err = pods.GetLogs(name, &corev1.PodLogOptions{}).DoRaw(t.Context())
		if err == nil && !strings.HasSuffix(string(log), "done\n") {
			err = fmt.Errorf("it logged %q", log)
		}
		return err == nil && pod.Status.PodIP != "", err
	})
	return pod, string(log)
}

func restarts(t *testing.T, client kubernetes.Interface, name string) (int32, string) {
	t.Helper()
	pod, err := client.CoreV1().Pods(metav1.NamespaceDefault).Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	status := pod.Status.ContainerStatuses[0]
	if status.State.Running == nil {
		return status.RestartCount, ""
	}
	return status.RestartCount, status.ContainerID
}

func TestRealPods(t *testing.T) {
	c := realCluster(t, Options{Nodes: 2})
	client := up(t, c)
	image := loadProbe(t, c)

	first, log := runProbe(t, client, image, "node-1", "first",
		"https://"+serviceAddress+"/apis/authentication.k8s.io/v1/", "https://"+serviceAddress+"/api/v1/nodes")
	if !strings.Contains(log, "/v1/ 200") {
		t.Error("no answer from the API server:", log)
	}
	if !strings.Contains(log, "system:serviceaccount:default:default") {
		t.Error("the API server does not name the service account:", log)
	}
	if !strings.Contains(log, "lookup fails") {
		t.Error("a name was found without DNS:", log)
	}

	t.Run("services", func(t *testing.T) {
		const address = "10.96.7.7"
		_, err := client.CoreV1().Services(metav1.NamespaceDefault).Create(t.Context(), &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "first"},
			Spec: corev1.ServiceSpec{
				ClusterIP: address, Selector: map[string]string{"app": "first"}, Ports: []corev1.ServicePort{{Port: 8080}},
			},
		}, metav1.CreateOptions{})
		must(t, err)
		for _, node := range c.Nodes() {
			name := "from-" + node
			_, log := runProbe(t, client, image, node, name, "http://"+address+":8080", "http://"+first.Status.PodIP+":8080")
			if strings.Count(log, "200 I am first") != 2 {
				t.Errorf("%s does not reach a pod both ways: %s", node, log)
			}
		}
		if err := answers(t.Context(), http.DefaultTransport, "http://"+first.Status.PodIP+":8080"); err != nil {
			t.Error("the host does not reach the pod:", err)
		}
	})

	t.Run("kill container", func(t *testing.T) {
		before, id := restarts(t, client, "first")
		pids, err := c.ContainerProcesses(t.Context(), "node-1", id)
		must(t, err)
		if len(pids) != 1 {
			t.Errorf("the probe has processes %v", pids)
		}
		must(t, c.KillContainer(t.Context(), "node-1", id))
		eventually(t, time.Minute, "restart", func() (bool, error) {
			after, now := restarts(t, client, "first")
			return after == before+1 && now != id && now != "", nil
		})
	})

	t.Run("containers outlive containerd and kubelet", func(t *testing.T) {
		before, id := restarts(t, client, "first")
		must(t, c.Kill("kubelet-node-1"))
		must(t, c.Kill("containerd-node-1"))
		if running, err := c.Running("containerd-node-1"); err != nil || running {
			t.Fatalf("containerd was killed and runs: %v", err)
		}
		must(t, c.Start(t.Context(), "containerd-node-1"))
		must(t, c.StartKubelet(t.Context(), "node-1"))
		if after, now := restarts(t, client, "first"); after != before || now != id {
			t.Errorf("the container was restarted: %s, then %s", id, now)
		}
	})
}

func TestRealNodes(t *testing.T) {
	c := realCluster(t, Options{Nodes: 1})
	client := up(t, c)
	image := loadProbe(t, c)
	ready := func(node string) corev1.ConditionStatus {
		found, err := client.CoreV1().Nodes().Get(t.Context(), node, metav1.GetOptions{})
		must(t, err)
		for _, condition := range found.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status
			}
		}
		return ""
	}

	must(t, c.AddNode(t.Context(), "late"))
	runProbe(t, client, image, "late", "on-late")
	for _, node := range c.Nodes() {
		folder, err := c.NodeTmp(node)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(folder, "name"), []byte(node), 0o600))
	}
	if err := c.AddNode(t.Context(), "late"); err == nil {
		t.Error("a node was added twice")
	}

	must(t, c.StopKubelet("late"))
	eventually(t, time.Minute, "NotReady", func() (bool, error) { return ready("late") == corev1.ConditionUnknown, nil })
	must(t, c.StartKubelet(t.Context(), "late"))
	if ready("late") != corev1.ConditionTrue {
		t.Error("StartKubelet returned before the node was ready")
	}

	must(t, c.RestartAPIServer(t.Context()))
	must(t, c.Kill("kube-apiserver"))
	must(t, c.StartAPIServer(t.Context()))

	must(t, c.RemoveNode(t.Context(), "late"))
	if _, err := client.CoreV1().Nodes().Get(t.Context(), "late", metav1.GetOptions{}); err == nil {
		t.Error("the removed node is still there")
	}
	must(t, c.AddNode(t.Context(), "later"))
	runProbe(t, client, image, "later", "on-later", "https://"+serviceAddress+"/version")
}
