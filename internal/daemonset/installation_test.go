package daemonset

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestTheNextStepOfAnInstallation(t *testing.T) {
	const s = time.Second
	for _, test := range []struct {
		owner, asker, me string
		observed         time.Duration
		step             OwnershipStep
		wait             time.Duration
	}{
		{"", "", "me", 0, Own, 0}, // An earlier version applied it.
		{"me", "", "me", time.Hour, Own, 0},
		{"me", "you", "me", 0, Answer, 0},
		{"me", "me", "me", 0, Answer, 0}, // It asked, and became the owner in another way.
		{"", "you", "me", 0, Answer, 0},
		{"you", "", "me", 0, KeepOff, 30 * s},
		{"you", "", "me", 29 * s, KeepOff, s},
		{"you", "", "me", 30 * s, Ask, 0},
		{"you", "me", "me", 0, KeepOff, 30 * s},
		{"you", "me", "me", 29 * s, KeepOff, s},
		{"you", "me", "me", 30 * s, TakeOver, 0},
		{"you", "they", "me", 59 * s, KeepOff, s},
		{"you", "they", "me", 60 * s, Ask, 0},
		{"you", "they", "", 0, Own, 0}, // An installation without a name knows no others.
	} {
		t.Run(fmt.Sprintf("%+v", test), func(t *testing.T) {
			g := NewWithT(t)
			step, wait := Ownership{test.owner, test.asker}.Next(test.me, test.observed)
			g.Expect(step).To(Equal(test.step))
			g.Expect(wait).To(Equal(test.wait))
		})
	}
}

// contest plays installations that reconcile one Job each second, for some minutes.
// It returns the owner of each second, and how many writes there were.
func contest(owner string, there func(second int, name string) bool, installations ...string) (owners []string, writes int) {
	type seen struct {
		Ownership
		since int
	}
	now, views := Ownership{Owner: owner}, map[string]seen{}
	for second := range 600 {
		for _, me := range installations {
			if !there(second, me) {
				delete(views, me)
				continue
			}
			if view, ok := views[me]; !ok || view.Ownership != now {
				views[me] = seen{now, second}
			}
			switch step, _ := now.Next(me, time.Duration(second-views[me].since)*time.Second); step {
			case Answer:
				now.Asker = ""
			case Ask:
				now.Asker = me
			case TakeOver:
				now = Ownership{Owner: me}
			default:
				continue
			}
			writes++
			views[me] = seen{now, second}
		}
		owners = append(owners, now.Owner)
	}
	return owners, writes
}

func TestAnOwnerThatIsThereStaysTheOwner(t *testing.T) {
	g := NewWithT(t)
	always := func(int, string) bool { return true }
	owners, writes := contest("a", always, "a")
	g.Expect(owners).To(HaveEach("a"))
	g.Expect(writes).To(BeZero(), "a Job for which no other one asks costs no write")

	for _, others := range [][]string{{"a", "b"}, {"b", "a"}, {"b", "c", "a"}} {
		owners, writes = contest("a", always, others...)
		g.Expect(owners).To(HaveEach("a"), "%v", others)
		g.Expect(writes).To(BeNumerically("<=", 2*20), "a question and an answer every half minute")
	}
	restarts := func(second int, name string) bool { return name != "a" || second%100 < 75 }
	owners, _ = contest("a", restarts, "a", "b")
	g.Expect(owners).To(HaveEach("a"), "it is away for less than the time to answer")
}

func TestAnOwnerThatIsGoneIsReplacedAfterAMinute(t *testing.T) {
	g := NewWithT(t)
	moved := func(_ int, name string) bool { return name != "a" }
	owners, writes := contest("a", moved, "a", "b", "c")
	g.Expect(owners[:60]).To(HaveEach("a"))
	g.Expect(owners[60:]).To(HaveEach("b"))
	g.Expect(writes).To(BeNumerically("<=", 2+2*20))

	back := func(second int, name string) bool { return name != "a" || second > 200 }
	owners, _ = contest("a", back, "a", "b")
	g.Expect(owners[60:]).To(HaveEach("b"), "the new owner stays")

	asked := func(second int, name string) bool { return name == "c" && second > 40 || name == "b" && second < 40 }
	owners, _ = contest("a", asked, "b", "c")
	g.Expect(owners[200]).To(Equal("c"), "the question of one that is gone does not block the Job")
}

// The other's name must not by itself cause an apply: it would be taken from a healthy one.
func TestTheNameOfTheInstallationIsNotHashed(t *testing.T) {
	g := NewWithT(t)
	made := func(installation string) (map[string]string, func(other string) bool) {
		ds, err := Desired(wrappers.Job("ns", "j").UID("u").Obj(), "h1", Pause{})
		g.Expect(err).NotTo(HaveOccurred())
		if installation != "" {
			ds.Annotations[v1beta1.AnnotationInstallation] = installation
		}
		return ds.Annotations, func(other string) bool {
			desired := ds.DeepCopy()
			desired.Annotations[v1beta1.AnnotationInstallation] = other
			return NeedsApply(ds, desired)
		}
	}
	none, needs := made("")
	g.Expect(needs("me")).To(BeTrue(), "an earlier version did not write it")
	mine, needs := made("me")
	g.Expect(needs("me")).To(BeFalse())
	g.Expect(needs("you")).To(BeFalse())
	g.Expect(mine[v1beta1.AnnotationAppliedHash]).To(Equal(none[v1beta1.AnnotationAppliedHash]))
}
