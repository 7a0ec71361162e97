//go:build e2e

package e2e

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// startNodeJob starts the plugin as a user does: kubectl finds it in PATH.
func startNodeJob(namespace string, args ...string) *gexec.Session {
	GinkgoHelper()
	command := exec.Command(cmp.Or(os.Getenv("KUBECTL"), "kubectl"), append([]string{"node-job", args[0], "-n", namespace}, args[1:]...)...)
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait() })
	return session
}

// nodeJob runs the plugin, expects its exit code, and returns its output.
func nodeJob(code int, namespace string, args ...string) string {
	GinkgoHelper()
	session := startNodeJob(namespace, args...)
	Eventually(session, "120s").Should(gexec.Exit(code))
	return string(session.Out.Contents())
}

// shellRun are the arguments of a run of a script on every node.
func shellRun(script string, flags ...string) []string {
	return append(append([]string{"run", "--image", shellImage}, flags...), "--", "/bin/sh", "-c", script)
}

// heading matches the line above what all nodes but one printed. They are folded.
func heading(code int) string {
	return fmt.Sprintf(`=== \S+ \(%d\), exit code %d\n`, len(nodes)-1, code)
}

// jobOf returns the Job that a run created.
func jobOf(session *gexec.Session, namespace string) *v1beta1.Job {
	GinkgoHelper()
	_, name, found := strings.Cut(string(session.Err.Contents()), "Created job/")
	Expect(found).To(BeTrue())
	return named(namespace, strings.Fields(name)[0])
}

