package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Job runs a container once on every node of the cluster.
// +operator-sdk:csv:customresourcedefinitions:displayName="Job",resources={{DaemonSet,v1,""},{Pod,v1,""},{ControllerRevision,v1,""},{Event,v1,""}}
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=jobs,scope=Namespaced,shortName=dsj
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="How far the Job is, in a word"
// +kubebuilder:printcolumn:name="Completed",type=string,JSONPath=`.status.completed`,description="Nodes that are done or skipped of the nodes that match"
// +kubebuilder:printcolumn:name="Failed",type=integer,JSONPath=`.status.failed`,description="Nodes that count as failed"
// +kubebuilder:printcolumn:name="Blocked",type=string,JSONPath=`.status.blocked`,description="What keeps nodes from working, empty if nothing does"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Active",type=integer,JSONPath=`.status.active`,priority=1,description="Nodes at work"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 49",message="metadata.name must have at most 49 characters: the DaemonSet <name>-daemonset-job must fit into a label"
type Job struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata. The name has at most 49 characters.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what runs once on every node, and how.
	// +required
	Spec JobSpec `json:"spec"`

	// status is how far the Job is.
	// +optional
	// +kubebuilder:default={observedGeneration:-1}
	Status JobStatus `json:"status,omitempty,omitzero"`
}

// JobList is a list of Jobs.
// +kubebuilder:object:root=true
type JobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Job `json:"items"`
}

