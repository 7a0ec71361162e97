package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// shellImage is the sample's image, which has a shell.
	shellImage = "docker.io/darkowlzz/cleanup:v0.0.2"
	// stubbornSeconds is the grace period of the pods. Half of them use all of it.
	stubbornSeconds = 2
	// realBackoffLimit is the backoffLimit of the Jobs that do not fail. A reboot in
	// the first ten seconds of the work counts as a restart.
	realBackoffLimit = 20
	// longestOutage is how long a kubelet is down at most. The control plane takes
	// about 18 s to notice.
	longestOutage = 25 * time.Second
	// hostFolder is the folder of the records, below a node's /tmp.
	hostFolder = "soak"
)

// recordingScript works for $BEATS tenths of a second. It records each of them in a file
// of its run on the host, which no API server can lose. The time is that since the boot,
// which all nodes of the machine share.
const recordingScript = `mkdir -p /host/soak/$JOB; n=0
while [ -e /host/soak/$JOB/$POD.$n ]; do n=$((n+1)); done
beat() { read up _ < /proc/uptime; echo "$up $1" >> /host/soak/$JOB/$POD.$n; }
if [ -n "$STUBBORN" ]; then trap '' TERM; else trap 'exit 143' TERM; fi
beat "$HASH"; i=0
while [ $i -lt $BEATS ]; do sleep 0.1; beat; i=$((i+1)); done
[ -z "$FAILS" ] || exit 3
beat done
[ -z "$SAYS" ] || { echo done; trap 'exit 0' TERM; while true; do sleep 0.2; done; }
`

// realPool is the pool of a soak on nodes with kubelets.
type realPool struct {
	s      *soak
	record hostRecord
	booted time.Time
}

func newRealPool(s *soak) *realPool {
	return &realPool{s: s, record: hostRecord{
		taken: s.taken, limits: map[string][]limitFrom{}, rebooted: map[string]bool{}, goneBy: s.invariants.goneBy, sameDaemonSet: s.invariants.sameDaemonSet,
	}}
}

// start returns the nodes that the cluster has. The records of an earlier soak went with
// its cluster.
func (p *realPool) start(context.Context) (nodes []string, err error) {
	p.booted, err = bootTime()
	return p.s.env.cluster.Nodes(), err
}

func (p *realPool) maxJobs() int { return 4 }

func (p *realPool) newJob(number int) (*soakJob, *v1beta1.Job) {
	random := p.s.random
	expected := newSoakJob(number)
	expected.nodes = slices.Clone(p.s.nodes)
	exits := random.IntN(2) == 0
	expected.fails = exits && random.IntN(4) == 0
	field := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
	}
	flag := map[bool]string{true: "yes"}
	job := expected.job(random, corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(stubbornSeconds)),
		Containers: []corev1.Container{{
			Name: v1beta1.ContainerName, Image: shellImage, Command: []string{"/bin/sh", "-c", recordingScript},
			Env: []corev1.EnvVar{
				{Name: "JOB", Value: expected.name}, {Name: "BEATS", Value: strconv.Itoa(3 + random.IntN(40))},
				{Name: "STUBBORN", Value: flag[random.IntN(2) == 0]}, {Name: "FAILS", Value: flag[expected.fails]}, {Name: "SAYS", Value: flag[!exits]},
				{Name: "POD", ValueFrom: field("metadata.uid")},
				{Name: "HASH", ValueFrom: field(fmt.Sprintf("metadata.labels['%s']", v1beta1.LabelTemplateHash))},
			},
			VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/host"}},
		}},
		Volumes: []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/tmp"}}}},
	}})
	if exits {
		job.Spec.CompletionMode = v1beta1.CompletionExit
	}
	switch {
	case expected.fails:
		// The kubelet runs it on, whatever the parallelism.
		job.Spec.BackoffLimit = new(int32(0))
	case random.IntN(3) > 0:
		expected.limit = 1 + random.IntN(2)
		job.Spec.Parallelism = new(intstr.FromInt(expected.limit))
		fallthrough
	default:
		job.Spec.BackoffLimit = new(int32(realBackoffLimit))
	}
	return expected, job
}

// limited tells the record, since the watch of the pods does not see which of them still
// work.
func (p *realPool) limited(job *soakJob) {
	p.record.limits[job.name] = append(p.record.limits[job.name], limitFrom{time.Now(), job.limit})
}

// disturb reboots a pod's machine, or stops the kubelet of the node for a while.
func (p *realPool) disturb(ctx context.Context, node string) error {
	switch {
	case p.s.random.IntN(2) == 0:
		return p.reboot(ctx)
	case p.s.spared(node):
		return nil
	}
	component := "kubelet-" + node
	p.s.counts["kubelet killed"]++
	p.s.bring(node, longestOutage, &trouble{
		spares: sparesNone,
		heal:   func(ctx context.Context) error { return p.s.env.cluster.Start(ctx, component) },
	})
	return p.s.env.cluster.Kill(component)
}

// reboot kills the sandbox of a pod, as a reboot of its node does. It does so once for each
// pod: the kubelet waits ever longer before it starts one again.
func (p *realPool) reboot(ctx context.Context) error {
	pod, err := p.s.anyPod(ctx, func(pod *corev1.Pod) bool {
		return pod.Status.StartTime != nil && !p.record.rebooted[string(pod.UID)]
	})
	if pod == nil || err != nil {
		return err
	}
	p.record.rebooted[string(pod.UID)] = true
	p.s.counts["rebooted"]++
	return p.s.env.cluster.KillSandbox(ctx, pod.Spec.NodeName, string(pod.UID))
}

// undone returns the nodes whose files do not say that they have done the work of the Job.
func (p *realPool) undone(job *soakJob, nodes []string) []string {
	runs, err := p.readRuns(job.name)
	if err != nil {
		return []string{err.Error()}
	}
	return undone(runs, job, nodes)
}

// problems returns what the files on the hosts say that went wrong.
func (p *realPool) problems() []string {
	before, err := p.readRuns("*")
	if err != nil {
		return []string{err.Error()}
	}
	time.Sleep(time.Second)
	after, err := p.readRuns("*")
	if err != nil {
		return []string{err.Error()}
	}
	p.s.counts["runs on hosts"] = len(after)
	return append(p.record.violations(after), stillAtWork(before, after)...)
}

// readRuns reads the runs of the Jobs that match, from the files on all nodes.
func (p *realPool) readRuns(job string) ([]hostRun, error) {
	var all []hostRun
	for _, node := range p.s.nodes {
		folder, err := p.s.env.cluster.NodeTmp(node)
		if err != nil {
			return nil, err
		}
		files, err := filepath.Glob(filepath.Join(folder, hostFolder, job, "*"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			run, err := parseRun(node, file, string(content), p.booted)
			if err != nil {
				return nil, err
			}
			all = append(all, run)
		}
	}
	return all, nil
}
