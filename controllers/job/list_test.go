package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/livelist"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/podcache"
)

// pages is an API server that answers each list with three pages of so many objects, and a
// request by name with that object.
type pages struct {
	mu      sync.Mutex
	objects int
	asked   []*client.ListOptions
	// kinds are those of the lists.
	kinds []string
	// during is called during each list.
	during func()
}

func (p *pages) list(_ context.Context, _ client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	given := (&client.ListOptions{}).ApplyOptions(options)
	if p.asked = append(p.asked, given); len(p.asked) > 100 {
		return errors.New("more requests than pages")
	}
	page, _ := strconv.Atoi(given.Continue) // The first page has no token.
	var names []string
	for i := range p.objects {
		names = append(names, fmt.Sprint(page*p.objects+i))
	}
	if given.FieldSelector != nil {
		names, page = []string{given.FieldSelector.Requirements()[0].Value}, 2
	}
	for _, name := range names {
		switch list := list.(type) {
		case *corev1.PodList:
			list.Items = append(list.Items, *pod(name).Obj())
		case *corev1.NodeList:
			list.Items = append(list.Items, *node(name))
		case *metav1.PartialObjectMetadataList:
			list.Items = append(list.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, UID: "uid", ResourceVersion: "7"}})
		}
	}
	p.kinds = append(p.kinds, fmt.Sprintf("%T", list))
	if p.during != nil {
		p.during()
	}
	if list.SetContinue(""); page < 2 {
		list.SetContinue(strconv.Itoa(page + 1))
	}
	return nil
}

func (p *pages) reconciler() *Reconciler {
	server := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{List: p.list}).Build()
	return New(server, server, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
}

// A cache that has every listed version is not asked for more. Few objects that it lacks are read
// by their names, and all objects if it lacks many.
func TestLiveListsReadWhatTheCacheLacks(t *testing.T) {
	const versions, pods, nodes = "*v1.PartialObjectMetadataList", "*v1.PodList", "*v1.NodeList"
	for name, test := range map[string]struct {
		objects int
		// cached is the version of each object in the cache, empty if it has none.
		cached string
		pods   []string
	}{
		"the cache has all":    {1, "7", []string{versions, versions, versions}},
		"the cache has none":   {1, "", []string{versions, versions, versions, pods, pods, pods}},
		"the cache has others": {1, "6", []string{versions, versions, versions, pods, pods, pods}},
		"the cache lacks many": {20, "", []string{versions, versions, versions, pods, pods, pods}},
	} {
		t.Run(name, func(t *testing.T) {
			g, server := NewWithT(t), &pages{objects: test.objects}
			r := server.reconciler()
			for i := range 3 {
				if test.cached == "" {
					break
				}
				p, n := pod(strconv.Itoa(i)).Obj(), node(strconv.Itoa(i))
				p.Name, p.UID, p.ResourceVersion = strconv.Itoa(i), "uid", test.cached
				n.UID, n.ResourceVersion = "uid", test.cached
				r.podIndex.update(podcache.Of(p))
				r.nodeIndex.update(nodecache.Of(n))
			}
			listed, uncached, err := r.listPods(t.Context(), client.ObjectKeyFromObject(aJob))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(listed).To(HaveLen(3 * test.objects))
			if test.cached == "7" {
				g.Expect(uncached).To(BeEmpty())
			} else {
				g.Expect(uncached).To(HaveLen(3 * test.objects))
			}
			g.Expect(server.kinds).To(Equal(test.pods))
			for i, options := range server.asked {
				g.Expect(options.Namespace).To(Equal(aJob.Namespace))
				g.Expect(options.LabelSelector.Matches(labels.Set(v1beta1.PodLabels(aJob.Name)))).To(BeTrue())
				g.Expect(options.LabelSelector.Matches(labels.Set(v1beta1.PodLabels("other")))).To(BeFalse())
				switch {
				case server.kinds[i] == versions:
					g.Expect(options.Limit).To(Equal(int64(versionsPageSize)))
				case options.FieldSelector == nil:
					g.Expect(options.Limit).To(Equal(int64(pageSize)))
				default:
					g.Expect(options.Limit).To(Equal(int64(1)))
				}
			}

			server.kinds = nil
			placed, _, err := r.listNodes(t.Context(), &plan.AnyNode, nil, listed)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(placed).To(HaveLen(3 * test.objects))
			g.Expect(server.kinds).To(Equal(slices.Concat(test.pods[:3], slices.Repeat([]string{nodes}, len(test.pods)-3))))
		})
	}
}

