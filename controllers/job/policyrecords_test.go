package job_test

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// recordRequest is a request on JobRecords by a user who has all rights on them.
type recordRequest struct {
	do func(c client.Client, existing *v1beta1.JobRecord) error
	// writes requests write what counts as evidence.
	writes bool
}

func patchedRecord(patch string) func(client.Client, *v1beta1.JobRecord) error {
	return func(c client.Client, r *v1beta1.JobRecord) error {
		return c.Patch(ctx, r, client.RawPatch(types.MergePatchType, []byte(patch)))
	}
}

var recordRequests = map[string]recordRequest{
	"a create": {func(c client.Client, r *v1beta1.JobRecord) error {
		return c.Create(ctx, recordObject(r.Namespace, "other", "u"))
	}, true},
	"a create with a generated name": {func(c client.Client, r *v1beta1.JobRecord) error {
		created := recordObject(r.Namespace, "other", "u")
		created.Name, created.GenerateName = "", "j-"
		return c.Create(ctx, created)
	}, true},
	"a dry run of a create": {func(c client.Client, r *v1beta1.JobRecord) error {
		return c.Create(ctx, recordObject(r.Namespace, "other", "u"), client.DryRunAll)
	}, true},
	"an apply of an absent one": {func(c client.Client, r *v1beta1.JobRecord) error {
		return c.Patch(ctx, recordObject(r.Namespace, "other", "u"), client.RawPatch(types.ApplyPatchType, []byte(`{"apiVersion":"`+v1beta1.GroupVersion.String()+
			`","kind":"JobRecord","metadata":{"name":"other-u-0"},"spec":{"run":{"templateHash":"h","generation":1},"nodes":[{"node":"n","nodeUID":"n","result":"Succeeded"}]}}`)), client.FieldOwner("user"))
	}, true},
	"an update of its entries": {func(c client.Client, r *v1beta1.JobRecord) error {
		r.Spec.Nodes[0].Result = v1beta1.RecordFailed
		return c.Update(ctx, r)
	}, true},
	"a patch of an entry":      {patchedRecord(`{"spec":{"nodes":[{"node":"m","nodeUID":"m","result":"Succeeded"}]}}`), true},
	"a patch that seals it":    {patchedRecord(`{"spec":{"sealed":true}}`), true},
	"a patch of its Job":       {patchedRecord(`{"metadata":{"labels":{"daemonset.darkowlzz.space/job-uid":"another"}}}`), true},
	"a patch of its owner":     {patchedRecord(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"a","uid":"u"}]}}`), true},
	"a patch of an annotation": {patchedRecord(`{"metadata":{"annotations":{"a":"b"}}}`), true},
	"a deletion":               {func(c client.Client, r *v1beta1.JobRecord) error { return c.Delete(ctx, r) }, false},
	"a deletion of all": {func(c client.Client, r *v1beta1.JobRecord) error {
		return c.DeleteAllOf(ctx, r, client.InNamespace(r.Namespace))
	}, false},
}

var _ = Describe("the admission policy for JobRecords", func() {
	rule := func(resource string, verbs ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{v1beta1.GroupVersion.Group}, Resources: []string{resource}, Verbs: verbs}
	}
	var ns, other string
	BeforeEach(func() { ns, other = newNamespace(), newNamespace() })

	for name, r := range recordRequests {
		It("asks for no more and no less than the right to patch the status of Jobs: "+name, func() {
			records, named := rule("jobrecords", all...), rule("jobs/status", "patch")
			named.ResourceNames = []string{"j"}
			for _, row := range []struct {
				user    string
				rules   []rbacv1.PolicyRule
				allowed bool
			}{
				{"records-alone", []rbacv1.PolicyRule{records}, false},
				{"daemonsets-too", []rbacv1.PolicyRule{records, daemonSetRule("*")}, false},
				{"jobs-too", []rbacv1.PolicyRule{records, rule("jobs", "*"), rule("jobrecords/status", "*")}, false},
				{"other-verbs", []rbacv1.PolicyRule{records, rule("jobs/status", "get", "update", "create")}, false},
				{"named-only", []rbacv1.PolicyRule{records, named}, false},
				{"status-too", []rbacv1.PolicyRule{records, rule("jobs/status", "patch")}, true},
			} {
				c := userIn(ns, row.user, row.rules...)
				bindIn(other, row.user, rule("jobs/status", "patch"))
				existing := recordObject(ns, "j", "u")
				Expect(k8s.Create(ctx, existing)).To(Succeed())
				err := r.do(c, existing)
				if !r.writes || row.allowed {
					Expect(err).NotTo(HaveOccurred(), row.user)
				} else {
					Expect(err).To(Satisfy(apierrors.IsForbidden), row.user)
					Expect(err.Error()).To(And(ContainSubstring(`user "`+row.user+`"`), ContainSubstring("patch jobs.daemonset.darkowlzz.space/status"),
						ContainSubstring(`in namespace "`+ns+`"`), ContainSubstring("evidence")))
				}
				Expect(k8s.DeleteAllOf(ctx, &v1beta1.JobRecord{}, client.InNamespace(ns))).To(Succeed())
			}
		})
	}

	// The garbage collector takes the owner from what is to outlive it, and has all rights.
	It("lets the garbage collector release JobRecords from their owner", func() {
		j := create(pooled(ns, "j"))
		record := recordObject(ns, "j", string(j.UID))
		record.OwnerReferences = ownedBy(j)
		Expect(k8s.Create(ctx, record)).To(Succeed())
		collector := impersonate("system:serviceaccount:kube-system:generic-garbage-collector")
		Expect(patchedRecord(`{"metadata":{"ownerReferences":null}}`)(collector, record)).To(Succeed())
	})
})

var _ = Describe("the roles for people", func() {
	It("let who may view a namespace read JobRecords, and no one write them", func() {
		files, err := filepath.Glob(filepath.Join("..", "..", "config", "rbac", "*_role.yaml"))
		Expect(err).NotTo(HaveOccurred())
		readers := map[string]bool{}
		for _, file := range files {
			data, err := os.ReadFile(file)
			Expect(err).NotTo(HaveOccurred())
			role := &rbacv1.ClusterRole{}
			Expect(yaml.Unmarshal(data, role)).To(Succeed())
			for _, rule := range role.Rules {
				for _, resource := range rule.Resources {
					if resource != "jobrecords" && resource != "*" {
						continue
					}
					Expect(rule.Verbs).To(ConsistOf("get", "list", "watch"), file)
					for label := range role.Labels {
						readers[label] = true
					}
				}
			}
		}
		for _, to := range []string{"view", "edit", "admin"} {
			Expect(readers).To(HaveKey("rbac.authorization.k8s.io/aggregate-to-" + to))
		}
	})
})
