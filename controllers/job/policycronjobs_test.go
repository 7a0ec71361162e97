package job_test

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// cronJob is a CronJob that runs in no test.
func cronJob(ns, name string) *v1beta1.CronJob {
	return &v1beta1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1beta1.CronJobSpec{
			Schedule: "0 0 29 2 *", Suspend: new(true),
			JobTemplate: v1beta1.JobTemplateSpec{Spec: v1beta1.JobSpec{Image: "example.com/work:v1"}},
		},
	}
}

// A cronJobRequest is made by a user who has all rights on CronJobs and on Jobs.
type cronJobRequest struct {
	do func(c client.Client, existing *v1beta1.CronJob) error
	// writes requests write what a CronJob runs, or when.
	writes bool
}

func patchedCronJob(patchType types.PatchType, patch string) func(client.Client, *v1beta1.CronJob) error {
	return func(c client.Client, j *v1beta1.CronJob) error {
		return c.Patch(ctx, j, client.RawPatch(patchType, []byte(patch)))
	}
}

var cronJobRequests = map[string]cronJobRequest{
	"a create": {func(c client.Client, j *v1beta1.CronJob) error {
		return c.Create(ctx, cronJob(j.Namespace, "new"))
	}, true},
	"a create with a generated name": {func(c client.Client, j *v1beta1.CronJob) error {
		created := cronJob(j.Namespace, "")
		created.GenerateName = "new-"
		return c.Create(ctx, created)
	}, true},
	"a dry run of a create": {func(c client.Client, j *v1beta1.CronJob) error {
		return c.Create(ctx, cronJob(j.Namespace, "new"), client.DryRunAll)
	}, true},
	"an apply of an absent one": {func(c client.Client, j *v1beta1.CronJob) error {
		return c.Patch(ctx, cronJob(j.Namespace, "new"), client.RawPatch(types.ApplyPatchType, []byte(`{"apiVersion":"`+v1beta1.GroupVersion.String()+
			`","kind":"CronJob","metadata":{"name":"new"},"spec":{"schedule":"@yearly","jobTemplate":{"spec":{"image":"example.com/evil:v1"}}}}`)), client.FieldOwner("user"))
	}, true},
	"an update of the image": {func(c client.Client, j *v1beta1.CronJob) error {
		j.Spec.JobTemplate.Spec.Image = "example.com/evil:v1"
		return c.Update(ctx, j)
	}, true},
	"an update of a label": {func(c client.Client, j *v1beta1.CronJob) error {
		j.Labels = map[string]string{"a": "b"}
		return c.Update(ctx, j)
	}, false},
	"an update of the status": {func(c client.Client, j *v1beta1.CronJob) error {
		j.Status.ActiveJobs, j.Spec.JobTemplate.Spec.Image = 1, "example.com/evil:v1"
		if err := c.Status().Update(ctx, j); err != nil {
			return err
		}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), j)).To(Succeed())
		Expect(j.Spec.JobTemplate.Spec.Image).To(Equal("example.com/work:v1"), "the status is no way to the spec")
		return nil
	}, false},
	"a merge patch of the image":         {patchedCronJob(types.MergePatchType, `{"spec":{"jobTemplate":{"spec":{"image":"example.com/evil:v1"}}}}`), true},
	"a JSON patch of the mountPath":      {patchedCronJob(types.JSONPatchType, `[{"op":"add","path":"/spec/jobTemplate/spec/mountPath","value":"/etc"}]`), true},
	"a patch of the schedule":            {patchedCronJob(types.MergePatchType, `{"spec":{"schedule":"* * * * *"}}`), true},
	"a patch that resumes it":            {patchedCronJob(types.MergePatchType, `{"spec":{"suspend":false}}`), true},
	"a patch of the Job's labels":        {patchedCronJob(types.MergePatchType, `{"spec":{"jobTemplate":{"metadata":{"labels":{"a":"b"}}}}}`), true},
	"a patch that changes nothing of it": {patchedCronJob(types.MergePatchType, `{"spec":{"suspend":true}}`), false},
	"a patch of a label":                 {patchedCronJob(types.MergePatchType, `{"metadata":{"labels":{"a":"b"}}}`), false},
	"a patch of the finalizers":          {patchedCronJob(types.MergePatchType, `{"metadata":{"finalizers":null}}`), false},
	"a deletion":                         {func(c client.Client, j *v1beta1.CronJob) error { return c.Delete(ctx, j) }, false},
	"a deletion of all": {func(c client.Client, j *v1beta1.CronJob) error {
		return c.DeleteAllOf(ctx, j, client.InNamespace(j.Namespace))
	}, false},
}

