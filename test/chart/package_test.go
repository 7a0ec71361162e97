package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// metadata is what is compared of Chart.yaml.
type metadata struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	AppVersion  string            `json:"appVersion"`
	Icon        string            `json:"icon"`
	KubeVersion string            `json:"kubeVersion"`
	Annotations map[string]string `json:"annotations"`
}

// TestTheChartSaysWhatTheBundleSays compares what both offer to a catalogue.
func TestTheChartSaysWhatTheBundleSays(t *testing.T) {
	g := NewWithT(t)
	decode := func(file string, to any) {
		data, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(yaml.Unmarshal(data, to)).To(Succeed())
	}
	var chart metadata
	decode(filepath.Join(folder, "Chart.yaml"), &chart)
	var csv struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Spec struct {
			Icon []struct {
				Data string `json:"base64data"`
				Type string `json:"mediatype"`
			} `json:"icon"`
			MinKubeVersion string `json:"minKubeVersion"`
			Version        string `json:"version"`
		} `json:"spec"`
	}
	decode("../../bundle/manifests/daemonset-job.clusterserviceversion.yaml", &csv)
	g.Expect(chart.Version).To(Equal(csv.Spec.Version))
	g.Expect(chart.AppVersion).To(Equal(csv.Spec.Version))
	g.Expect(chart.KubeVersion).To(Equal(">=" + csv.Spec.MinKubeVersion + "-0"))
	g.Expect(chart.Annotations["artifacthub.io/operatorCapabilities"]).To(Equal(csv.Metadata.Annotations["capabilities"]))
	g.Expect(csv.Spec.Icon).To(HaveLen(1))
	g.Expect(chart.Icon).To(Equal("data:" + csv.Spec.Icon[0].Type + ";base64," + csv.Spec.Icon[0].Data))
}

// TestThePackageIsReproducible packages the chart twice, at other times and from other folders.
func TestThePackageIsReproducible(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	var archives [][]byte
	for range 2 {
		copied, to := filepath.Join(t.TempDir(), "daemonset-job"), t.TempDir()
		g.Expect(os.CopyFS(copied, os.DirFS(folder))).To(Succeed())
		_, err := helm(t, "package", copied, "--version", "1.2.3", "--app-version", "1.2.3", "--destination", to)
		g.Expect(err).NotTo(HaveOccurred())
		archive, err := os.ReadFile(filepath.Join(to, "daemonset-job-1.2.3.tgz"))
		g.Expect(err).NotTo(HaveOccurred())
		archives = append(archives, archive)
		rendered, err := helm(t, "template", release, filepath.Join(to, "daemonset-job-1.2.3.tgz"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(rendered).To(ContainSubstring("image: docker.io/darkowlzz/daemonset-job:v1.2.3\n"))
	}
	g.Expect(archives[0]).To(Equal(archives[1]))
}

// TestAChartOnTopSetsValues makes a chart that depends on this one, with what charts on top set.
func TestAChartOnTopSetsValues(t *testing.T) {
	g := NewWithT(t)
	program := require(t, "HELM")
	top := t.TempDir()
	for file, text := range map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n" +
			"- {name: daemonset-job, version: '*', condition: daemonset-job.enabled}\n",
		"values.yaml": "global: {region: a}\ndaemonset-job: {enabled: true, replicas: 2}\n",
	} {
		g.Expect(os.WriteFile(filepath.Join(top, file), []byte(text), 0o644)).To(Succeed())
	}
	g.Expect(os.CopyFS(filepath.Join(top, "charts", "daemonset-job"), os.DirFS(folder))).To(Succeed())
	manifests, err := output(exec.Command(program, "template", "cluster", top, "--namespace", "ops"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(parse(t, manifests)).To(HaveKey("Deployment ops/cluster-daemonset-job-controller-manager"))
	g.Expect(manifests).To(ContainSubstring("replicas: 2\n"))
	manifests, err = output(exec.Command(program, "template", "cluster", top, "--set", "daemonset-job.enabled=false"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(strings.TrimSpace(manifests)).To(BeEmpty())
}
