package jobcache

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// stored returns a reader of three Jobs, two of which cannot be decoded.
func stored(t *testing.T) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	scheme.AddKnownTypeWithName(v1beta1.GroupVersion.WithKind("Job"), &unstructured.Unstructured{})
	scheme.AddKnownTypeWithName(v1beta1.GroupVersion.WithKind("JobList"), &unstructured.UnstructuredList{})
	const head = "apiVersion: daemonset.darkowlzz.space/v1beta1, kind: Job"
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		object(t, "{"+head+", metadata: {namespace: ns, name: healthy}, spec: {image: i, terminationWord: ready}}"),
		object(t, "{"+head+`, metadata: {namespace: ns, name: poison}, spec: {image: i, terminationWord: set, backoffLimit: 3000000000}}`),
		object(t, "{"+head+`, metadata: {namespace: other, name: number}, spec: {image: i, terminationWord: 5}}`),
	).Build()
}

func TestOneUndecodableJobConcernsNoOther(t *testing.T) {
	g, ctx, reader := NewWithT(t), context.Background(), stored(t)
	job, err := Get(ctx, reader, client.ObjectKey{Namespace: "ns", Name: "healthy"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(job.Spec.Image).To(Equal("i"))

	_, err = Get(ctx, reader, client.ObjectKey{Namespace: "ns", Name: "poison"})
	undecodable := &UndecodableError{}
	g.Expect(errors.As(err, &undecodable)).To(BeTrue())
	g.Expect(undecodable.Object.GetName()).To(Equal("poison"))

	jobs, n, err := List(ctx, reader)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(jobs).To(ConsistOf(HaveField("Name", "healthy")))
	g.Expect(n).To(Equal(2))
}

func TestTerminationWord(t *testing.T) {
	g, ctx, reader := NewWithT(t), context.Background(), stored(t)
	for name, want := range map[string]string{"healthy": "ready", "poison": "set"} {
		g.Expect(TerminationWord(ctx, reader, client.ObjectKey{Namespace: "ns", Name: name})).To(Equal(want))
	}
	_, err := TerminationWord(ctx, reader, client.ObjectKey{Namespace: "ns", Name: "none"})
	g.Expect(apierrors.IsNotFound(err)).To(BeTrue())
	_, err = TerminationWord(ctx, reader, client.ObjectKey{Namespace: "other", Name: "number"})
	undecodable := &UndecodableError{}
	g.Expect(errors.As(err, &undecodable)).To(BeTrue())
	g.Expect(undecodable.Field).To(Equal("spec.terminationWord"))
}
