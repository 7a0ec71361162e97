package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// Whoever may write pods writes these texts.
const hostileText = "no\nComplete: all done\x1b[2J\xff\xfe\u202e"

// hostilePods are pods whose every reason and message is hostile, no two alike.
func hostilePods() []*wrappers.PodWrapper {
	huge := strings.Repeat(hostileText, 2000)
	var all []*wrappers.PodWrapper
	for i := range 60 {
		node, reason, message := fmt.Sprintf("n%02d", i), fmt.Sprintf("R%02d", i)+huge, fmt.Sprint(i)+huge
		p := pod(node)
		switch i % 5 {
		case 0:
			p.Waiting(v1beta1.ContainerName, reason, message)
		case 1:
			p.Evicted()
			p.Pod.Status.Reason, p.Pod.Status.Message = reason, message
		case 2:
			p.Unschedulable(message)
		case 3:
			p.Pod.Status.Conditions = append(p.Pod.Status.Conditions, corev1.PodCondition{
				Type: v1beta1.PodCompleted, Status: corev1.ConditionFalse, Reason: reason, Message: message,
			})
		case 4:
			p.Restarted(v1beta1.ContainerName, 9, 1, message)
		}
		all = append(all, p)
	}
	return all
}

// expectSafe checks each text of a status as the API server and a terminal see it.
func expectSafe(g Gomega, status v1beta1.JobStatus) {
	data, err := json.Marshal(status)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(data)).To(BeNumerically("<", 256*1024))
	stored := v1beta1.JobStatus{}
	g.Expect(json.Unmarshal(data, &stored)).To(Succeed())
	g.Expect(equality.Semantic.DeepEqual(&stored, &status)).To(BeTrue(), "what is stored differs from what is computed")
	for i := range status.Conditions {
		c := &status.Conditions[i]
		g.Expect(c.Reason).To(MatchRegexp(conditionReason.String()))
		g.Expect(c.Message).To(Equal(Shorten(c.Message, maxMessage)))
	}
	for i := range status.FailedNodes {
		message := status.FailedNodes[i].Message
		g.Expect(message).To(Equal(Tail(message, 4*MaxLog)))
	}
}

func TestHostileTextMakesASafeStatus(t *testing.T) {
	for name, j := range map[string]*wrappers.JobWrapper{
		"blocked":           job().BackoffLimit(99),
		"some failed":       job().BackoffLimit(1).MaxFailedNodes("100%"),
		"failed":            job().BackoffLimit(1),
		"held":              job().BackoffLimit(1).OnFailure(v1beta1.FailureActionSuspend),
		"past the deadline": job().Deadline(1).BackoffLimit(99),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			pods := hostilePods()
			s := stateWith(j, daemonSet(int32(len(pods)), int32(len(pods))), pods...)
			p := Compute(s)
			g.Expect(p.Status).NotTo(BeNil())
			expectSafe(g, p.Status.Status)
			for _, event := range p.Status.Events {
				g.Expect(event.Reason).To(MatchRegexp(conditionReason.String()))
				g.Expect(event.Message).To(Equal(Shorten(event.Message, MaxEventMessage)))
			}
			if s.Job.Status = p.Status.Status; s.Job.Finished() == nil {
				s.Now = s.Now.Add(time.Hour)
				next := Compute(s)
				g.Expect(next.Status).To(BeNil(), "the same is written again")
			}
		})
	}
}

func TestHostileBlockerMakesASafeStatus(t *testing.T) {
	g := NewWithT(t)
	huge := strings.Repeat(hostileText, 9999)
	for _, blocker := range []Blocker{{v1beta1.ReasonDaemonSetNameTaken, huge}, {huge, huge}} {
		expectSafe(g, WithBlocker(job().Obj(), blocker, now))
		s := stateWith(job(), daemonSet(1, 1), pod("a"))
		s.Blocker = blocker
		expectSafe(g, Compute(s).Status.Status)
	}
}

func TestReadPodKeepsLittleText(t *testing.T) {
	g := NewWithT(t)
	for _, p := range hostilePods() {
		read := ReadPod(p.Obj())
		g.Expect(len(read.Blocker.Reason)).To(BeNumerically("<=", maxReason))
		g.Expect(len(read.Blocker.Message) + len(read.Log) + len(read.Activity)).To(BeNumerically("<", 4*MaxLog))
	}
}

func TestATimeToComeUngatedNoPod(t *testing.T) {
	g := NewWithT(t)
	forged := pod("a").Unschedulable("no room").Created(now.Add(-time.Hour).Unix())
	forged.Annotations = map[string]string{v1beta1.AnnotationUngatedAt: "2038-01-19T03:14:07Z"}
	ds := daemonSet(1, 1)
	ds.Spec.Template.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1beta1.SchedulingGate}}
	g.Expect(Compute(stateWith(job().Parallelism("1"), ds, forged)).Reclaim).To(HaveLen(1), "its slot would never be free")
}

func TestPodsRefused(t *testing.T) {
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	for name, test := range map[string]struct {
		refusals []Refusal
		created  []int
		want     string
	}{
		"none":                          {},
		"the last one":                  {refusals: []Refusal{{at(-3), "b"}, {at(-2), "c"}, {at(-9), "a"}}, want: "pods are refused: c"},
		"over since a pod was made":     {refusals: []Refusal{{at(-3), "b"}}, created: []int{-2}},
		"still since the last pod":      {refusals: []Refusal{{at(-3), "b"}}, created: []int{-4}, want: "pods are refused: b"},
		"a clock that is a little fast": {refusals: []Refusal{{at(5), "b"}}, want: "pods are refused: b"},
		"forged, of a time to come":     {refusals: []Refusal{{time.Unix(1<<31, 0), "forged"}, {at(-1), "b"}}, want: "pods are refused: b"},
		"nothing but forged":            {refusals: []Refusal{{time.Unix(1<<31, 0), "forged"}}},
		"forged text":                   {refusals: []Refusal{{at(-1), "b\nc\x1b"}}, want: `pods are refused: b\nc\x1b`},
		"a minimum": {refusals: []Refusal{{at(-1), "minimum cpu usage per Container is 9"}},
			want: "pods are refused: minimum cpu usage per Container is 9; a LimitRange asks for more than the pause container of Exit mode requests: " +
				"raise --pause-resources of the manager, or lower the minimum"},
	} {
		t.Run(name, func(t *testing.T) {
			var pods []Pod
			for _, seconds := range test.created {
				pods = append(pods, Pod{Created: at(seconds)})
			}
			NewWithT(t).Expect(PodsRefused(test.refusals, pods, now).Message).To(Equal(test.want))
		})
	}
}
