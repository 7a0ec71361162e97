//go:build e2e

package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// These scripts poll once a second: the test runs two dozen pods at once.
const (
	logsLater = `trap 'exit 0' TERM; echo run >> /basetarget/runs
while [ ! -e /basetarget/go ]; do sleep 1; done
echo done; while true; do sleep 1; done`
	exitsLater = `echo run >> /basetarget/runs; while [ ! -e /basetarget/go ]; do sleep 1; done`
	// failsOnce fails in its first run, so that no further one of the kubelet's hides a
	// run of the operator's.
	failsOnce = `trap 'exit 0' TERM; echo run >> /basetarget/runs
[ "$(wc -l < /basetarget/runs)" -gt 1 ] || exit 1
while [ ! -e /basetarget/go ]; do sleep 1; done
echo done; while true; do sleep 1; done`
)

// fleet are Jobs in one namespace, each with a folder of its own on the nodes.
type fleet struct {
	namespace string
	jobs      map[string]*v1beta1.Job
}

// job returns a Job with this script.
func (f *fleet) job(name, script string) *wrappers.JobWrapper {
	return shell(f.namespace, name, script).MountPath("/tmp/" + f.folder(name))
}

// longForm returns a Job with a template of which the operator's first version hashed
// other values than are written here: an integer above 2^53, which it rounded, and a
// default of its CRD, that of grpc.service.
func (f *fleet) longForm(name, script string) *wrappers.JobWrapper {
	return wrappers.Job(f.namespace, name).Template(corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		Tolerations: []corev1.Toleration{{
			Key: "example.com/k", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(1<<53 + 1)),
		}},
		Containers: []corev1.Container{{
			Name: "c", Image: shellImage, Command: []string{"/bin/sh", "-c", script},
			VolumeMounts:   []corev1.VolumeMount{{Name: "tmp", MountPath: "/basetarget"}},
			ReadinessProbe: &corev1.Probe{PeriodSeconds: 600, ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 1}}},
		}},
		Volumes: []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/tmp/" + f.folder(name)}}}},
	}})
}

func (f *fleet) create(w *wrappers.JobWrapper) {
	GinkgoHelper()
	onAllHosts("mkdir -p /host/tmp/" + f.folder(w.Name))
	f.jobs[w.Name] = create(w)
}

// folder returns the Job's folder below the nodes' /tmp.
func (f *fleet) folder(name string) string { return f.namespace + "/" + name }

func (f *fleet) status(name string) func() (v1beta1.JobStatus, error) { return status(f.jobs[name]) }

// runs returns how many times each Job's script was started, by node.
func (f *fleet) runs() (map[string]string, error) {
	counts := map[string]string{}
	for _, node := range nodes {
		out, err := onHost(node, "cd /host/tmp/"+f.namespace+` && for job in *; do echo "$job $(cat $job/runs 2>/dev/null | wc -l)"; done`)
		if err != nil {
			return nil, err
		}
		counts[node] = out
	}
	return counts, nil
}

// ran expects that the script of a Job was started so often on each node.
func (f *fleet) ran(name, times string) {
	GinkgoHelper()
	Expect(runs(f.folder(name))()).To(Equal(eachNode(times)), name)
}

func (f *fleet) letGo(names ...string) {
	GinkgoHelper()
	for _, name := range names {
		onAllHosts("touch /host/tmp/" + f.folder(name) + "/go")
	}
}

// replace stores the Job as its manifest says, with one change, as kubectl replace does.
func (f *fleet) replace(w *wrappers.JobWrapper, mutate func(*v1beta1.JobSpec)) {
	GinkgoHelper()
	now := &v1beta1.Job{}
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(w.Obj()), now); err != nil {
			return err
		}
		now.Spec = w.Obj().Spec
		mutate(&now.Spec)
		return k8s.Update(ctx, now)
	}).Should(Succeed())
}