// A list says what there was when it began. The cache has later versions of what changes until it ends, and nothing of
// what is deleted or relabelled until then.
func TestLiveListsNeedNoReadOfWhatChangesMeanwhile(t *testing.T) {
	for name, test := range map[string]struct {
		// first is the version in which all three objects are cached when the list begins.
		first string
		// meanwhile are the versions that the first one gets.
		meanwhile []string
	}{
		"the cache is current": {"7", []string{"8"}},
		"the cache is behind":  {"6", []string{"7", "8", "9"}},
	} {
		t.Run(name, func(t *testing.T) {
			g, server := NewWithT(t), &pages{objects: 1}
			r := server.reconciler()
			cachedPod := func(name, version string) *podcache.Pod {
				p := pod(name).Obj()
				p.Name, p.UID, p.ResourceVersion, p.Spec.NodeName = name, "uid", version, "as of "+version
				return podcache.Of(p)
			}
			put := func(name, version string) {
				n := node(name)
				n.UID, n.ResourceVersion = "uid", version
				if version != "7" {
					n.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoExecute}}
				}
				r.podIndex.update(cachedPod(name, version))
				r.nodeIndex.update(nodecache.Of(n))
			}
			begin := func() {
				for i := range 3 {
					put(strconv.Itoa(i), test.first)
				}
				server.during = sync.OnceFunc(func() {
					for _, version := range test.meanwhile {
						put("0", version)
					}
					put("1", "7")
					put("2", "7")
					r.podIndex.remove(cachedPod("2", "7"))
					r.nodeIndex.remove("2")
					relabelled := pod("1").Obj()
					relabelled.Name, relabelled.UID, relabelled.ResourceVersion = "1", "uid", "8"
					relabelled.Labels[v1beta1.LabelJob] = "another"
					r.podIndex.handler().Update(t.Context(), event.UpdateEvent{ObjectOld: cachedPod("1", "7"), ObjectNew: podcache.Of(relabelled)}, &delayed{})
				})
			}
			begin()
			pods, uncached, err := r.listPods(t.Context(), client.ObjectKeyFromObject(aJob))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(uncached).To(BeEmpty())
			g.Expect(pods).To(HaveLen(3))
			g.Expect(pods).To(HaveEach(HaveField("Node", "as of 7")))
			g.Expect(r.podIndex.pods(client.ObjectKeyFromObject(aJob))).To(HaveExactElements(HaveField("Node", "as of "+test.meanwhile[len(test.meanwhile)-1])))

			begin()
			nodes, _, err := r.listNodes(t.Context(), &corev1.PodTemplateSpec{}, nil, nil)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(nodes).To(HaveLen(3))
			g.Expect(nodes).To(HaveEach(HaveField("Placement", daemonset.Placed)), "only other versions have a taint")
			g.Expect(server.kinds).To(HaveEach("*v1.PartialObjectMetadataList"))
		})
	}
}

// The cache would keep each object that it drops while a list is open, and never free it.
func TestLiveListsEnd(t *testing.T) {
	for name, fails := range map[string]bool{"read": false, "not read": true} {
		t.Run(name, func(t *testing.T) {
			g, server := NewWithT(t), &pages{objects: 1}
			if fails {
				server.asked = make([]*client.ListOptions, 100)
			}
			r := server.reconciler()
			_, _, err := r.listPods(t.Context(), client.ObjectKeyFromObject(aJob))
			g.Expect(err != nil).To(Equal(fails))
			_, _, err = r.listNodes(t.Context(), &plan.AnyNode, nil, nil)
			g.Expect(err != nil).To(Equal(fails))
			p, n := pod("a").Obj(), node("a")
			for _, version := range []string{"7", "8"} {
				p.Name, p.UID, p.ResourceVersion, n.UID, n.ResourceVersion = "a", "uid", version, "uid", version
				r.podIndex.update(podcache.Of(p))
				r.nodeIndex.update(nodecache.Of(n))
			}
			before := []livelist.Version{{Name: "a", UID: "uid", ResourceVersion: "7"}}
			_, stale := r.podIndex.inVersions(client.ObjectKeyFromObject(aJob), before)
			g.Expect(stale).To(Equal(before), "nothing is kept of what changes later")
			_, stale = r.nodeIndex.inVersions(before)
			g.Expect(stale).To(Equal(before))
		})
	}
}

func TestWholeObjectsAreReadInPages(t *testing.T) {
	g, server := NewWithT(t), &pages{objects: 1}
	r := server.reconciler()
	pods, err := r.readPods(t.Context(), 5)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pods).To(HaveExactElements(HaveField("Node", "0"), HaveField("Node", "1"), HaveField("Node", "2")))
	g.Expect(server.asked[2].Limit).To(Equal(int64(5)))
	nodes, err := r.readNodes(t.Context(), daemonset.NewPlacer(&plan.AnyNode))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(nodes).To(HaveExactElements(HaveField("Name", "0"), HaveField("Name", "1"), HaveField("Name", "2")))
	g.Expect(server.asked[5].Limit).To(Equal(int64(pageSize)))
}

func TestAPageOfPodsIsBoundedByTheLargest(t *testing.T) {
	for largest, size := range map[int]int64{0: 100, 6 << 10: 100, 33 << 10: 93, 1 << 20: 3, 2 << 20: 2, 9 << 20: 2} {
		NewWithT(t).Expect(podPageSize(pageSize, largest)).To(Equal(size), "%d", largest)
	}
}

func TestAReadByNameThatFailsFailsTheList(t *testing.T) {
	g := NewWithT(t)
	_, err := readByName(t.Context(), []string{"a", "b", "c"}, 2, func(_ context.Context, name string) ([]string, error) {
		if name == "b" {
			return nil, errors.New("down")
		}
		return []string{name}, nil
	})
	g.Expect(err).To(MatchError("down"))
}
