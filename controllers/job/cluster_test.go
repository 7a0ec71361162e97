package job

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	testingclock "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
)

// cluster is an API server with an informer cache of it, which shows what was there
// when it was synced last.
type cluster struct {
	g     Gomega
	clock *testingclock.FakeClock
	// server has no faults, and api is what the reconciler talks to.
	server, api client.WithWatch
	// fault is called before each request, and again after it took effect, under mu.
	fault func(verb string, before bool) error
	mu    sync.Mutex
	// sent counts the requests, by verb.
	sent map[string]int
	// exits are the codes with which the work fails, by node.
	exits    map[string]int32
	recorder *events.FakeRecorder
	job      *v1beta1.Job
	made     int
	ds       *appsv1.DaemonSet
	r        *Reconciler
}

func newCluster(t *testing.T, objects ...client.Object) *cluster {
	t.Helper()
	known := runtime.NewScheme()
	c := &cluster{g: NewWithT(t), clock: testingclock.NewFakeClock(time.Now().Truncate(time.Second)),
		sent: map[string]int{}, recorder: events.NewFakeRecorder(1000)}
	c.g.Expect(scheme.AddToScheme(known)).To(Succeed())
	c.g.Expect(v1beta1.AddToScheme(known)).To(Succeed())
	c.server = fake.NewClientBuilder().WithScheme(known).WithObjects(objects...).WithStatusSubresource(&v1beta1.Job{}).
		WithIndex(&corev1.Event{}, eventsByUID, objectOfEvent).
		WithIndex(&corev1.Pod{}, metav1.ObjectNameField, nameOf).WithIndex(&corev1.Node{}, metav1.ObjectNameField, nameOf).Build()
	c.api = interceptor.NewClient(c.server, c.requests())
	c.restart()
	return c
}

func nameOf(o client.Object) []string { return []string{o.GetName()} }

// restart starts a manager that remembers nothing, with a cache that is synced.
func (c *cluster) restart() {
	c.r = New(cachedClient{c.api, c}, c.api, c.recorder, c.clock, Options{Pause: daemonset.Pause{Image: "pause:v1"}})
	c.sync()
}

// sync lets the cache show the present objects.
func (c *cluster) sync() {
	c.job, c.ds = &v1beta1.Job{}, &appsv1.DaemonSet{}
	if err := c.server.Get(context.Background(), client.ObjectKeyFromObject(aJob), c.job); err != nil {
		c.job = nil
	}
	if err := c.server.Get(context.Background(), daemonSetKey(aJob), c.ds); err != nil || c.ds.Labels[v1beta1.LabelDaemonSetJob] == "" {
		c.ds = nil
	}
	index := newNodeIndex()
	index.version = c.r.nodeIndex.version + 1 // No Job has seen the nodes of this index.
	c.r.podIndex, c.r.nodeIndex = newPodIndex(), index
	for _, pod := range c.pods() {
		c.r.podIndex.handler().Create(context.Background(), event.CreateEvent{Object: &pod}, &delayed{})
	}
	nodes := &corev1.NodeList{}
	c.g.Expect(c.server.List(context.Background(), nodes)).To(Succeed())
	for i := range nodes.Items {
		c.r.nodeIndex.update(nodecache.Of(&nodes.Items[i]))
	}
}

func (c *cluster) pods() []corev1.Pod {
	list := &corev1.PodList{}
	c.g.Expect(c.server.List(context.Background(), list)).To(Succeed())
	return list.Items
}

func (c *cluster) reconcile() error {
	_, err := c.r.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(aJob)})
	return err
}

// get reads an object as it is, and returns whether it is there.
func (c *cluster) get(o client.Object) bool {
	err := c.server.Get(context.Background(), client.ObjectKeyFromObject(o), o)
	c.g.Expect(client.IgnoreNotFound(err)).To(Succeed())
	return err == nil
}

// status returns the status of the Job as it is.
func (c *cluster) status() v1beta1.JobStatus {
	job := aJob.DeepCopy()
	c.get(job)
	return job.Status
}

// cachedClient reads Jobs and DaemonSets from the cache.
type cachedClient struct {
	client.Client
	cluster *cluster
}