// JobSpec is what runs once on every node, and how.
// +kubebuilder:validation:XValidation:rule="has(self.image) != has(self.template)",message="set exactly one of image (the short form: one container) and template (the long form: a pod template)"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !(has(self.command) || has(self.args) || has(self.env) || has(self.mountPath) || has(self.nodeSelector) || has(self.tolerations))",message="command, args, env, mountPath, nodeSelector and tolerations belong to the short form: with template, set them in its containers, volumes and spec"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !has(self.template.spec) || !has(self.template.spec.restartPolicy) || self.template.spec.restartPolicy == 'Always'",message="leave template.spec.restartPolicy out: the pods of a DaemonSet are always restarted; set backoffLimit to bound the restarts"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !has(self.template.spec) || self.template.spec.containers.all(c, !has(c.restartPolicy) && !has(c.restartPolicyRules))",message="leave restartPolicy and restartPolicyRules out of the template's containers: one that ends the pod makes its work run again without end; set backoffLimit to bound the restarts"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !has(self.template.spec) || !has(self.template.spec.initContainers) || self.template.spec.initContainers.all(c, !has(c.restartPolicyRules) && (!has(c.restartPolicy) || c.restartPolicy == 'Always'))",message="the restartPolicy of an init container can only be Always, which makes it a sidecar: one that ends the pod makes its work run again without end; leave restartPolicyRules out, and set backoffLimit to bound the restarts"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !has(self.template.spec) || !has(self.template.spec.activeDeadlineSeconds)",message="set spec.activeDeadlineSeconds of the Job instead of template.spec.activeDeadlineSeconds, which the pods of a DaemonSet cannot have"
// +kubebuilder:validation:XValidation:rule="!has(self.activeDeadlineSeconds) || !has(self.completionPolicy) || self.completionPolicy != 'Never'",message="a Job with completionPolicy Never has no end and so no deadline: leave activeDeadlineSeconds out, or set completionPolicy to AllNodes"
// +kubebuilder:validation:XValidation:rule="!has(self.ttlSecondsAfterFinished) || !has(self.completionPolicy) || self.completionPolicy != 'Never'",message="a Job with completionPolicy Never is never finished: leave ttlSecondsAfterFinished out, or set completionPolicy to AllNodes"
// +kubebuilder:validation:XValidation:rule="!has(self.terminationWord) || !has(self.completionMode) || self.completionMode == 'Log'",message="terminationWord is looked for in completionMode Log only: leave it out with Exit"
type JobSpec struct {
	// image of the container that runs on every node: the short form of a Job.
	// Set exactly one of image and template.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Image",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=1
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.matches('\\\\s')",message="image must be the name of an image, without spaces"
	Image string `json:"image,omitempty"`

	// command replaces the image's ENTRYPOINT. Default: the image's own.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Command",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=2
	// +optional
	// +listType=atomic
	Command []string `json:"command,omitempty"`

	// args replace the image's CMD. Default: the image's own.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Arguments",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=3
	// +optional
	// +listType=atomic
	Args []string `json:"args,omitempty"`

	// env are environment variables of the container, beside NODE_NAME, which
	// always holds the name of the node.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Environment Variables",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=5
	// +optional
	// +listType=map
	// +listMapKey=name
	Env []corev1.EnvVar `json:"env,omitempty"`

	// mountPath is a directory of the host, as an absolute path, that is mounted
	// at /basetarget in the container. Default: nothing of the host is mounted.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Host Directory",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=4
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="mountPath must be an absolute path of the host: start it with /"
	// +kubebuilder:validation:XValidation:rule="!self.matches('(^|/)[.][.](/|$)')",message="mountPath must not contain '..': name the directory itself"
	MountPath string `json:"mountPath,omitempty"`

	// template is a whole pod template: the long form of a Job. In Log mode the
	// log of the container job-container is followed, or of the first container
	// if none has that name. Set exactly one of image and template.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Pod Template",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=6
	// +optional
	// +kubebuilder:validation:XValidation:rule="oldSelf == optional.of(self) || !has(self.metadata) || !has(self.metadata.labels) || !('daemonset-job' in self.metadata.labels || 'job' in self.metadata.labels || 'daemonset' in self.metadata.labels)",optionalOldSelf=true,message="leave the labels daemonset-job, job and daemonset out of template.metadata.labels: the operator sets them, and counts the pods of a Job by them"
	// +kubebuilder:validation:XValidation:rule="oldSelf == optional.of(self) || !has(self.metadata) || !has(self.metadata.labels) || self.metadata.labels.all(k, !k.startsWith('daemonset.darkowlzz.space/'))",optionalOldSelf=true,message="leave labels that begin with daemonset.darkowlzz.space/ out of template.metadata: the operator sets them"
	// +kubebuilder:validation:XValidation:rule="oldSelf == optional.of(self) || !has(self.metadata) || !has(self.metadata.annotations) || self.metadata.annotations.all(k, !k.startsWith('daemonset.darkowlzz.space/'))",optionalOldSelf=true,message="leave annotations that begin with daemonset.darkowlzz.space/ out of template.metadata: the operator sets them"
	// +kubebuilder:validation:XValidation:rule="oldSelf == optional.of(self) || !has(self.metadata) || !has(self.metadata.finalizers) || self.metadata.finalizers.size() == 0",optionalOldSelf=true,message="leave finalizers out of template.metadata: a pod with one stays Terminating until its finalizer is removed, and holds its node"
	// +kubebuilder:validation:XValidation:rule="oldSelf == optional.of(self) || !has(self.spec) || ((!has(self.spec.schedulingGates) || self.spec.schedulingGates.all(g, !g.name.startsWith('daemonset.darkowlzz.space/'))) && (!has(self.spec.readinessGates) || self.spec.readinessGates.all(g, !g.conditionType.startsWith('daemonset.darkowlzz.space/'))))",optionalOldSelf=true,message="leave schedulingGates and readinessGates that begin with daemonset.darkowlzz.space/ out of template.spec: the operator sets them; to hold nodes, set parallelism or suspend"
	// +kubebuilder:validation:XValidation:rule="oldSelf == optional.of(self) || !has(self.spec) || (self.spec.containers.all(c, c.name != 'daemonset-job-pause') && (!has(self.spec.initContainers) || self.spec.initContainers.all(c, c.name != 'daemonset-job-pause')))",optionalOldSelf=true,message="give the container daemonset-job-pause of the template another name: the operator adds one of this name in completionMode Exit"
	Template *corev1.PodTemplateSpec `json:"template,omitempty"`

	// nodeSelector limits the short form to nodes that have all of these labels. Another one
	// makes the work run again. Default: every node.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Node Selector",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=17
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// tolerations let the short form run on nodes with these taints, such as those of the
	// control plane. Others make the work run again. Default: none but those that every pod
	// of a DaemonSet has.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Tolerations",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=18
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// completionMode says when a node is done. Log: its container has logged the
	// termination word, and sleeps. Exit: its containers have exited with code 0,
	// so any image works. They run in order, as init containers, followed by a
	// pause container. Changing it runs the work again on every node.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Completion Mode",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Log","urn:alm:descriptor:com.tectonic.ui:select:Exit"},order=7
	// +optional
	// +kubebuilder:default=Log
	CompletionMode CompletionMode `json:"completionMode,omitempty"`

	// terminationWord is what the container logs in Log mode when its work is
	// done. It is matched as a whole word in a line: "undone" is not "done".
	// Default: the terminator's --termination-word, which is "done" unless set.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Termination Word",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text","urn:alm:descriptor:com.tectonic.ui:fieldDependency:completionMode:Log"},order=8
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.matches('[[:cntrl:]]') && !self.startsWith(' ') && !self.endsWith(' ')",message="terminationWord must be found within a line: leave out line breaks, control characters, and spaces at its ends"
	TerminationWord string `json:"terminationWord,omitempty"`

	// parallelism is how many nodes may work at once, as a number or as a
	// percentage of the nodes that match now, rounded down, at least one. It is
	// never exceeded. Nodes that are done, failed or gone do not count.
	// Default: all nodes at once.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Parallelism",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=9
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 : self.matches('^([1-9][0-9]?|100)%$')",message="parallelism must be a number of at least 1 or a percentage from 1% to 100%; to start no node, set suspend"
	Parallelism *intstr.IntOrString `json:"parallelism,omitempty"`

	// suspend starts no further node while it is true. Nodes at work finish. The
	// time for activeDeadlineSeconds starts again when it is set to false.
	// Default: false.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Suspend",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch"},order=10
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// backoffLimit is how often the work may restart on one node before the node
	// counts as failed. The kubelet still restarts the container, and the node
	// counts as done if the work then succeeds. Default: 6.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Backoff Limit",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=11
	// +optional
	// +kubebuilder:default=6
	// +kubebuilder:validation:Minimum=0
	BackoffLimit *int32 `json:"backoffLimit,omitempty"`

	// maxFailedNodes is how many failed nodes the Job tolerates, as a number or
	// as a percentage of the nodes that match now, rounded down. Without effect
	// with completionPolicy Never. Default: 0.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Tolerated Failed Nodes",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=12
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 : self.matches('^([1-9]?[0-9]|100)%$')",message="maxFailedNodes must be a number of at least 0 or a percentage from 0% to 100%"
	MaxFailedNodes *intstr.IntOrString `json:"maxFailedNodes,omitempty"`

	// onFailure is what happens when there are more failed nodes than
	// maxFailedNodes. Fail: the Job is Failed, and its DaemonSet is removed at
	// once. Suspend: the Job holds itself in its status and starts no further
	// node, until the annotation daemonset.darkowlzz.space/resume gets another
	// value; its failed nodes are then tried again. Without effect with
	// completionPolicy Never. Default: Fail.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="On Failure",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Fail","urn:alm:descriptor:com.tectonic.ui:select:Suspend"},order=13
	// +optional
	// +kubebuilder:default=Fail
	OnFailure FailureAction `json:"onFailure,omitempty"`

	// activeDeadlineSeconds is how long the Job may take from status.startTime,
	// in seconds, at most 2147483647. Then the nodes that are not done count as
	// failed. Default: no deadline.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Deadline in Seconds",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=14
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	ActiveDeadlineSeconds *int64 `json:"activeDeadlineSeconds,omitempty"`

	// completionPolicy is when the Job is finished. AllNodes: when every node is
	// done. Never: it stays, and runs on each node that joins later. A failed
	// node does not stop the others. Default: AllNodes.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Completion Policy",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:AllNodes","urn:alm:descriptor:com.tectonic.ui:select:Never","urn:alm:descriptor:com.tectonic.ui:advanced"},order=15
	// +optional
	// +kubebuilder:default=AllNodes
	CompletionPolicy CompletionPolicy `json:"completionPolicy,omitempty"`

	// ttlSecondsAfterFinished is how long a finished Job is kept, in seconds.
	// Unset: a complete Job is deleted at once, unless Argo CD, Flux or Helm owns
	// it and would apply it again, and a failed one is kept. Set: each is deleted
	// that long after it finished. Until then a complete Job keeps its pods, for
	// their logs, and runs on no new node.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Seconds Kept After Finishing",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=16
	// +optional
	// +kubebuilder:validation:Minimum=0
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty"`

	// completedPods is what becomes of the pod of a node that is done. Keep: it stays until the
	// Job is over, with its log, resources and address, and a reboot runs its container again.
	// Release: it is deleted once its node is recorded, and its successor waits, without a
	// node, until the Job is over. Default: Keep.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Completed Pods",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Keep","urn:alm:descriptor:com.tectonic.ui:select:Release","urn:alm:descriptor:com.tectonic.ui:advanced"},order=19
	// +optional
	// +kubebuilder:default=Keep
	CompletedPods CompletedPods `json:"completedPods,omitempty"`

	// nodeDeadlineSeconds is how long the work may take on one node, in seconds from when its pod
	// is bound to it, image pulls included. Then its pod is deleted, and the node failed.
	// Default: no limit.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Node Deadline in Seconds",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=24
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	NodeDeadlineSeconds *int64 `json:"nodeDeadlineSeconds,omitempty"`

	// nodeFailurePolicy says which exit codes skip a node, fail it for good, or fail the Job. The
	// kubelet starts the work once more before its pod is deleted. Default: none.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Node Failure Policy",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=25
	// +optional
	NodeFailurePolicy *NodeFailurePolicy `json:"nodeFailurePolicy,omitempty"`

	// retryFailed is how often a failed node gets a fresh pod, once all others are finished.
	// Before its last try it does not count as failed. Default: 0.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Retries of Failed Nodes",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=26
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	RetryFailed *int32 `json:"retryFailed,omitempty"`

	// results is what is kept of what the nodes printed, and for how long.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Results",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=20
	// +optional
	Results *Results `json:"results,omitempty"`
}
