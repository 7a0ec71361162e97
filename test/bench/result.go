package main

// result is one row of the results.
type result struct {
	Case  string `json:"case"`
	Title string `json:"title"`
	// Contender's JSON name is that of its column in docs/performance.md.
	Contender string `json:"subject"`
	Nodes     int    `json:"nodes"`
	Pods      int    `json:"pods"`
	// Wall is the time in seconds from the creation until all pods are ready (bare
	// DaemonSet) or all Jobs are complete.
	Wall float64 `json:"wallSeconds"`
	// Reference is the wall time of the bare DaemonSet to compare this row with.
	Reference float64 `json:"referenceSeconds,omitempty"`
	// Latency is the time in seconds from when the last node was done until the last
	// Job was complete. FromWord starts at the word in the last log instead.
	Latency  float64 `json:"latencySeconds,omitempty"`
	FromWord float64 `json:"fromWordSeconds,omitempty"`
	// Background is the time in seconds until the work that the case is measured beside
	// is done on its last node, from its own creation.
	Background float64 `json:"backgroundSeconds,omitempty"`
	// MostWorking is the highest number of nodes that worked at once.
	MostWorking int `json:"mostWorking"`
	// Cluster is the processor time of the cluster's components until the end of the
	// wall time, and Operator that of the contender's own processes, in seconds.
	Cluster  cpuSeconds `json:"clusterCPUSeconds,omitempty"`
	Operator float64    `json:"operatorCPUSeconds,omitempty"`
	// Manager and Terminator are their usage until the last Job and pod are gone, or over
	// the minutes of Idle.
	Manager    usage               `json:"manager,omitzero"`
	Terminator usage               `json:"terminator,omitzero"`
	Requests   map[string]requests `json:"requests,omitempty"`
	Writes     int                 `json:"writes"`
	// Before is the resident set of the manager in MiB before the creation.
	Before float64 `json:"managerBeforeMiB,omitempty"`
	// Streams are the log streams of the terminator.
	Streams *streams `json:"streams,omitempty"`
	// Idle is what the quiet period showed.
	Idle *idle `json:"idle,omitempty"`
}

// perPod returns by how many KiB the manager grew for each pod.
func (r *result) perPod() float64 {
	if r.Pods == 0 {
		return 0
	}
	return max(0, r.Manager.PeakMemory-r.Before) * 1024 / float64(r.Pods)
}

// overBare returns the wall time divided by that of the bare DaemonSet, and 0 if there is none.
func (r *result) overBare() float64 {
	if r.Reference == 0 {
		return 0
	}
	return r.Wall / r.Reference
}