func (c cachedClient) Get(_ context.Context, key client.ObjectKey, to client.Object, _ ...client.GetOption) error {
	switch to := to.(type) {
	case *unstructured.Unstructured:
		if c.cluster.job != nil {
			object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(c.cluster.job)
			to.Object = object
			return err
		}
	case *appsv1.DaemonSet:
		if c.cluster.ds != nil {
			c.cluster.ds.DeepCopyInto(to)
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

// List returns events. Their cache is always synced.
func (c cachedClient) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	return c.cluster.server.List(ctx, list, options...)
}

// requests lets requests fail, and adds what the fake client lacks: preconditions on
// the UID, and the UID and generation of what is applied.
func (c *cluster) requests() interceptor.Funcs {
	return interceptor.Funcs{
		Get: func(ctx context.Context, s client.WithWatch, key client.ObjectKey, to client.Object, options ...client.GetOption) error {
			return c.request("Get", func() error { return s.Get(ctx, key, to, options...) })
		},
		List: func(ctx context.Context, s client.WithWatch, to client.ObjectList, options ...client.ListOption) error {
			return c.request("List", func() error { return s.List(ctx, to, options...) })
		},
		Create: func(ctx context.Context, s client.WithWatch, o client.Object, options ...client.CreateOption) error {
			return c.request("Create", func() error { return s.Create(ctx, o, options...) })
		},
		Update: func(ctx context.Context, s client.WithWatch, o client.Object, options ...client.UpdateOption) error {
			c.g.Expect(o.GetResourceVersion()).NotTo(BeEmpty(), "a manager that was replaced could write it")
			return c.request("Update", func() error { return s.Update(ctx, o, options...) })
		},
		Delete: func(ctx context.Context, s client.WithWatch, o client.Object, options ...client.DeleteOption) error {
			given := &client.DeleteOptions{}
			given.ApplyOptions(options)
			c.g.Expect(given.Preconditions).NotTo(BeNil(), "an object of that name could be another one")
			return c.request("Delete", func() error {
				return cmpErr(c.requireVersion(o, given.Preconditions), func() error { return s.Delete(ctx, o, options...) })
			})
		},
		Patch: func(ctx context.Context, s client.WithWatch, o client.Object, patch client.Patch, options ...client.PatchOption) error {
			data, err := patch.Data(o)
			c.g.Expect(err).NotTo(HaveOccurred())
			meta := &metav1.PartialObjectMetadata{}
			c.g.Expect(json.Unmarshal(data, meta)).To(Succeed())
			return c.request("Patch", func() error {
				return cmpErr(c.requireUID(o, &meta.UID), func() error { return s.Patch(ctx, o, patch, options...) })
			})
		},
		SubResourcePatch: func(ctx context.Context, s client.Client, name string, o client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
			return c.request("Patch", func() error { return s.SubResource(name).Patch(ctx, o, patch, options...) })
		},
		Apply: func(ctx context.Context, s client.WithWatch, o runtime.ApplyConfiguration, options ...client.ApplyOption) error {
			return c.request("Apply", func() error { return c.apply(ctx, s, o, options...) })
		},
	}
}

// cmpErr returns err, or what next returns.
func cmpErr(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func (c *cluster) request(verb string, do func() error) error {
	if err := c.faultOf(verb, true); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return c.faultOf(verb, false)
}

// faultOf asks for a fault, one request at a time: pods are written several at once.
func (c *cluster) faultOf(verb string, before bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before {
		c.sent[verb]++
	}
	if c.fault == nil {
		return nil
	}
	return c.fault(verb, before)
}

// requireVersion returns a conflict if the object of this name is not the one that the
// preconditions ask for.
func (c *cluster) requireVersion(o client.Object, only *metav1.Preconditions) error {
	if err := c.requireUID(o, only.UID); err != nil || only.ResourceVersion == nil {
		return err
	}
	now, ok := o.DeepCopyObject().(client.Object)
	c.g.Expect(ok).To(BeTrue())
	if c.get(now) && now.GetResourceVersion() != *only.ResourceVersion {
		return apierrors.NewConflict(schema.GroupResource{}, o.GetName(), fmt.Errorf("it changed"))
	}
	return nil
}

// requireUID returns a conflict if the object of this name has another UID.
func (c *cluster) requireUID(o client.Object, uid *types.UID) error {
	c.g.Expect(uid).NotTo(HaveValue(BeEmpty()), "the request would meet another object of the name")
	now, ok := o.DeepCopyObject().(client.Object)
	c.g.Expect(ok).To(BeTrue())
	if c.get(now) && uid != nil && now.GetUID() != *uid {
		return apierrors.NewConflict(schema.GroupResource{}, o.GetName(), fmt.Errorf("its UID is %s", now.GetUID()))
	}
	return nil
}

func (c *cluster) apply(ctx context.Context, s client.Client, o runtime.ApplyConfiguration, options ...client.ApplyOption) error {
	config, ok := o.(*appsv1ac.DaemonSetApplyConfiguration)
	c.g.Expect(ok).To(BeTrue())
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: *config.Namespace, Name: *config.Name}}
	exists := c.get(ds)
	given := &client.ApplyOptions{}
	given.ApplyOptions(options)
	switch {
	case exists && (config.UID == nil || *config.UID != ds.UID), !exists && config.UID != nil:
		return apierrors.NewConflict(schema.GroupResource{}, ds.Name, fmt.Errorf("its UID is %q", ds.UID))
	case !exists:
		c.g.Expect(given.Force).To(BeNil(), "another manager's DaemonSet of the name would be taken over")
	}
	if err := s.Apply(ctx, config, options...); err != nil {
		return err
	}
	c.g.Expect(c.get(ds)).To(BeTrue())
	if ds.Generation++; !exists {
		c.made++
		ds.UID = types.UID(fmt.Sprint("ds-", c.made))
	}
	c.g.Expect(s.Update(ctx, ds)).To(Succeed())
	config.WithUID(ds.UID).WithGeneration(ds.Generation).WithResourceVersion(ds.ResourceVersion)
	return nil
}
