package cronjob_test

import (
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Whoever owns the operator's node has its token, so that a right that nothing uses is only
// theirs.
var _ = Describe("the manager's account", func() {
	It("has the rights that CronJobs need, and each of them is used", func() {
		granted := sets.New[string]()
		for _, rule := range roleIn("role.yaml").Rules {
			for _, resource := range rule.Resources {
				if !slices.Contains(rule.APIGroups, v1beta1.GroupVersion.Group) || !slices.Contains([]string{"cronjobs", "cronjobs/status", "cronjobs/finalizers"}, resource) {
					continue
				}
				for _, verb := range rule.Verbs {
					granted.Insert(verb + " " + resource)
				}
			}
		}
		w := newWorld()
		o := w.start()
		c := hourly(w.ns, "c")
		c.Spec.SuccessfulJobsHistoryLimit = new(int32(0))
		first, child := w.firstRun(c)
		finish(child, v1beta1.JobComplete, first.Add(time.Minute))
		Eventually(jobsIn(w.ns)).Should(BeEmpty())
		w.settle()
		// An informer lists where the API server cannot stream a list.
		Expect(sets.New(o.wire.used()...).Delete("list cronjobs").UnsortedList()).To(ConsistOf("get cronjobs", "watch cronjobs", "patch cronjobs/status",
			"get jobs", "list jobs", "watch jobs", "create jobs", "delete jobs"), "it touches nothing else")
		// Admission asks for the right to update finalizers: the Job blocks the deletion of its owner.
		Expect(granted.UnsortedList()).To(ConsistOf("get cronjobs", "list cronjobs", "watch cronjobs", "patch cronjobs/status", "update cronjobs/finalizers"))
	})

	DescribeTable("has no right to", func(verb func(c client.Client, object *v1beta1.CronJob) error) {
		manager, err := client.New(managerConfig, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		object := hourly("default", "any")
		Expect(verb(manager, object)).To(Satisfy(apierrors.IsForbidden))
	},
		Entry("create CronJobs", func(c client.Client, object *v1beta1.CronJob) error { return c.Create(ctx, object) }),
		Entry("patch CronJobs", func(c client.Client, object *v1beta1.CronJob) error {
			return c.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(`{}`)))
		}),
		Entry("delete CronJobs", func(c client.Client, object *v1beta1.CronJob) error { return c.Delete(ctx, object) }),
		Entry("delete many CronJobs at once", func(c client.Client, object *v1beta1.CronJob) error {
			return c.DeleteAllOf(ctx, object, client.InNamespace("default"))
		}),
		Entry("update CronJobs", func(c client.Client, object *v1beta1.CronJob) error {
			object.ResourceVersion = "1"
			return c.Update(ctx, object)
		}),
		Entry("delete many Jobs at once", func(c client.Client, _ *v1beta1.CronJob) error {
			return c.DeleteAllOf(ctx, &v1beta1.Job{}, client.InNamespace("default"))
		}),
	)
})
