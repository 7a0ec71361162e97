package main

import (
	"fmt"
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

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

const (
	// nodes is how many nodes and pods of a Job the API server has.
	nodes = 5000
	// mostPerNode is the most that the manager may ever hold of a node and its pod over what it
	// holds without, in KiB.
	mostPerNode = 5
	// mostIdle is more than either process holds of its own, in KiB.
	mostIdle = 40 << 10
)

// manyPod is a pod of ten kilobytes.
func manyPod(i int) *corev1.Pod {
	env := []corev1.EnvVar{}
	for n := range 20 {
		env = append(env, corev1.EnvVar{Name: fmt.Sprint("VARIABLE_", n), Value: strings.Repeat("value ", 20)})
	}
	labels := v1beta1.PodLabels("j")
	labels[v1beta1.LabelTemplateHash] = "0123456789"
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: fmt.Sprintf("j-daemonset-job-%05d", i), Labels: labels,
			Annotations: map[string]string{"note": strings.Repeat("x", 6<<10)},
		},
		Spec: corev1.PodSpec{
			Containers:     []corev1.Container{{Name: v1beta1.ContainerName, Image: "example.com/work:v1", Env: env}},
			ReadinessGates: []corev1.PodReadinessGate{{ConditionType: v1beta1.PodCompleted}},
		},
	}
}

// A process that starts on a large cluster reads all nodes and pods, and lists the pods of a Job
// live: neither may need the memory of whole objects. The peak of the real processes is measured, in
// containers of just that size: below its limit, how far Go lets a heap grow depends on how busy
// the machine is.
func TestManyNodesFitIntoMemory(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	k8s, kubeconfig := startLoadedServer(t)
	var group errgroup.Group
	group.SetLimit(16)
	for i := range nodes {
		group.Go(func() error { return k8s.Create(ctx, manyPod(i)) })
		group.Go(func() error {
			node := wrappers.RealNode(i)
			node.ResourceVersion, node.UID, node.ManagedFields = "", "", nil
			return k8s.Create(ctx, node)
		})
	}
	g.Expect(group.Wait()).To(Succeed())
	g.Expect(k8s.Create(ctx, wrappers.Job("default", "j").Image("example.com/work:v1").Obj())).To(Succeed())

	program := buildProgram(t)
	const most = mostIdle + nodes*mostPerNode
	limit := fmt.Sprint("MEMORY_LIMIT=", most<<10)
	manager, terminator := startProgram(t, program, "/manager", kubeconfig, limit), startProgram(t, program, "/terminator", kubeconfig, limit)
	g.Eventually(func() error {
		return k8s.Get(ctx, client.ObjectKey{Namespace: "default", Name: v1beta1.DaemonSetName("j")}, &appsv1.DaemonSet{})
	}).WithTimeout(2*time.Minute).Should(Succeed(), "a live list of the pods comes before it")
	for name, peak := range map[string]*atomic.Int64{"manager": manager, "terminator": terminator} {
		t.Logf("The %s held %d MiB at most, with %d nodes and pods", name, peak.Load()/1024, nodes)
		g.Expect(peak.Load()).To(And(BeNumerically(">", 0), BeNumerically("<", most)), name)
	}
}
