package job_test

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// all are the verbs that a request on Jobs can need.
var all = []string{"create", "get", "list", "update", "patch", "delete", "deletecollection"}

// A request by a user who has all rights on Jobs, and on DaemonSets what a row says.
type request struct {
	do func(c client.Client, existing *v1beta1.Job) error
	// writes requests write what a Job runs.
	writes bool
}

func patched(patchType types.PatchType, patch string) func(client.Client, *v1beta1.Job) error {
	return func(c client.Client, j *v1beta1.Job) error {
		return c.Patch(ctx, j, client.RawPatch(patchType, []byte(patch)))
	}
}

func applied(name, spec string) func(client.Client, *v1beta1.Job) error {
	return func(c client.Client, j *v1beta1.Job) error {
		if name == "" {
			name = j.Name
		}
		object := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: j.Namespace, Name: name}}
		return c.Patch(ctx, object, client.RawPatch(types.ApplyPatchType, fmt.Appendf(nil,
			`{"apiVersion":%q,"kind":"Job","metadata":{"name":%q,"namespace":%q,"labels":{"a":"b"}}%s}`,
			v1beta1.GroupVersion, name, j.Namespace, spec)), client.FieldOwner("user"), client.ForceOwnership)
	}
}

// updated reads the Job before it is updated, because the manager writes its status.
func updated(update func(client.Client, *v1beta1.Job) error) func(client.Client, *v1beta1.Job) error {
	return func(c client.Client, j *v1beta1.Job) error {
		return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			if err := k8s.Get(ctx, client.ObjectKeyFromObject(j), j); err != nil {
				return err
			}
			return update(c, j)
		})
	}
}

var requests = map[string]request{
	"a create": {func(c client.Client, j *v1beta1.Job) error {
		return c.Create(ctx, wrappers.Job(j.Namespace, "new").Obj())
	}, true},
	"a create with a generated name": {func(c client.Client, j *v1beta1.Job) error {
		created := wrappers.Job(j.Namespace, "").Obj()
		created.GenerateName = "new-"
		return c.Create(ctx, created)
	}, true},
	"a dry run of a create": {func(c client.Client, j *v1beta1.Job) error {
		return c.Create(ctx, wrappers.Job(j.Namespace, "new").Obj(), client.DryRunAll)
	}, true},
	"a create that is suspended": {func(c client.Client, j *v1beta1.Job) error {
		return c.Create(ctx, wrappers.Job(j.Namespace, "new").Suspend(true).Obj())
	}, true},
	"an apply of an absent Job":            {applied("new", `,"spec":{"image":"example.com/evil:v1"}`), true},
	"an apply that changes the image":      {applied("", `,"spec":{"image":"example.com/evil:v1"}`), true},
	"an apply that changes nothing of it":  {applied("", `,"spec":{"image":"example.com/work:v1"}`), false},
	"a merge patch of the image":           {patched(types.MergePatchType, `{"spec":{"image":"example.com/evil:v1"}}`), true},
	"a JSON patch of the image":            {patched(types.JSONPatchType, `[{"op":"replace","path":"/spec/image","value":"example.com/evil:v1"}]`), true},
	"a patch of a new field":               {patched(types.MergePatchType, `{"spec":{"command":["evil"]}}`), true},
	"a patch of the mountPath":             {patched(types.MergePatchType, `{"spec":{"mountPath":"/etc"}}`), true},
	"a patch of a limit":                   {patched(types.MergePatchType, `{"spec":{"parallelism":3}}`), true},
	"a patch of the spec and a label":      {patched(types.MergePatchType, `{"metadata":{"labels":{"a":"b"}},"spec":{"mountPath":"/etc"}}`), true},
	"a patch that changes nothing of it":   {patched(types.MergePatchType, `{"spec":{"image":"example.com/work:v1"}}`), false},
	"a patch of a label":                   {patched(types.MergePatchType, `{"metadata":{"labels":{"a":"b"}}}`), false},
	"a patch of the annotation of resumes": {patched(types.MergePatchType, `{"metadata":{"annotations":{"daemonset.darkowlzz.space/resume":"1"}}}`), false},
	"a patch of the finalizers":            {patched(types.MergePatchType, `{"metadata":{"finalizers":["example.com/a"]}}`), false},
	"an update of the spec": {updated(func(c client.Client, j *v1beta1.Job) error {
		j.Spec.Image = "example.com/evil:v1"
		return c.Update(ctx, j)
	}), true},
	"an update of a label": {updated(func(c client.Client, j *v1beta1.Job) error {
		j.Labels = map[string]string{"a": "b"}
		return c.Update(ctx, j)
	}), false},
	"an update of the status": {func(c client.Client, j *v1beta1.Job) error {
		if err := updated(func(c client.Client, j *v1beta1.Job) error {
			j.Status.Completed, j.Spec.Image = "1/1", "example.com/evil:v1"
			return c.Status().Update(ctx, j)
		})(c, j); err != nil {
			return err
		}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(j), j)).To(Succeed())
		Expect(j.Spec.Image).To(Equal("example.com/work:v1"), "the status is no way to the spec")
		return nil
	}, false},
	"a deletion": {func(c client.Client, j *v1beta1.Job) error { return c.Delete(ctx, j) }, false},
	"a deletion of all": {func(c client.Client, j *v1beta1.Job) error {
		return c.DeleteAllOf(ctx, j, client.InNamespace(j.Namespace))
	}, false},
	"a replacement by force": {func(c client.Client, j *v1beta1.Job) error {
		if err := c.Delete(ctx, j); err != nil {
			return err
		}
		Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(j), &v1beta1.Job{}) }).Should(Satisfy(apierrors.IsNotFound))
		return c.Create(ctx, wrappers.Job(j.Namespace, j.Name).Obj())
	}, true},
}

