package daemonset

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestTheShortForm(t *testing.T) {
	g := NewWithT(t)
	j := wrappers.Job("ns", "sample").Image("i:v1").Command("c").Args("/basetarget/foo").Env("A", "b").Env("NODE_NAME", "mine").MountPath("/tmp").Obj()
	template := podTemplate(j, "h1", Pause{Image: "pause:v1"})
	g.Expect(template.Labels).To(Equal(map[string]string{
		"daemonset-job": "true", "job": "sample", "daemonset": "sample-daemonset-job", v1beta1.LabelTemplateHash: "h1", v1beta1.LabelCompletionMode: "Log",
	}))
	g.Expect(*template.Spec.AutomountServiceAccountToken).To(BeFalse())
	g.Expect(template.Spec.ReadinessGates).To(ConsistOf(corev1.PodReadinessGate{ConditionType: v1beta1.PodCompleted}))
	g.Expect(template.Spec.SchedulingGates).To(BeEmpty())
	g.Expect(template.Spec.InitContainers).To(BeEmpty())
	g.Expect(template.Spec.Volumes).To(HaveLen(1))
	g.Expect(template.Spec.Volumes[0].HostPath.Path).To(Equal("/tmp"))
	g.Expect(template.Spec.Volumes[0].HostPath.Type).To(BeNil(), "as in the original")

	g.Expect(template.Spec.Containers).To(HaveLen(1))
	c := template.Spec.Containers[0]
	g.Expect([]any{c.Name, c.Image, c.Command, c.Args}).To(Equal([]any{"job-container", "i:v1", []string{"c"}, []string{"/basetarget/foo"}}))
	g.Expect(c.VolumeMounts).To(ConsistOf(And(HaveField("MountPath", "/basetarget"), HaveField("Name", template.Spec.Volumes[0].Name))))
	g.Expect(c.TerminationMessagePolicy).To(Equal(corev1.TerminationMessageFallbackToLogsOnError))
	g.Expect(c.Env).To(HaveLen(2), "NODE_NAME is always the node's name")
	g.Expect(c.Env[0].ValueFrom.FieldRef.FieldPath).To(Equal("spec.nodeName"), "first, so that others can refer to it")
	g.Expect(c.Env[1]).To(Equal(corev1.EnvVar{Name: "A", Value: "b"}))

	plain := podTemplate(wrappers.Job("ns", "j").Obj(), "h1", Pause{Image: "pause:v1"})
	g.Expect(plain.Spec.Volumes).To(BeEmpty())
	g.Expect(plain.Spec.Containers[0].VolumeMounts).To(BeEmpty())
}

func TestTheShortFormSelectsNodes(t *testing.T) {
	g := NewWithT(t)
	seconds := int64(60)
	tolerations := []corev1.Toleration{{Key: "pool", Operator: corev1.TolerationOpExists}, {Key: "k", Value: "v", Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds}}
	j := wrappers.Job("ns", "j").NodeSelector("pool", "gpu").Tolerations(tolerations...).Obj()
	pod := podTemplate(j, "h1", Pause{Image: "pause:v1"}).Spec
	g.Expect(pod.NodeSelector).To(Equal(map[string]string{"pool": "gpu"}))
	g.Expect(pod.Tolerations).To(Equal(tolerations))
	pod.NodeSelector["pool"], *pod.Tolerations[1].TolerationSeconds = "other", 1
	g.Expect(j.Spec.NodeSelector).To(HaveKeyWithValue("pool", "gpu"), "the Job itself stays as it is")
	g.Expect(*j.Spec.Tolerations[1].TolerationSeconds).To(Equal(seconds))

	plain := podTemplate(wrappers.Job("ns", "j").Obj(), "h1", Pause{Image: "pause:v1"}).Spec
	g.Expect(plain.NodeSelector).To(BeNil())
	g.Expect(plain.Tolerations).To(BeNil())
}

// The node pool is chosen among the nodes that are no virtual ones.
func TestTheNodesOfTheShortForm(t *testing.T) {
	gpu := func(labels ...string) *corev1.Node {
		node := &corev1.Node{}
		node.Labels = map[string]string{"pool": "gpu"}
		for _, label := range labels {
			node.Labels[label] = "virtual-kubelet"
		}
		return node
	}
	tainted := gpu()
	tainted.Spec.Taints = []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}
	selecting, tolerating := wrappers.Job("ns", "j").NodeSelector("pool", "gpu"), wrappers.Job("ns", "j").Tolerations(corev1.Toleration{Operator: corev1.TolerationOpExists})
	for name, test := range map[string]struct {
		job  *wrappers.JobWrapper
		node *corev1.Node
		want Placement
	}{
		"of the pool":               {selecting, gpu(), Placed},
		"of another pool":           {selecting, &corev1.Node{}, Excluded},
		"virtual":                   {selecting, gpu("type"), Excluded},
		"tainted":                   {selecting, tainted, Tainted},
		"tainted and tolerated":     {tolerating, tainted, Placed},
		"virtual, whatever it is":   {tolerating, gpu("type"), Excluded},
		"any, without a selection":  {wrappers.Job("ns", "j"), gpu(), Placed},
		"tainted, and no selection": {wrappers.Job("ns", "j"), tainted, Tainted},
	} {
		t.Run(name, func(t *testing.T) {
			template := podTemplate(test.job.Obj(), "h1", Pause{Image: "pause:v1"})
			NewWithT(t).Expect(NewPlacer(&template).Place(test.node)).To(Equal(test.want))
		})
	}
}

