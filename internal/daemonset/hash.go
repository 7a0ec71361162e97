package daemonset

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// hashedSpec is the part of a JobSpec that decides what runs on a node. Only a
// change here runs the work again: limits, the gate and the termination word can
// change freely. It holds what the user wrote and not the pod template, so that
// a new version of the operator runs nothing again. Each version of the hash covers
// these members: a new one needs omitempty.
type hashedSpec struct {
	Image        string                  `json:"image,omitempty"`
	Command      []string                `json:"command,omitempty"`
	Args         []string                `json:"args,omitempty"`
	Env          []corev1.EnvVar         `json:"env,omitempty"`
	MountPath    string                  `json:"mountPath,omitempty"`
	NodeSelector map[string]string       `json:"nodeSelector,omitempty"`
	Tolerations  []corev1.Toleration     `json:"tolerations,omitempty"`
	Template     *corev1.PodTemplateSpec `json:"template,omitempty"`
	Mode         v1beta1.CompletionMode  `json:"mode,omitempty"`
}

// CurrentHash returns the hash of what the Job runs now, as the value of a label. ds is the
// Job's DaemonSet, nil if there is none.
//
// While the status is about the present generation, what runs has not changed. Otherwise the
// hash stays if the algorithm that made it makes it again: the Job was edited, but not what
// it runs. The DaemonSet may be newer than the status, since the manager writes it first.
func CurrentHash(job *v1beta1.Job, ds *appsv1.DaemonSet) (string, error) {
	last := job.Status.TemplateHash
	if last != "" && job.Status.ObservedGeneration == job.Generation {
		return last, nil
	}
	for _, recorded := range []string{last, recordedHash(job, ds)} {
		if recorded == "" {
			continue
		}
		hash, err := hashAs(versionOf(recorded), &job.Spec)
		if err != nil {
			return "", fmt.Errorf("comparing what runs with template hash %s: %w", recorded, err)
		}
		if hash == recorded {
			return recorded, nil
		}
	}
	return TemplateHash(&job.Spec)
}

// recordedHash returns the template hash that the Job's own DaemonSet carries.
func recordedHash(job *v1beta1.Job, ds *appsv1.DaemonSet) string {
	if ds == nil || !metav1.IsControlledBy(ds, job) {
		return ""
	}
	return ds.Spec.Template.Labels[v1beta1.LabelTemplateHash]
}

// TemplateHash returns a hash of what the Job runs by the current algorithm.
func TemplateHash(spec *v1beta1.JobSpec) (string, error) {
	return hashAs(currentVersion, spec)
}

// hashedPart returns what is hashed of the spec.
func hashedPart(spec *v1beta1.JobSpec) hashedSpec {
	return hashedSpec{
		Image: spec.Image, Command: spec.Command, Args: spec.Args, Env: spec.Env, MountPath: spec.MountPath,
		NodeSelector: spec.NodeSelector, Tolerations: spec.Tolerations, Template: spec.Template, Mode: cmp.Or(spec.CompletionMode, v1beta1.CompletionLog),
	}
}

// hashOf hashes v's JSON without its empty members: a field that a later version
// of the Kubernetes types adds, or writes as null, changes no hash.
func hashOf(v any) (string, error) {
	data, err := PrunedJSON(v)
	if err != nil {
		return "", err
	}
	return digest(data), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:5])
}

// PrunedJSON encodes v as JSON without nulls and empty objects, which is the form
// that is hashed and applied. Numbers stay as they are written: a float64 would
// round integers above 2^53.
func PrunedJSON(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var generic any
	if err := decoder.Decode(&generic); err != nil {
		return nil, fmt.Errorf("decoding %T: %w", v, err)
	}
	return json.Marshal(prune(generic))
}

// prune drops null and empty members of objects. An empty object can have a
// meaning (emptyDir: {}): it is dropped only where the Kubernetes types write one
// although the user set nothing.
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
var alwaysWritten = map[string]bool{"metadata": true, "resources": true, "spec": true, "status": true}
