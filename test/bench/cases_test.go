package main

import (
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestTheCasesAreThoseOfTheTable(t *testing.T) {
	g := NewWithT(t)
	for _, s := range scenarios {
		all := s.workloads(1000)
		g.Expect(kept(all)).To(Equal(s.hasManyJobs()), "nothing is deleted while other Jobs are measured")
		g.Expect(s.readsLogs()).To(Equal(slices.Contains([]string{"2", "marks", "5"}, s.name)))
		switch s.name {
		case caseIdle:
			g.Expect(all).To(BeEmpty())
			continue
		case "4":
			g.Expect(all).To(HaveLen(100))
			g.Expect(podCount(all)).To(Equal(5000))
			g.Expect(all[0].selector).NotTo(Equal(all[1].selector))
			g.Expect(all[0].selector).To(Equal(all[20].selector), "1,000 nodes are 20 groups")
		case "8":
			g.Expect(all).To(HaveLen(1000))
			g.Expect(podCount(all)).To(Equal(10000))
			g.Expect(all[0].selector).To(Equal(all[100].selector), "1,000 nodes are 100 groups")
		case "alone", "9":
			g.Expect(all).To(HaveLen(20))
			g.Expect(podCount(all)).To(Equal(100))
		case "tenth":
			g.Expect(podCount(all)).To(Equal(100))
		default:
			g.Expect(podCount(all)).To(Equal(1000))
			g.Expect(all[0].selector).To(BeEmpty())
		}
		job, ok := all[0].job("ns").(*v1beta1.Job)
		g.Expect(ok).To(BeTrue())
		g.Expect(job.Spec.Parallelism != nil).To(Equal(s.name == "3"))
		released := map[string]v1beta1.CompletedPods{"6": v1beta1.CompletedPodsRelease}
		g.Expect(job.Spec.CompletedPods).To(Equal(released[s.name]))
		g.Expect(job.Spec.Results != nil).To(Equal(s.name == "7"))
		g.Expect(job.Spec.TTLSecondsAfterFinished != nil).To(Equal(kept(all)))
		g.Expect(s.background != nil).To(Equal(s.name == "9"))
	}
}

func TestEachGroupHasItsNodes(t *testing.T) {
	g := NewWithT(t)
	for _, s := range scenarios {
		for _, w := range s.workloads(130) {
			count := 0
			for i := range 130 {
				if labels.SelectorFromSet(w.selector).Matches(labels.Set(simulatedNode(i).Labels)) {
					count++
				}
			}
			g.Expect(count).To(Equal(w.pods), "case %s, %s", s.name, w.name)
			if w.name == "bench-30" {
				break // The groups of the others are alike.
			}
		}
	}
}

func TestTheBareDaemonSetHasTheSamePods(t *testing.T) {
	g := NewWithT(t)
	pod := wrappers.Pod(theJob, "a", "h1").Gated()
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: pod.Spec}
	made := workload{name: "w", selector: map[string]string{"n": "1"}}.bare("ns", template, false)
	ds, ok := made.(*appsv1.DaemonSet)
	g.Expect(ok).To(BeTrue())
	g.Expect(ds.Spec.Template.Spec.Containers).To(Equal(pod.Spec.Containers))
	g.Expect(ds.Spec.Template.Spec.ReadinessGates).To(BeEmpty(), "no terminator would open them")
	g.Expect(ds.Spec.Template.Spec.SchedulingGates).To(BeEmpty())
	g.Expect(ds.Spec.Template.Spec.NodeSelector).To(Equal(map[string]string{"n": "1"}))
	selector, err := metav1.LabelSelectorAsSelector(ds.Spec.Selector)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(selector.Matches(labels.Set(ds.Spec.Template.Labels))).To(BeTrue())
	g.Expect(template.Labels).To(HaveKeyWithValue(v1beta1.LabelJob, "j"), "the template itself does not change")

	marked, ok := workload{name: "w"}.bare("ns", template, true).(*appsv1.DaemonSet)
	g.Expect(ok).To(BeTrue())
	g.Expect(marked.Spec.Template.Spec.ReadinessGates).To(Equal(pod.Spec.ReadinessGates), "the simulation opens them")
	g.Expect(marked.Spec.Template.Labels).To(HaveKeyWithValue(labelBench, benchMarks))
}

func TestFlagsAreParsed(t *testing.T) {
	g := NewWithT(t)
	cfg, err := parseFlags([]string{"-nodes", "1000,100", "-cases", "1,3", "-check"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cfg.nodes).To(Equal([]int{100, 1000}))
	g.Expect(cfg.cases).To(Equal([]string{"1", "3", "tenth"}), "what case 3 is compared with is measured, too")
	g.Expect(cfg.check).To(BeTrue())
	cfg, err = parseFlags([]string{"-cases", "2"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cfg.cases).To(Equal([]string{"2", "marks"}), "so are its marks alone")
	cfg, err = parseFlags([]string{"-cases", "9", "-streams", "500,1000", "-workers=1", "-append", "-baseline=other"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cfg.cases).To(Equal([]string{"9", "alone"}))
	g.Expect(cfg.settings.streams).To(Equal([]int{500, 1000}))
	g.Expect(cfg.settings.workers).To(Equal([]int{1}))
	g.Expect(cfg.adds).To(BeTrue())
	g.Expect(cfg.programs.baseline).To(Equal("other"))
	for _, wrong := range []string{"-nodes=10", "-nodes=many", "-nodes=", "-what", "-cases=11", "-cases=alone", "-rounds=0", "-streams=0", "-workers=a"} {
		_, err := parseFlags([]string{wrong})
		g.Expect(err).To(HaveOccurred(), wrong)
	}
}

func TestRandomJobsAreOfAllKinds(t *testing.T) {
	g := NewWithT(t)
	random, kinds := rand.New(rand.NewPCG(1, 0)), map[string]int{}
	for i := range 500 {
		expected, job := randomJob(random, i, soakNodes)
		g.Expect(job.Spec.Parallelism == nil).To(Equal(expected.limit == 0))
		g.Expect(expected.suspended).To(Equal(job.Suspended()))
		g.Expect(len(expected.nodes)).To(BeElementOf(20, 50, 200))
		g.Expect(expected.fails && job.Spec.CompletionMode != v1beta1.CompletionExit).To(BeFalse(), "the simulation fails init containers")
		for kind, is := range map[string]bool{
			"exit": job.Spec.CompletionMode == v1beta1.CompletionExit, "fails": expected.fails, "held": expected.suspended,
			"tolerant": expected.tolerates, "limited": expected.limit > 0, "kept": job.Spec.TTLSecondsAfterFinished != nil,
			"flaky": expected.flaky, "suspends": expected.suspends, "releases": job.Spec.CompletedPods != "", "recorded": expected.records,
			"retained": job.Spec.Results != nil && job.Spec.Results.RetainSeconds != nil,
		} {
			if is {
				kinds[kind]++
			}
		}
	}
	for _, kind := range []string{"exit", "fails", "held", "tolerant", "limited", "kept", "flaky", "suspends", "releases", "recorded", "retained"} {
		g.Expect(kinds[kind]).To(And(BeNumerically(">", 10), BeNumerically("<", 480)), kind)
	}
}