var _ = Describe("the kubectl plugin", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	It("runs a command on every node, and shows what is different", func() {
		odd := nodes[len(nodes)-1]
		session := startNodeJob(ns, shellRun(fmt.Sprintf(`if [ "$NODE_NAME" = %s ]; then echo odd; exit 3; fi; echo same`, odd))...)
		Eventually(session, "90s").Should(gexec.Exit(1))
		Expect(string(session.Out.Contents())).To(MatchRegexp(`^` + heading(0) + `same\n\n=== ` + odd + `, exit code 3\nodd\n$`))
		Eventually(nothingLeft(jobOf(session, ns))).Should(Succeed())
	})

	// The pod of a node that failed is deleted before the next node starts.
	It("reads the log of every node though only one works at once", func() {
		session := startNodeJob(ns, shellRun(fmt.Sprintf(`echo "out of $NODE_NAME"; [ "$NODE_NAME" != %s ]`, nodes[0]), "--parallelism", "1")...)
		Eventually(session, "240s").Should(gexec.Exit(1))
		var blocks []string
		for _, node := range append(nodes[1:len(nodes):len(nodes)], nodes[0]) {
			code := map[bool]int{true: 1, false: 0}[node == nodes[0]]
			blocks = append(blocks, fmt.Sprintf("=== %s, exit code %d\nout of %[1]s\n", node, code))
		}
		Expect(string(session.Out.Contents())).To(Equal(strings.Join(blocks, "\n")))
	})

	It("shows a Job of which a node failed, and tries that node again and no other", func() {
		bad := nodes[0]
		j := create(shell(ns, "j", fmt.Sprintf(`echo run >> /basetarget/runs
if [ "$NODE_NAME" = %s ] && [ ! -e /basetarget/fixed ]; then while [ ! -e /basetarget/go ]; do sleep 0.05; done; echo "disk is full"; exit 7; fi
echo fine`, bad)).Exit().BackoffLimit(0))
		Eventually(status(j)).Should(progress(len(nodes) - 1))
		Expect(nodeJob(0, ns, "logs", "j", "--node", nodes[1])).To(Equal("=== " + nodes[1] + ", exit code 0\nfine\n"))
		letGo(ns, bad)
		Expect(nodeJob(1, ns, "wait", "j", "--timeout=1m")).To(HavePrefix("job/j Failed: "))
		Expect(nodeJob(1, ns, "status", "j")).To(And(
			HavePrefix(fmt.Sprintf("Job %s/j: Failed, %d/%d done, 1 failed", ns, len(nodes)-1, len(nodes))),
			MatchRegexp(`(?m)^`+nodes[1]+` +Done +1 +0 `), MatchRegexp(`(?m)^`+bad+` +Failed +2 +7 .* disk is full\n$`)))
		nothingOnTheNodes(ns) // A Failed Job stops its pods.
		const recorded = "its pod is gone: these are the last lines that the operator recorded"
		Expect(nodeJob(0, ns, "logs", "j")).To(MatchRegexp(`^` + heading(0) + `\(its pod is gone, and what it printed is not recorded\)\n\n` +
			`=== ` + bad + `, exit code 7\ndisk is full\n\(` + recorded + `\)\n$`))
		Expect(nodeJob(0, ns, "logs", "j", "--failed", "--prefix")).To(Equal(bad + ": disk is full\n" + bad + ": (" + recorded + ")\n"))

		_, err := onHost(bad, "touch /host/tmp/"+ns+"/fixed")
		Expect(err).NotTo(HaveOccurred())
		Expect(nodeJob(0, ns, "retry", "j")).To(HavePrefix("job/j is tried again"))
		Expect(nodeJob(0, ns, "wait", "j", "--timeout=1m")).To(HavePrefix("job/j Complete: "))
		counts := eachNode("1")
		counts[bad] = "3\n" // The kubelet had started the container twice before.
		Expect(runs(ns)()).To(Equal(counts))
	})

	It("suspends, resumes and cancels a Job", func() {
		j := create(shell(ns, "j", exits).Exit().Parallelism("1").TTL(600))
		Eventually(status(j)).Should(HaveField("Active", int32(1)))
		Expect(nodeJob(0, ns, "suspend", "j")).To(Equal("job/j suspended\n"))
		letGo(ns, nodes...)
		Eventually(status(j)).Should(And(progress(1), HaveField("Phase", v1beta1.PhaseSuspended)))
		Expect(nodeJob(3, ns, "wait", "j")).To(HavePrefix("job/j Suspended: "))
		Expect(nodeJob(3, ns, "status", "j")).To(ContainSubstring("Suspended (SuspendedByUser)"))
		Expect(nodeJob(0, ns, "resume", "j")).To(Equal("job/j resumed\n"))
		Expect(nodeJob(0, ns, "wait", "j")).To(HavePrefix("job/j Complete: "))
		Expect(runs(ns)()).To(Equal(eachNode("1")))

		endless := create(shell(ns, "endless", "trap 'exit 0' TERM; while true; do sleep 0.2; done").Exit())
		Eventually(status(endless)).Should(HaveField("Active", int32(len(nodes))))
		Expect(nodeJob(0, ns, "cancel", "endless")).To(Equal("job/endless canceled\n"))
		Eventually(nothingLeft(endless)).Should(Succeed())
	})

	It("triggers a run of a CronJob, which the CronJob keeps", func() {
		j := everyMinute(ns)
		j.Spec.Schedule = "0 0 1 1 *"
		Expect(k8s.Create(ctx, j)).To(Succeed())
		created := nodeJob(0, ns, "trigger", j.Name)
		Expect(created).To(MatchRegexp(`^job/every-minute-manual-\w{5} created\n$`))
		name := strings.TrimSuffix(strings.TrimPrefix(created, "job/"), " created\n")
		Expect(nodeJob(0, ns, "wait", name)).To(HavePrefix("job/" + name + " Complete: "))
		Eventually(cronJobStatus(j)).Should(HaveField("LastRun.Name", name))
		nothingOnTheNodes(ns)
		Expect(nodeJob(0, ns, "logs", name)).To(MatchRegexp(`^=== \S+ \(%d\), exit code 0\nran\n\(its pod is gone: this is what the operator recorded\)\n$`, len(nodes)))
		Expect(runs(ns)()).To(Equal(eachNode("1")))
	})

	It("plans a Job, and shows its results when the Job is gone", func() {
		w := shell(ns, "report", `echo run >> /basetarget/runs; echo "{\"kernel\": \"$(uname -r)\", \"host\": \"$NODE_NAME\"}" > /dev/termination-log`).Exit()
		w.Spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll, RetainSeconds: new(int32(600))}
		text, err := yaml.Marshal(w.Obj())
		Expect(err).NotTo(HaveOccurred())
		manifest := filepath.Join(GinkgoT().TempDir(), "job.yaml")
		Expect(os.WriteFile(manifest, text, 0o600)).To(Succeed())
		Expect(nodeJob(0, ns, "plan", "-f", manifest)).To(HavePrefix(
			fmt.Sprintf("Job %s/report is not there yet\nStarts on %d nodes, all at once\n", ns, len(nodes))))
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "report"}, &v1beta1.Job{})).To(MatchError(apierrors.IsNotFound, "IsNotFound"))

		j := create(w)
		Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(j), j) }).Should(MatchError(apierrors.IsNotFound, "IsNotFound"))
		kernel, err := onHost(nodes[0], "uname -r")
		Expect(err).NotTo(HaveOccurred())
		Expect(nodeJob(0, ns, "results", "report")).To(MatchRegexp(`(?m)^` + nodes[0] + ` +Done +0 +1 .*` + regexp.QuoteMeta(strings.TrimSpace(kernel)) + ` +` + nodes[0] + `$`))
		rows, err := csv.NewReader(strings.NewReader(nodeJob(0, ns, "results", "report", "-o", "csv", "--columns", ".host"))).ReadAll()
		Expect(err).NotTo(HaveOccurred())
		Expect(rows).To(HaveLen(len(nodes) + 1))
		for _, row := range rows[1:] {
			Expect(row[len(row)-1]).To(Equal(row[0]))
		}
		Expect(nodeJob(0, ns, "results", "report", "-o", "html")).To(And(HavePrefix("<!doctype html>"), ContainSubstring(nodes[0])))
		Expect(runs(ns)()).To(Equal(eachNode("1")))
	})
})
