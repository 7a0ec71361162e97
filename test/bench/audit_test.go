package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const auditLines = `{"verb":"patch","userAgent":"daemonset-job-terminator/v0.1.0","objectRef":{"resource":"pods","subresource":"status"},"responseStatus":{"code":200}}
{"verb":"patch","userAgent":"daemonset-job-terminator/v0.1.0","objectRef":{"resource":"pods","subresource":"status"},"responseStatus":{"code":409}}
{"verb":"get","userAgent":"daemonset-job-terminator/v0.1.0","objectRef":{"resource":"pods","subresource":"log"},"responseStatus":{"code":200}}
{"verb":"watch","userAgent":"daemonset-job-terminator/v0.1.0","objectRef":{"resource":"pods"},"responseStatus":{"code":200}}
{"verb":"update","userAgent":"daemonset-job-manager/v0.1.0","objectRef":{"resource":"leases"},"responseStatus":{"code":200}}
{"verb":"get","userAgent":"daemonset-job-manager/v0.1.0","requestURI":"/apis","responseStatus":{"code":200}}
{"verb":"create","userAgent":"daemonset-job-manager/v0.1.0","objectRef":{"resource":"events"},"responseStatus":{"code":201}}
`

func TestTheAuditLogIsCountedByBinary(t *testing.T) {
	g := NewWithT(t)
	counts, err := countRequests(strings.NewReader(auditLines))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(counts).To(Equal(map[string]requests{
		"daemonset-job-terminator": {"patch pods/status": 1, "patch pods/status (conflict)": 1, "get pods/log": 1},
		"daemonset-job-manager":    {"create events": 1},
	}), "watches, leases and discovery do not count")
	g.Expect(writes(counts)).To(Equal(3), "a conflict is a write, too")
	g.Expect(total(counts)).To(Equal(4))
}

func TestABrokenAuditLogIsAnError(t *testing.T) {
	g := NewWithT(t)
	_, err := countRequests(strings.NewReader(`{"verb":`))
	g.Expect(err).To(MatchError(ContainSubstring("audit log")))
}

func TestTheAuditLogIsReadFromAPlaceOn(t *testing.T) {
	g := NewWithT(t)
	log := audit{filepath.Join(t.TempDir(), "audit.log")}
	g.Expect(log.end()).To(BeZero(), "the API server has logged no request yet")
	g.Expect(log.since(0)).To(BeEmpty())

	g.Expect(os.WriteFile(log.file, []byte(auditLines), 0o600)).To(Succeed())
	from, err := log.end()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(log.since(from)).To(BeEmpty())
	file, err := os.OpenFile(log.file, os.O_APPEND|os.O_WRONLY, 0)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = file.WriteString(`{"verb":"delete","userAgent":"x/1","objectRef":{"resource":"jobs"}}` + "\n")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(file.Close()).To(Succeed())
	g.Expect(log.since(from)).To(Equal(map[string]requests{"x": {"delete jobs": 1}}))
}

func TestLogStreamsAreCounted(t *testing.T) {
	g := NewWithT(t)
	line := func(resource, subresource, from, to string) string {
		return `{"verb":"get","objectRef":{"resource":"` + resource + `","subresource":"` + subresource + `"},"requestReceivedTimestamp":"2026-01-01T00:00:` + from +
			`.000000Z","stageTimestamp":"2026-01-01T00:00:` + to + `.000000Z"}` + "\n"
	}
	log := line("pods", "log", "10", "20") + line("pods", "log", "05", "10") + line("pods", "log", "12", "13") + line("pods", "", "12", "13")
	all, err := countStreams(strings.NewReader(log))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(Equal(&streams{Turns: 3, Most: 2}), "the first ended when the second began")
	g.Expect(countStreams(strings.NewReader(""))).To(BeNil())
}
