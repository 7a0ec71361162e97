package newjob

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestRunMakesAJobThatStopsNothingAndStaysAnHour(t *testing.T) {
	g := NewWithT(t)
	job, err := Run(Options{Namespace: "ops", Image: "busybox", Command: []string{"uname", "-r"}, Selector: "pool=a,zone=z",
		Parallelism: "10%", MountPath: "/etc", Timeout: 5 * time.Minute})
	g.Expect(err).NotTo(HaveOccurred())
	text, err := yaml.Marshal(job.Spec)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).To(Equal(`activeDeadlineSeconds: 300
backoffLimit: 0
command:
- uname
- -r
completionMode: Exit
image: busybox
maxFailedNodes: 100%
mountPath: /etc
nodeSelector:
  pool: a
  zone: z
parallelism: 10%
results:
  maxOutputBytes: 4096
  outputs: Failed
ttlSecondsAfterFinished: 3600
`))
	g.Expect(job.GenerateName).To(Equal("run-"))
}

func TestRunKeepsAJobForAWeek(t *testing.T) {
	g := NewWithT(t)
	job, err := Run(Options{Image: "busybox", Keep: true})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(*job.Spec.TTLSecondsAfterFinished).To(BeEquivalentTo(604800))
	g.Expect(job.Spec.ActiveDeadlineSeconds).To(BeNil())
}

func TestNodesAreTermsOfAnAffinity(t *testing.T) {
	g := NewWithT(t)
	job, err := Run(Options{Image: "busybox", Command: []string{"df"}, Nodes: "a,b[1-2]", MountPath: "/x"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(job.Spec.Image).To(BeEmpty())
	pod := job.Spec.Template.Spec
	var names []string
	for _, term := range pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		names = append(names, term.MatchFields[0].Values...)
	}
	g.Expect(names).To(Equal([]string{"a", "b1", "b2"}))
	g.Expect(pod.Containers).To(HaveLen(1))
	g.Expect(pod.Containers[0]).To(And(HaveField("Command", []string{"df"}), HaveField("VolumeMounts", HaveLen(1))))
}

func TestHostEntersItsNamespaces(t *testing.T) {
	g := NewWithT(t)
	job, err := Run(Options{Image: "busybox", Command: []string{"systemctl", "status"}, Host: true, Selector: "pool=a"})
	g.Expect(err).NotTo(HaveOccurred())
	pod := job.Spec.Template.Spec
	g.Expect(pod.HostPID).To(BeTrue())
	g.Expect(pod.NodeSelector).To(Equal(map[string]string{"pool": "a"}))
	g.Expect(pod.Affinity).NotTo(BeNil(), "virtual nodes")
	g.Expect(pod.Containers[0].Command).To(Equal(strings.Fields("nsenter -t 1 -m -u -i -n -p -- systemctl status")))
	g.Expect(pod.Containers[0].SecurityContext).To(Equal(&corev1.SecurityContext{Privileged: new(true), RunAsUser: new(int64(0))}))
}

func TestRunSaysWhatToWriteInstead(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		message string
	}{
		"both":           {Options{Selector: "a=b", Nodes: "a"}, "either --selector or --nodes"},
		"a set":          {Options{Selector: "a in (b)"}, "key=value"},
		"too many":       {Options{Nodes: "n[1-201]"}, "names 201 nodes, and at most 200 can be named"},
		"bad nodes":      {Options{Nodes: "n[1"}, "--nodes: "},
		"host, no words": {Options{Host: true}, "--host needs a command"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := Run(test.options)
			g.Expect(err).To(MatchError(ContainSubstring(test.message)))
		})
	}
}

func TestAManualRunIsTheCronJobsOwn(t *testing.T) {
	g := NewWithT(t)
	cronJob := &v1beta1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "ops", Name: "nightly", UID: "cj-uid"}}
	cronJob.Spec.JobTemplate.Labels = map[string]string{"team": "a"}
	cronJob.Spec.JobTemplate.Annotations = map[string]string{"why": "b"}
	cronJob.Spec.JobTemplate.Spec.Image = "busybox"
	job := Manual(cronJob, "x7k2p")
	g.Expect(job.Name).To(Equal("nightly-manual-x7k2p"))
	g.Expect(job.Labels).To(Equal(map[string]string{"team": "a", v1beta1.LabelCronJob: "nightly"}))
	g.Expect(job.Annotations).To(Equal(map[string]string{"why": "b"}))
	g.Expect(job.Spec).To(Equal(cronJob.Spec.JobTemplate.Spec))
	g.Expect(v1beta1.CronJobOf(job)).To(And(HaveField("UID", BeEquivalentTo("cj-uid")), HaveField("BlockOwnerDeletion", HaveValue(BeTrue()))))
}

func TestTheNameOfAManualRunFits(t *testing.T) {
	g := NewWithT(t)
	name := strings.Repeat("a", 34) + "-." + "bcde"
	got := manualName(name, "x7k2p")
	g.Expect(got).To(Equal(strings.Repeat("a", 34) + "-manual-x7k2p"))
	g.Expect(manualName(strings.Repeat("a", v1beta1.MaxCronJobNameLength), "x7k2p")).To(HaveLen(v1beta1.MaxNameLength))
}
