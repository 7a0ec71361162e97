//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/pkg/apis/scorecard/v1alpha3"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const (
	bundleDir    = "../../bundle"
	scorecardDir = "../../config/scorecard/rbac"
)

// read reads a manifest and refuses unknown fields.
func read(file string, into any) {
	GinkgoHelper()
	data, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.UnmarshalStrict(data, into)).To(Succeed(), file)
}

// archive returns a tar archive of a folder, as scorecard makes it of the bundle.
func archive(folder string) []byte {
	GinkgoHelper()
	var data bytes.Buffer
	compressed := gzip.NewWriter(&data)
	files := tar.NewWriter(compressed)
	Expect(files.AddFS(os.DirFS(folder))).To(Succeed())
	Expect(files.Close()).To(Succeed())
	Expect(compressed.Close()).To(Succeed())
	return data.Bytes()
}

// scorecardPod returns the pod that scorecard creates for a test. An init container
// extracts the bundle to /bundle.
func scorecardPod(namespace, account string, test v1alpha3.TestConfiguration) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "scorecard-test-", Labels: test.Labels},
		Spec: corev1.PodSpec{
			ServiceAccountName: account,
			RestartPolicy:      corev1.RestartPolicyNever,
			InitContainers: []corev1.Container{{
				Name: "scorecard-untar", Image: shellImage,
				Command:      []string{"tar", "xzf", "/scorecard/bundle.tar.gz", "-C", "/bundle"},
				VolumeMounts: []corev1.VolumeMount{{Name: "tar", MountPath: "/scorecard", ReadOnly: true}, {Name: "bundle", MountPath: "/bundle"}},
			}},
			Containers: []corev1.Container{{
				Name: "scorecard-test", Image: test.Image, Command: test.Entrypoint,
				Env: []corev1.EnvVar{{Name: "SCORECARD_NAMESPACE", ValueFrom: &corev1.EnvVarSource{
					FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"},
				}}},
				VolumeMounts: []corev1.VolumeMount{{Name: "bundle", MountPath: "/bundle", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{
				{Name: "bundle", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "tar", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: "bundle"},
				}}},
			},
		},
	}
}

// scorecardResults runs tests of the bundle in pods as scorecard makes them, and returns
// the result of each by its name.
func scorecardResults(namespace, account string, tests []v1alpha3.TestConfiguration) map[string]v1alpha3.TestResult {
	GinkgoHelper()
	bundle := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "bundle"}, BinaryData: map[string][]byte{"bundle.tar.gz": archive(bundleDir)}}
	Expect(k8s.Create(ctx, bundle)).To(Succeed())
	// The controller manager makes the account `default` after the namespace.
	Eventually(func() error {
		return k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: account}, &corev1.ServiceAccount{})
	}).Should(Succeed())
	pods := map[string]*corev1.Pod{}
	for _, test := range tests {
		pod := scorecardPod(namespace, account, test)
		Expect(k8s.Create(ctx, pod)).To(Succeed())
		pods[test.Entrypoint[1]] = pod
	}
	results := map[string]v1alpha3.TestResult{}
	for name, pod := range pods {
		Eventually(func() (corev1.PodPhase, error) {
			err := k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod)
			return pod.Status.Phase, err
		}, "150s").Should(BeElementOf(corev1.PodSucceeded, corev1.PodFailed), name)
		output, err := api.CoreV1().Pods(namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: "scorecard-test"}).DoRaw(ctx)
		Expect(err).NotTo(HaveOccurred())
		// Scorecard fails the test if the log has any line besides the status.
		status := v1alpha3.TestStatus{}
		Expect(json.Unmarshal(output, &status)).To(Succeed(), "%s printed %s", name, output)
		Expect(status.Results).To(HaveExactElements(HaveField("Name", name)), string(output))
		results[name] = status.Results[0]
	}
	return results
}

// scorecardTests returns the tests of the bundle's configuration: our own, and the
// standard ones.
func scorecardTests() (ours, standard []v1alpha3.TestConfiguration) {
	GinkgoHelper()
	config := &v1alpha3.Configuration{}
	read(filepath.Join(bundleDir, "tests/scorecard/config.yaml"), config)
	for _, stage := range config.Stages {
		for _, test := range stage.Tests {
			if test.Labels["suite"] == "job" {
				ours = append(ours, test)
			} else {
				standard = append(standard, test)
			}
		}
	}
	Expect(ours).To(HaveLen(3))
	Expect(standard).To(HaveLen(6))
	return ours, standard
}

var _ = Describe("scorecard", func() {
	It("passes the custom tests with the rights that make scorecard grants", func() {
		ns := newNamespace()
		account, role, binding := &corev1.ServiceAccount{}, &rbacv1.Role{}, &rbacv1.RoleBinding{}
		read(filepath.Join(scorecardDir, "service_account.yaml"), account)
		read(filepath.Join(scorecardDir, "role.yaml"), role)
		read(filepath.Join(scorecardDir, "role_binding.yaml"), binding)
		binding.Subjects[0].Namespace = ns
		for _, object := range []client.Object{account, role, binding} {
			object.SetNamespace(ns)
			Expect(k8s.Create(ctx, object)).To(Succeed())
		}
		ours, _ := scorecardTests()
		for name, result := range scorecardResults(ns, account.Name, ours) {
			Expect(result.State).To(Equal(v1alpha3.PassState), "%s: %v", name, result.Errors)
		}
	})

	It("passes the standard tests for whoever has only the bundle, and ours say what they lack", func() {
		ours, standard := scorecardTests()
		results := scorecardResults(newNamespace(), "default", append(standard, ours...))
		for _, test := range standard {
			result := results[test.Entrypoint[1]]
			Expect(result.State).To(Equal(v1alpha3.PassState), "%s: %v", result.Name, result.Errors)
		}
		for _, test := range ours {
			result := results[test.Entrypoint[1]]
			Expect(result.State).To(Equal(v1alpha3.FailState), result.Name)
			Expect(result.Errors).To(HaveExactElements(ContainSubstring("forbidden")), result.Name)
			Expect(result.Suggestions).To(ContainElement(ContainSubstring("make scorecard")), result.Name)
		}
	})
})