var _ = Describe("the admission policy for CronJobs", func() {
	rule := func(verbs ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{v1beta1.GroupVersion.Group}, Resources: []string{"cronjobs", "cronjobs/status", "jobs", "jobs/status"}, Verbs: verbs}
	}
	var ns, other string
	BeforeEach(func() { ns, other = newNamespace(), newNamespace() })

	for name, r := range cronJobRequests {
		It("asks for no more and no less than the right to create DaemonSets: "+name, func() {
			for _, row := range []struct {
				user    string
				rules   []rbacv1.PolicyRule
				allowed bool
			}{
				{"no-daemonsets", []rbacv1.PolicyRule{rule(all...)}, false},
				{"other-verbs", []rbacv1.PolicyRule{rule(all...), daemonSetRule("get", "list", "update", "patch", "delete")}, false},
				{"daemonsets-too", []rbacv1.PolicyRule{rule(all...), daemonSetRule("create")}, true},
			} {
				c := userIn(ns, row.user, row.rules...)
				bindIn(other, row.user, daemonSetRule("create"))
				existing := cronJob(ns, "j")
				Expect(k8s.Create(ctx, existing)).To(Succeed())
				err := r.do(c, existing)
				if !r.writes || row.allowed {
					Expect(err).NotTo(HaveOccurred(), row.user)
				} else {
					Expect(err).To(Satisfy(apierrors.IsForbidden), row.user)
					Expect(err.Error()).To(And(ContainSubstring(`user "`+row.user+`"`), ContainSubstring("create daemonsets.apps"),
						ContainSubstring(`in namespace "`+ns+`"`)))
				}
				Expect(k8s.DeleteAllOf(ctx, &v1beta1.CronJob{}, client.InNamespace(ns))).To(Succeed())
			}
		})
	}

	It("lets who has our editor role in the namespace write CronJobs, and who has our viewer role read them", func() {
		editor := userIn(ns, "editor", roleOf("cronjob_editor_role.yaml", "edit", "admin").Rules...)
		j := cronJob(ns, "j")
		Expect(editor.Create(ctx, j)).To(Succeed())
		Expect(patchedCronJob(types.MergePatchType, `{"spec":{"schedule":"@weekly"}}`)(editor, j)).To(Succeed())

		viewer := userIn(ns, "viewer", roleOf("cronjob_viewer_role.yaml", "view", "edit", "admin").Rules...)
		Expect(viewer.List(ctx, &v1beta1.CronJobList{}, client.InNamespace(ns))).To(Succeed())
		Expect(viewer.Delete(ctx, j)).To(Satisfy(apierrors.IsForbidden))
		Expect(patchedCronJob(types.MergePatchType, `{"metadata":{"labels":{"a":"b"}}}`)(viewer, j)).To(Satisfy(apierrors.IsForbidden))
		Expect(editor.Delete(ctx, j)).To(Succeed())
	})
})

// roleOf returns a role for people of config/rbac, which Kubernetes' own roles get too.
func roleOf(file string, aggregatedTo ...string) *rbacv1.ClusterRole {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", file))
	Expect(err).NotTo(HaveOccurred())
	role := &rbacv1.ClusterRole{}
	Expect(yaml.UnmarshalStrict(data, role)).To(Succeed())
	labels := map[string]string{}
	for _, to := range aggregatedTo {
		labels["rbac.authorization.k8s.io/aggregate-to-"+to] = "true"
	}
	Expect(role.Labels).To(Equal(labels))
	return role
}
