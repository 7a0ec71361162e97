package v1beta1

// CompletedPods is what becomes of the pod of a node that is done.
// +kubebuilder:validation:Enum=Keep;Release
type CompletedPods string

const (
	// CompletedPodsKeep keeps the pods until the Job is over.
	CompletedPodsKeep CompletedPods = "Keep"
	// CompletedPodsRelease deletes each pod once its node is recorded.
	CompletedPodsRelease CompletedPods = "Release"
)

// OutputPolicy is of which nodes the output is recorded.
// +kubebuilder:validation:Enum=None;Failed;All
type OutputPolicy string

const (
	// OutputsNone records no output.
	OutputsNone OutputPolicy = "None"
	// OutputsFailed records the output of failed nodes.
	OutputsFailed OutputPolicy = "Failed"
	// OutputsAll records the output of every node.
	OutputsAll OutputPolicy = "All"
)

// DefaultMaxOutputBytes is how much of a node's output is recorded unless the Job says so.
const DefaultMaxOutputBytes int32 = 1024

// Results is what is kept of what the nodes printed, and for how long.
type Results struct {
	// outputs is of which nodes the output is recorded, in JobRecords: None, Failed or All. In
	// completionMode Exit it is the termination message of the last container, in Log the rest
	// of the line after the termination word. For a failed node it is the last lines that the
	// container printed. Whoever has the ClusterRole view can read JobRecords, and so these
	// outputs. Default: None.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Results: Outputs",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:None","urn:alm:descriptor:com.tectonic.ui:select:Failed","urn:alm:descriptor:com.tectonic.ui:select:All"},order=21
	// +optional
	// +kubebuilder:default=None
	Outputs OutputPolicy `json:"outputs,omitempty"`

	// maxOutputBytes is how much of a node's output is recorded, in bytes, at most 4096. The
	// rest is cut off. Default: 1024.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Results: Bytes of a Node",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=22
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4096
	MaxOutputBytes *int32 `json:"maxOutputBytes,omitempty"`

	// retainSeconds keeps the JobRecords for so long after the last entry of each, in seconds,
	// also when the Job is gone. Another value holds for the runs after it.
	// Default: they go with the Job.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Results: Seconds Retained",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=23
	// +optional
	// +kubebuilder:validation:Minimum=1
	RetainSeconds *int32 `json:"retainSeconds,omitempty"`
}
