package podcache

import (
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// keptLabels are those that the terminator reads. The API server bounds their values.
var keptLabels = [...]string{v1beta1.LabelDaemonSetJob, v1beta1.LabelJob, v1beta1.LabelDaemonSet}

// maxSets is how many sets of labels are remembered. More Jobs rarely run at once.
const maxSets = 1024

// labelSets has the labels of pods that were seen lately, so that the pods of a Job share them: a
// map takes more memory than the rest of a pod's metadata.
var labelSets = struct {
	mu   sync.Mutex
	seen map[[len(keptLabels)]string]map[string]string
}{seen: map[[len(keptLabels)]string]map[string]string{}}

// labelsOf returns the labels of a pod that are kept, which pods with the same ones share.
func labelsOf(pod *corev1.Pod) map[string]string {
	var values [len(keptLabels)]string
	for i, key := range keptLabels {
		values[i] = pod.Labels[key]
	}
	labelSets.mu.Lock()
	defer labelSets.mu.Unlock()
	if set := labelSets.seen[values]; set != nil {
		return set
	}
	if len(labelSets.seen) >= maxSets {
		clear(labelSets.seen)
	}
	set := make(map[string]string, len(keptLabels))
	for i, key := range keptLabels {
		if values[i] != "" {
			set[key] = values[i]
		}
	}
	labelSets.seen[values] = set
	return set
}
