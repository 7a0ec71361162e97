//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const hostNamespace = "e2e-host"

// startHostShell runs a pod on each node that mounts the node's /tmp. Through it, tests
// check what a Job did on the node, on any cluster.
func startHostShell() {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: hostNamespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "privileged"},
	}}
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, namespace))).To(Succeed())
	labels := map[string]string{"app": "host-shell"}
	ds := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: hostNamespace, Name: "host-shell"},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: new(int64(0)),
					Containers: []corev1.Container{{
						Name: "shell", Image: shellImage, Command: []string{"/bin/sh", "-c", "while true; do sleep 3600; done"},
						VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/host/tmp"}},
					}},
					Volumes: []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/tmp"}}}},
				},
			},
		},
	}
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, ds))).To(Succeed())
	Eventually(func() (int32, error) {
		err := k8s.Get(ctx, client.ObjectKeyFromObject(ds), ds)
		return ds.Status.NumberReady, err
	}).Should(BeEquivalentTo(len(nodes)))
}

func stopHostShell() {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: hostNamespace}}
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, namespace))).To(Succeed())
}

// onHost runs a script on a node and returns its output. The node's /tmp is /host/tmp.
func onHost(node, script string) (string, error) {
	shells := &corev1.PodList{}
	if err := k8s.List(ctx, shells, client.InNamespace(hostNamespace), client.MatchingFields{"spec.nodeName": node}); err != nil {
		return "", err
	}
	for i := range shells.Items {
		if shells.Items[i].DeletionTimestamp == nil {
			return kubectl("exec", "-n", hostNamespace, shells.Items[i].Name, "--", "/bin/sh", "-c", script)
		}
	}
	return "", fmt.Errorf("no shell on node %s", node)
}

// onAllHosts runs a script on all nodes at once.
func onAllHosts(script string) {
	GinkgoHelper()
	var wait sync.WaitGroup
	errs := make([]error, len(nodes))
	for i, node := range nodes {
		wait.Go(func() { _, errs[i] = onHost(node, script) })
	}
	wait.Wait()
	for _, err := range errs {
		Expect(err).NotTo(HaveOccurred())
	}
}

// podOn returns the Job's pod on the node.
func podOn(j *v1beta1.Job, node string) *corev1.Pod {
	GinkgoHelper()
	list := &corev1.PodList{}
	Expect(k8s.List(ctx, list, client.InNamespace(j.Namespace), client.MatchingLabels(v1beta1.PodLabels(j.Name)),
		client.MatchingFields{"spec.nodeName": node})).To(Succeed())
	Expect(list.Items).To(HaveLen(1))
	return &list.Items[0]
}

// timeOfLine sends the time at which a pod logged the line. The node's container
// runtime recorded that time, so that it does not include the delay of the test's own
// request.
func timeOfLine(pod *corev1.Pod, line string) <-chan time.Time {
	GinkgoHelper()
	stream, err := api.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Follow: true, Timestamps: true}).Stream(ctx)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(stream.Close)
	found := make(chan time.Time, 1)
	go func() {
		defer GinkgoRecover()
		defer close(found)
		for lines := bufio.NewScanner(stream); lines.Scan(); {
			if timestamp, text, _ := strings.Cut(lines.Text(), " "); text == line {
				at, err := time.Parse(time.RFC3339Nano, timestamp)
				Expect(err).NotTo(HaveOccurred())
				found <- at
				return
			}
		}
	}()
	return found
}

// kubectl runs the program that KUBECTL names, as a user would.
func kubectl(args ...string) (string, error) {
	name := os.Getenv("KUBECTL")
	if name == "" {
		name = "kubectl"
	}
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, output)
	}
	return string(output), nil
}