var _ = Describe("the admission policy for Jobs", func() {
	var ns, other string
	BeforeEach(func() { ns, other = newNamespace(), newNamespace() })

	// existing is a Job that no test's nodes match.
	existing := func() *v1beta1.Job { return create(wrappers.Job(ns, "j").Suspend(false)) }

	for name, r := range requests {
		It("asks for no more and no less than the right to create DaemonSets: "+name, func() {
			for _, row := range []struct {
				user    string
				rules   []rbacv1.PolicyRule
				allowed bool
			}{
				{"jobs-alone", []rbacv1.PolicyRule{jobRule(all...)}, false},
				{"other-verbs", []rbacv1.PolicyRule{jobRule(all...), daemonSetRule("get", "list", "update", "patch", "delete")}, false},
				{"named-only", []rbacv1.PolicyRule{jobRule(all...), {APIGroups: []string{"apps"}, Resources: []string{"daemonsets"}, Verbs: []string{"create"}, ResourceNames: []string{"j"}}}, false},
				{"another-group", []rbacv1.PolicyRule{jobRule(all...), {APIGroups: []string{"extensions"}, Resources: []string{"daemonsets"}, Verbs: []string{"*"}}}, false},
				{"daemonsets-too", []rbacv1.PolicyRule{jobRule(all...), daemonSetRule("create")}, true},
			} {
				c := userIn(ns, row.user, row.rules...)
				bindIn(other, row.user, daemonSetRule("create"))
				j := existing()
				err := r.do(c, j)
				if !r.writes || row.allowed {
					Expect(err).NotTo(HaveOccurred(), row.user)
				} else {
					Expect(err).To(Satisfy(apierrors.IsForbidden), row.user)
					Expect(err.Error()).To(And(ContainSubstring(`user "`+row.user+`"`), ContainSubstring("create daemonsets.apps"),
						ContainSubstring(`in namespace "`+ns+`"`), ContainSubstring("ClusterRole edit")))
				}
				cleanJobs(ns)
			}
		})
	}

	It("exempts neither a service account nor a group", func() {
		account := "system:serviceaccount:" + ns + ":ci"
		bindIn(ns, "jobs-alone", jobRule("create"))
		subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: ns, Name: "ci"}
		group := rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: "team"}
		Expect(k8s.Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "others"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "jobs-alone"},
			Subjects:   []rbacv1.Subject{subject, group},
		})).To(Succeed())
		for _, c := range []client.Client{impersonate(account), impersonate("ann", "team")} {
			Expect(c.Create(ctx, wrappers.Job(ns, "j").Obj())).To(MatchError(ContainSubstring("may not create daemonsets.apps")))
		}
		Expect(impersonate("root", "system:masters").Create(ctx, wrappers.Job(ns, "j").Obj())).To(Succeed())
	})

	It("lets who has our editor role in the namespace write Jobs", func() {
		c := userIn(ns, "editor", roleOf("job_editor_role.yaml", "edit", "admin").Rules...)
		j := wrappers.Job(ns, "j").Obj()
		Expect(c.Create(ctx, j)).To(Succeed())
		Expect(patched(types.MergePatchType, `{"spec":{"mountPath":"/tmp"}}`)(c, j)).To(Succeed())
	})
})

// cleanJobs deletes the Jobs of a namespace, with or without finalizers.
func cleanJobs(ns string) {
	GinkgoHelper()
	Eventually(func() (int, error) {
		list := &v1beta1.JobList{}
		if err := k8s.List(ctx, list, client.InNamespace(ns)); err != nil {
			return 0, err
		}
		for i := range list.Items {
			_ = patched(types.MergePatchType, `{"metadata":{"finalizers":null}}`)(k8s, &list.Items[i])
			_ = k8s.Delete(ctx, &list.Items[i])
		}
		return len(list.Items), nil
	}).Should(BeZero())
}
