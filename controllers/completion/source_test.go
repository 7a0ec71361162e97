package completion

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestWhatIsAskedForALog(t *testing.T) {
	g, status := NewWithT(t), http.StatusOK
	var asked url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		w.WriteHeader(status)
	}))
	defer server.Close()
	clientset, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, QPS: -1})
	g.Expect(err).NotTo(HaveOccurred())
	open := func(previous bool, since time.Time, follow bool) error {
		log := &podLog{pods: clientset.CoreV1(), name: theTarget.name, container: "work", run: containerRun{"test://1", previous}}
		stream, err := log.Open(t.Context(), since, follow)
		if err == nil {
			g.Expect(stream.Close()).To(Succeed())
		}
		return err
	}
	g.Expect(open(false, time.Time{}, true)).To(Succeed())
	g.Expect(asked).To(Equal(url.Values{"container": {"work"}, "timestamps": {"true"}, "follow": {"true"}}))
	g.Expect(open(true, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), false)).To(Succeed())
	g.Expect(asked).To(Equal(url.Values{"container": {"work"}, "timestamps": {"true"}, "previous": {"true"}, "sinceTime": {"2026-01-02T03:04:05Z"}}))
	for code, noLog := range map[int]bool{http.StatusNotFound: true, http.StatusBadRequest: true, http.StatusForbidden: false} {
		status = code
		err := open(false, time.Time{}, true)
		g.Expect(err).To(HaveOccurred())
		match := MatchError(logfollow.ErrNoLog)
		if !noLog {
			match = Not(match)
		}
		g.Expect(err).To(match, "%d", code)
	}
}

// Only a run that the kubelet gave an ID can be told from the next one.
func TestContainerRuns(t *testing.T) {
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	ended := func(id string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ContainerID: id}}
	}
	for name, test := range map[string]struct {
		status corev1.ContainerStatus
		runs   map[containerRun]logfollow.State
	}{
		"another container":    {corev1.ContainerStatus{Name: "other", ContainerID: "1", State: running}, nil},
		"not started":          {corev1.ContainerStatus{Name: "work"}, nil},
		"running":              {corev1.ContainerStatus{Name: "work", ContainerID: "1", State: running}, map[containerRun]logfollow.State{{"1", false}: logfollow.Running}},
		"running, without ID":  {corev1.ContainerStatus{Name: "work", State: running}, nil},
		"ended":                {corev1.ContainerStatus{Name: "work", State: ended("1")}, map[containerRun]logfollow.State{{"1", false}: logfollow.Ended}},
		"ended, without ID":    {corev1.ContainerStatus{Name: "work", State: ended("")}, nil},
		"replaced":             {corev1.ContainerStatus{Name: "work", ContainerID: "2", State: running, LastTerminationState: ended("1")}, map[containerRun]logfollow.State{{"1", true}: logfollow.Ended, {"2", false}: logfollow.Running}},
		"replaced, without ID": {corev1.ContainerStatus{Name: "work", LastTerminationState: ended("")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{test.status}}}
			want := test.runs
			if want == nil {
				want = map[containerRun]logfollow.State{}
			}
			NewWithT(t).Expect(containerRuns(pod, "work")).To(Equal(want))
		})
	}
}

// Another pod of the name, or another run, has another log.
func TestTheStateIsThatOfThisRun(t *testing.T) {
	pod := wrappers.Pod(wrappers.Job("ns", "j").Obj(), "a", "h1").Obj()
	pod.Status.ContainerStatuses[0].ContainerID = "1"
	cached := fake.NewClientBuilder().WithObjects(pod).Build()
	state := func(change func(*podLog)) logfollow.State {
		log := &podLog{cached: cached, name: client.ObjectKeyFromObject(pod), uid: pod.UID, container: pod.Spec.Containers[0].Name, run: containerRun{id: "1"}}
		change(log)
		return log.State()
	}
	g := NewWithT(t)
	g.Expect(state(func(*podLog) {})).To(Equal(logfollow.Running))
	g.Expect(state(func(l *podLog) { l.uid = "another" })).To(Equal(logfollow.Gone))
	g.Expect(state(func(l *podLog) { l.run.id = "2" })).To(Equal(logfollow.Gone))
	g.Expect(state(func(l *podLog) { l.name.Name = "gone" })).To(Equal(logfollow.Gone))
}
