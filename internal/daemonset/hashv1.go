package daemonset

import (
	"cmp"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// roundedHash is v1. It rounds integers above 2^53, as a float64 does, and covers the
// defaults that the API server filled in with the CRD of that version. They are filled in
// here too: a user who replaces the Job by the manifest stores it without them.
func roundedHash(spec *v1beta1.JobSpec) (string, error) {
	data, err := json.Marshal(hashedPart(withDefaultsOfV1(spec)))
	if err != nil {
		return "", fmt.Errorf("encoding the spec: %w", err)
	}
	var generic any
	if err := json.Unmarshal(data, &generic); err != nil {
		return "", fmt.Errorf("decoding the spec: %w", err)
	}
	if data, err = json.Marshal(prune(generic)); err != nil {
		return "", fmt.Errorf("encoding the pruned spec: %w", err)
	}
	return digest(data), nil
}

// withDefaultsOfV1 returns the spec with the defaults of the first CRD below env and
// template. Defaults that Go writes as if they were not set are left out.
func withDefaultsOfV1(spec *v1beta1.JobSpec) *v1beta1.JobSpec {
	spec = spec.DeepCopy()
	defaultEnv(spec.Env)
	if spec.Template == nil {
		return spec
	}
	pod := &spec.Template.Spec
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			defaultEnv(containers[i].Env)
			defaultProbes(containers[i].LivenessProbe, containers[i].ReadinessProbe, containers[i].StartupProbe)
		}
	}
	for i := range pod.Volumes {
		defaultVolume(&pod.Volumes[i].VolumeSource)
	}
	return spec
}

func defaultEnv(env []corev1.EnvVar) {
	for i := range env {
		if from := env[i].ValueFrom; from != nil && from.FileKeyRef != nil {
			setDefault(&from.FileKeyRef.Optional, false)
		}
	}
}

func defaultProbes(probes ...*corev1.Probe) {
	for _, probe := range probes {
		if probe != nil && probe.GRPC != nil {
			setDefault(&probe.GRPC.Service, "")
		}
	}
}

func defaultVolume(volume *corev1.VolumeSource) {
	if disk := volume.AzureDisk; disk != nil {
		setDefault(&disk.FSType, "ext4")
		setDefault(&disk.ReadOnly, false)
	}
	if iscsi := volume.ISCSI; iscsi != nil {
		iscsi.ISCSIInterface = cmp.Or(iscsi.ISCSIInterface, "default")
	}
	if rbd := volume.RBD; rbd != nil {
		rbd.RBDPool = cmp.Or(rbd.RBDPool, "rbd")
		rbd.RadosUser = cmp.Or(rbd.RadosUser, "admin")
		rbd.Keyring = cmp.Or(rbd.Keyring, "/etc/ceph/keyring")
	}
	if scaleIO := volume.ScaleIO; scaleIO != nil {
		scaleIO.StorageMode = cmp.Or(scaleIO.StorageMode, "ThinProvisioned")
		scaleIO.FSType = cmp.Or(scaleIO.FSType, "xfs")
	}
}

// setDefault sets a field that is not set.
func setDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