func TestExitMode(t *testing.T) {
	g := NewWithT(t)
	j := wrappers.Job("ns", "j").Exit().Template(corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "init"}, {Name: "sidecar", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}},
		Containers:     []corev1.Container{{Name: "first", TerminationMessagePolicy: corev1.TerminationMessageReadFile}, {Name: "second"}},
	}}).Obj()
	template := podTemplate(j, "h1", Pause{Image: "pause:v1"})
	var names []string
	for _, c := range template.Spec.InitContainers {
		names = append(names, c.Name)
	}
	g.Expect(names).To(Equal([]string{"init", "sidecar", "first", "second"}), "in order, after the init containers")
	g.Expect(template.Spec.InitContainers[2].TerminationMessagePolicy).To(Equal(corev1.TerminationMessageReadFile), "the user's own word counts")
	g.Expect(template.Spec.Containers).To(HaveLen(1))
	g.Expect(template.Spec.Containers[0].Image).To(Equal("pause:v1"))
	g.Expect(template.Spec.ReadinessGates).To(BeEmpty())
	g.Expect(j.Spec.Template.Spec.Containers).To(HaveLen(2), "the Job itself stays as it is")
}

// The API server refuses a hook that is longer than the grace period.
func TestPauseContainerIsStoppedAfterASecond(t *testing.T) {
	delayed := &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 1}}}
	for name, test := range map[string]struct {
		gracePeriod *int64
		want        *corev1.Lifecycle
	}{
		"default grace period": {nil, delayed},
		"as short as the hook": {new(int64(1)), delayed},
		"no grace period":      {new(int64(0)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			j := wrappers.Job("ns", "j").Exit().Template(corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				TerminationGracePeriodSeconds: test.gracePeriod, Containers: []corev1.Container{{Name: "c"}},
			}}).Obj()
			NewWithT(t).Expect(podTemplate(j, "h1", Pause{}).Spec.Containers[0].Lifecycle).To(Equal(test.want))
		})
	}
}

func TestOnlyWhatRunsIsHashed(t *testing.T) {
	g := NewWithT(t)
	of := func(w *wrappers.JobWrapper) string {
		h, err := TemplateHash(&w.Spec)
		g.Expect(err).NotTo(HaveOccurred())
		return h
	}
	base := func() *wrappers.JobWrapper { return wrappers.Job("ns", "j") }
	same := map[string]*wrappers.JobWrapper{
		"parallelism": base().Parallelism("3"), "suspend": base().Suspend(true), "backoffLimit": base().BackoffLimit(1),
		"maxFailedNodes": base().MaxFailedNodes("1"), "onFailure": base().OnFailure(v1beta1.FailureActionSuspend),
		"deadline": base().Deadline(5), "policy": base().Never(), "ttl": base().TTL(5), "word": base().Word("ready"), "name": wrappers.Job("x", "y"),
	}
	for name, w := range same {
		g.Expect(of(w)).To(Equal(of(base())), name)
	}
	other := map[string]*wrappers.JobWrapper{
		"image": base().Image("other"), "command": base().Command("c"), "args": base().Args("a"), "env": base().Env("a", "b"),
		"mountPath": base().MountPath("/x"), "nodeSelector": base().NodeSelector("a", ""), "tolerations": base().Tolerations(corev1.Toleration{}),
		"mode": base().Exit(), "template": base().Template(corev1.PodTemplateSpec{}),
	}
	for name, w := range other {
		g.Expect(of(w)).NotTo(Equal(of(base())), name)
	}
	empty := base()
	empty.Spec.NodeSelector, empty.Spec.Tolerations = map[string]string{}, []corev1.Toleration{}
	g.Expect(of(empty)).To(Equal(of(base())), "a selection of nothing")
	unset := base()
	unset.Spec.CompletionMode = v1beta1.CompletionLog
	g.Expect(of(unset)).To(Equal(of(base())), "a default that is written out")
	volume := func(v corev1.VolumeSource) *wrappers.JobWrapper {
		return base().Template(corev1.PodTemplateSpec{Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: "v", VolumeSource: v}}}})
	}
	g.Expect(of(volume(corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}))).NotTo(Equal(of(volume(corev1.VolumeSource{}))))
}

