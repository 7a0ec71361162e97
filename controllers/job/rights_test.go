package job_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Pods and nodes are read by lists and watches alone. Whoever owns the operator's node
// has its token, so that a right that nothing uses is only theirs.
var _ = Describe("the manager's account", func() {
	DescribeTable("lists objects, and reads no single one", func(object client.Object, list client.ObjectList) {
		manager, err := client.New(managerConfig, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		Expect(manager.List(ctx, list, client.Limit(1))).To(Succeed())
		err = manager.Get(ctx, client.ObjectKey{Namespace: "default", Name: "any"}, object)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	},
		Entry("of pods", &corev1.Pod{}, &corev1.PodList{}),
		Entry("of nodes", &corev1.Node{}, &corev1.NodeList{}),
		Entry("of events", &corev1.Event{}, &corev1.EventList{}),
	)

	DescribeTable("has no right to", func(verb func(client.Client) error) {
		manager, err := client.New(managerConfig, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		err = verb(manager)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)
	},
		Entry("read Secrets", func(c client.Client) error { return c.List(ctx, &corev1.SecretList{}) }),
		Entry("create pods", func(c client.Client) error {
			pod := &corev1.Pod{}
			pod.Namespace, pod.Name = "default", "any"
			return c.Create(ctx, pod)
		}),
		Entry("patch JobRecords", func(c client.Client) error {
			return c.Patch(ctx, recordObject("default", "any", "0-0-0-0-0"), client.RawPatch(types.MergePatchType, []byte(`{}`)))
		}),
		Entry("delete many JobRecords at once", func(c client.Client) error {
			return c.DeleteAllOf(ctx, &v1beta1.JobRecord{}, client.InNamespace("default"))
		}),
		Entry("delete many Jobs at once", func(c client.Client) error {
			return c.DeleteAllOf(ctx, &v1beta1.Job{}, client.InNamespace("default"))
		}),
	)

	It("writes, reads and deletes JobRecords", func() {
		manager, err := client.New(managerConfig, client.Options{})
		Expect(err).NotTo(HaveOccurred())
		namespace := newNamespace()
		record := recordObject(namespace, "j", "0-0-0-0-0")
		record.Spec.RetainSeconds = new(int32(7200))
		Expect(manager.Create(ctx, record)).To(Succeed())
		record.Spec.Sealed = true
		Expect(manager.Update(ctx, record)).To(Succeed())
		Expect(manager.Get(ctx, client.ObjectKeyFromObject(record), record)).To(Succeed())
		Expect(manager.List(ctx, &v1beta1.JobRecordList{}, client.InNamespace(namespace))).To(Succeed())
		Expect(manager.Delete(ctx, record)).To(Succeed())
	})

	// RBAC takes the namespace of a binding for an account without one. OLM sets only the
	// namespace of the binding.
	It("has rights on leases in the namespace alone in which OLM installs the bundle", func() {
		namespace, other := newNamespace(), newNamespace()
		for _, object := range []client.Object{&rbacv1.Role{}, &rbacv1.RoleBinding{}} {
			kind := strings.ToLower(reflect.TypeOf(object).Elem().Name())
			files, err := filepath.Glob(filepath.Join("..", "..", "bundle", "manifests", "daemonset-job-leader-election-*_v1_"+kind+".yaml"))
			Expect(err).NotTo(HaveOccurred())
			Expect(files).To(HaveLen(1))
			data, err := os.ReadFile(files[0])
			Expect(err).NotTo(HaveOccurred())
			Expect(yaml.UnmarshalStrict(data, object)).To(Succeed())
			object.SetNamespace(namespace)
			Expect(k8s.Create(ctx, object)).To(Succeed())
		}
		mayCreate := func(in string) func() (bool, error) {
			return func() (bool, error) {
				review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
					User:               "system:serviceaccount:" + namespace + ":daemonset-job-controller-manager",
					ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: in, Verb: "create", Group: "coordination.k8s.io", Resource: "leases"},
				}}
				err := k8s.Create(ctx, review)
				return review.Status.Allowed, err
			}
		}
		Eventually(mayCreate(namespace)).Should(BeTrue())
		Expect(mayCreate(other)()).To(BeFalse())
	})
})
