package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// whatRuns is the part of a JobSpec that decides what runs on a node. Only a
// change here runs anything again: limits, the gate and the word that is looked
// for can come and go. It is hashed as the user said it and not as the manager
// makes a pod of it, so that a new version of the operator runs nothing again.
type hashedSpec struct {
	Image     string                  `json:"image,omitempty"`
	Command   []string                `json:"command,omitempty"`
	Args      []string                `json:"args,omitempty"`
	Env       []corev1.EnvVar         `json:"env,omitempty"`
	MountPath string                  `json:"mountPath,omitempty"`
	Template  *corev1.PodTemplateSpec `json:"template,omitempty"`
	Mode      v1beta1.CompletionMode  `json:"mode,omitempty"`
}

// templateHash is a hash of what the Job runs, fit for a label.
func templateHash(spec *v1beta1.JobSpec) (string, error) {
	mode := spec.CompletionMode
	if mode == "" {
		mode = v1beta1.CompletionLog
	}
	return hashOf(hashedSpec{
		Image: spec.Image, Command: spec.Command, Args: spec.Args, Env: spec.Env,
		MountPath: spec.MountPath, Template: spec.Template, Mode: mode,
	})
}

// hashOf hashes v's JSON without its empty members, so that a field that a later
// version of the Kubernetes types adds, or writes as null, changes nothing.
func hashOf(v any) (string, error) {
	pruned, err := prunedJSON(v)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(pruned)
	if err != nil {
		return "", fmt.Errorf("hashing: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:5]), nil
}

// prunedJSON is v as generic JSON, without nulls and empty objects.
func prunedJSON(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	var generic any
	if err := json.Unmarshal(data, &generic); err != nil {
		return nil, fmt.Errorf("decoding %T: %w", v, err)
	}
	return prune(generic), nil
}

// prune drops null and empty members of objects. An empty object can mean
// something (emptyDir: {}), so it is dropped only where the Kubernetes types
// write one although nothing was set.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			member = prune(member)
			if empty, isMap := member.(map[string]any); member == nil || (isMap && len(empty) == 0 && alwaysWritten[key]) {
				delete(v, key)
				continue
			}
			v[key] = member
		}
		return v
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

// alwaysWritten are the members of a pod template that are written even when empty.
var alwaysWritten = map[string]bool{"metadata": true, "resources": true, "spec": true, "status": true, "strategy": true, "updateStrategy": true}