func TestTheGateComesAndGoes(t *testing.T) {
	g := NewWithT(t)
	of := func(w *wrappers.JobWrapper) ([]corev1.PodSchedulingGate, string) {
		j := w.UID("u").Obj()
		ds, err := Desired(j, must(CurrentHash(j, nil)), Pause{Image: "pause:v1"})
		g.Expect(err).NotTo(HaveOccurred())
		return ds.Spec.Template.Spec.SchedulingGates, ds.Spec.Template.Labels[v1beta1.LabelTemplateHash]
	}
	plain, plainHash := of(wrappers.Job("ns", "j"))
	g.Expect(plain).To(BeEmpty())
	for _, w := range []*wrappers.JobWrapper{wrappers.Job("ns", "j").Parallelism("1"), wrappers.Job("ns", "j").Suspend(true)} {
		gates, gateHash := of(w)
		g.Expect(gates).To(ConsistOf(corev1.PodSchedulingGate{Name: v1beta1.SchedulingGate}))
		g.Expect(gateHash).To(Equal(plainHash))
	}
	gates, _ := of(wrappers.Job("ns", "j").Suspend(false))
	g.Expect(gates).To(BeEmpty())
}

func TestNeedsApply(t *testing.T) {
	g := NewWithT(t)
	j := wrappers.Job("ns", "j").UID("u").MountPath("/tmp").Obj()
	desired, err := Desired(j, "h1", Pause{Image: "pause:v1"})
	g.Expect(err).NotTo(HaveOccurred())
	live := desired.DeepCopy()
	// What the API server fills in is no difference.
	live.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyAlways
	live.Spec.Template.Spec.Containers[0].ImagePullPolicy = corev1.PullIfNotPresent
	live.Spec.Template.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
	g.Expect(NeedsApply(live, desired)).To(BeFalse())

	live.Spec.Template.Spec.Containers[0].Image = "evil:v1"
	g.Expect(NeedsApply(live, desired)).To(BeTrue(), "what somebody changed")

	j.Spec.MountPath = ""
	without, err := Desired(j, "h1", Pause{Image: "pause:v1"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(NeedsApply(desired, without)).To(BeTrue(), "what is no longer wanted")
}

// The manager corrects what another writer changed of the object itself, too.
func TestNeedsApplyOfLabelsAndOwners(t *testing.T) {
	desired, err := Desired(wrappers.Job("ns", "j").UID("u").Obj(), "h1", Pause{Image: "pause:v1"})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for name, change := range map[string]func(*appsv1.DaemonSet){
		"a label is gone":           func(ds *appsv1.DaemonSet) { delete(ds.Labels, v1beta1.LabelDaemonSetJob) },
		"the owner is gone":         func(ds *appsv1.DaemonSet) { ds.OwnerReferences = nil },
		"what was applied is other": func(ds *appsv1.DaemonSet) { ds.Annotations[v1beta1.AnnotationAppliedHash] = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			live := desired.DeepCopy()
			change(live)
			NewWithT(t).Expect(NeedsApply(live, desired)).To(BeTrue())
		})
	}
}

func TestObservedAndUpToDate(t *testing.T) {
	g, ds := NewWithT(t), &appsv1.DaemonSet{}
	ds.Generation, ds.Status.ObservedGeneration = 2, 2
	ds.Spec.Template.Labels = map[string]string{v1beta1.LabelTemplateHash: "h1"}
	g.Expect(UpToDate(ds, "h1")).To(BeTrue())
	g.Expect(UpToDate(ds, "h2")).To(BeFalse())
	g.Expect(UpToDate(nil, "h1")).To(BeFalse())
	ds.Generation = 3
	g.Expect(Observed(ds)).To(BeFalse())
	ds.Generation, ds.DeletionTimestamp = 2, new(metav1.Now())
	g.Expect(Observed(ds)).To(BeFalse(), "its controller makes no more pods")
}

// The user's template can have the gate, as one that was copied from a DaemonSet.
func TestTheGateIsThereOnce(t *testing.T) {
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{SchedulingGates: []corev1.PodSchedulingGate{gate}, Containers: []corev1.Container{{Name: "c"}}}}
	ds, err := Desired(wrappers.Job("ns", "j").Parallelism("1").Template(template).Obj(), "h1", Pause{Image: "pause:v1"})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(ds.Spec.Template.Spec.SchedulingGates).To(ConsistOf(gate))
}

// With another strategy, each change of the gate would replace every pod.
func TestTheDaemonSetControllerReplacesNoPod(t *testing.T) {
	ds, err := Desired(wrappers.Job("ns", "j").Obj(), "h1", Pause{Image: "pause:v1"})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(ds.Spec.UpdateStrategy.Type).To(Equal(appsv1.OnDeleteDaemonSetStrategyType))
}
