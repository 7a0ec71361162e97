package testing

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Real adds what the API server holds of a pod in a cluster and the operator does not read:
// managed fields, variables, volumes, tolerations, and the rest of the status. The number tells
// pods apart: names, UIDs and addresses are as long as real ones.
func (w *PodWrapper) Real(number int) *PodWrapper {
	when := metav1.NewTime(time.Unix(1.7e9+int64(number), 0))
	w.Name = fmt.Sprintf("%s-%05x", w.Labels[v1beta1.LabelDaemonSet], number)
	w.UID, w.ResourceVersion, w.CreationTimestamp, w.Generation = uid("pod", number), fmt.Sprint(1_000_000+number), when, 1
	w.GenerateName = w.Labels[v1beta1.LabelDaemonSet] + "-"
	w.Labels["controller-revision-hash"], w.Labels["pod-template-generation"] = "7d9c6f8b5c", "1"
	w.Annotations = map[string]string{"example.com/network-status": strings.Repeat(`{"name":"net","interface":"eth0"}`, 10)}
	w.OwnerReferences = []metav1.OwnerReference{{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "DaemonSet", Name: w.Labels[v1beta1.LabelDaemonSet],
		UID: uid("ds", 1), Controller: new(true), BlockOwnerDeletion: new(true)}}
	for _, manager := range []string{"kube-controller-manager", "kubelet"} {
		w.ManagedFields = append(w.ManagedFields, metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate,
			APIVersion: "v1", Time: &when, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{` + strings.Repeat(`"f:labels":{".":{}},`, 100) + `}}`)})
	}
	w.realSpec()
	w.realStatus(number, when)
	return w
}

// uid returns a UID of the length of a real one.
func uid(kind string, number int) types.UID {
	return types.UID(fmt.Sprintf("%08x-0000-4000-8000-%012d", len(kind), number))
}

func (w *PodWrapper) realSpec() {
	w.Spec.ServiceAccountName, w.Spec.DNSPolicy, w.Spec.SchedulerName = "default", corev1.DNSClusterFirst, corev1.DefaultSchedulerName
	w.Spec.TerminationGracePeriodSeconds, w.Spec.Priority = new(int64(30)), new(int32(0))
	for i := range 3 {
		w.Spec.Volumes = append(w.Spec.Volumes, corev1.Volume{Name: fmt.Sprint("volume-", i), VolumeSource: corev1.VolumeSource{
			HostPath: &corev1.HostPathVolumeSource{Path: fmt.Sprint("/var/lib/folder-", i)}}})
	}
	for _, taint := range []string{"not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"} {
		w.Spec.Tolerations = append(w.Spec.Tolerations, corev1.Toleration{Key: "node.kubernetes.io/" + taint, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute})
	}
	for _, containers := range [][]corev1.Container{w.Spec.InitContainers, w.Spec.Containers} {
		for i := range containers {
			c := &containers[i]
			c.Image, c.ImagePullPolicy, c.Args = "registry.example.com/team/work:v1.2.3", corev1.PullIfNotPresent, []string{"--folder=/basetarget/foo"}
			c.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")}
			for n := range 10 {
				c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprint("VARIABLE_", n), Value: strings.Repeat("value ", 10)})
				c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: fmt.Sprint("volume-", n%3), MountPath: fmt.Sprint("/mounted/", n), ReadOnly: true})
			}
		}
	}
}

func (w *PodWrapper) realStatus(number int, when metav1.Time) {
	status := &w.Pod.Status
	address := fmt.Sprintf("10.%d.%d.%d", number>>16, number>>8&255, number&255)
	status.HostIP, status.HostIPs = address, []corev1.HostIP{{IP: address}}
	status.PodIP, status.PodIPs, status.StartTime, status.QOSClass = address, []corev1.PodIP{{IP: address}}, &when, corev1.PodQOSBurstable
	for _, kind := range []corev1.PodConditionType{
		corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled,
	} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: when, ObservedGeneration: 1})
	}
	for _, statuses := range [][]corev1.ContainerStatus{status.InitContainerStatuses, status.ContainerStatuses} {
		for i := range statuses {
			s := &statuses[i]
			s.Image, s.ImageID = "registry.example.com/team/work:v1.2.3", "registry.example.com/team/work@sha256:"+strings.Repeat("0a", 32)
			s.ContainerID, s.Started, s.Ready = fmt.Sprintf("containerd://%064x", number), new(true), true
			if s.State.Running != nil {
				s.State.Running.StartedAt = when
			}
			for n := range 10 {
				s.VolumeMounts = append(s.VolumeMounts, corev1.VolumeMountStatus{Name: fmt.Sprint("volume-", n%3), MountPath: fmt.Sprint("/mounted/", n), ReadOnly: true})
			}
		}
	}
}

// RealNode is a node as a kubelet in a cloud reports it: with fifty images.
func RealNode(number int) *corev1.Node {
	name, when := fmt.Sprintf("ip-10-%d-%d-%d.eu-central-1.compute.internal", number>>16, number>>8&255, number&255), metav1.NewTime(time.Unix(1.7e9, 0))
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: uid("node", number), ResourceVersion: fmt.Sprint(1_000_000 + number), CreationTimestamp: when,
		Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelArchStable: "amd64", corev1.LabelOSStable: "linux",
			corev1.LabelInstanceTypeStable: "m6i.2xlarge", "beta.kubernetes.io/instance-type": "m6i.2xlarge",
			corev1.LabelTopologyRegion: "eu-central-1", corev1.LabelTopologyZone: fmt.Sprint("eu-central-1", string(rune('a'+number%3))),
			"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "node.kubernetes.io/lifecycle": "spot",
			"eks.amazonaws.com/nodegroup": fmt.Sprint("workers-", number%5), "eks.amazonaws.com/capacityType": "SPOT",
			"topology.ebs.csi.aws.com/zone": fmt.Sprint("eu-central-1", string(rune('a'+number%3))), "node-role.kubernetes.io/worker": "",
			"topology.k8s.aws/zone-id": "euc1-az2",
		},
		Annotations:   map[string]string{"csi.volume.kubernetes.io/nodeid": strings.Repeat(`{"driver":"node"}`, 20)},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet", FieldsV1: metav1.NewFieldsV1(`{` + strings.Repeat(`"f:labels":{".":{}},`, 150) + `}`)}},
	}}
	for _, kind := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{Type: kind, Status: corev1.ConditionFalse,
			LastHeartbeatTime: when, LastTransitionTime: when, Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available"})
	}
	node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue,
		LastHeartbeatTime: when, LastTransitionTime: when, Reason: "KubeletReady", Message: "kubelet is posting ready status"})
	for i := range 50 {
		image := fmt.Sprintf("registry.example.com/team/image-%02d", i)
		node.Status.Images = append(node.Status.Images, corev1.ContainerImage{Names: []string{image + "@sha256:" + strings.Repeat("0a", 32), image + ":v1.2.3"}, SizeBytes: 1 << 28})
	}
	return node
}
