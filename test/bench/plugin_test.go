package main

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestCountLists(t *testing.T) {
	g := NewWithT(t)
	log := `{"verb":"list","userAgent":"kubectl-node_job/v0.1.0","objectRef":{"resource":"pods"},"requestURI":"/api/v1/namespaces/done/pods?labelSelector=job"}
{"verb":"watch","userAgent":"kubectl-node_job/v0.1.0","objectRef":{"resource":"pods"},"requestURI":"/api/v1/namespaces/done/pods?resourceVersion=7&watch=true"}
{"verb":"watch","userAgent":"kubectl-node_job/v0.1.0","objectRef":{"resource":"nodes"},"requestURI":"/api/v1/nodes?sendInitialEvents=true&watch=true"}
{"verb":"watch","userAgent":"kubectl-node_job/v0.1.0","objectRef":{"resource":"nodes"},"requestURI":"/api/v1/nodes?sendInitialEvents=true&watch=true"}
{"verb":"list","userAgent":"manager/v0.1.0","objectRef":{"resource":"nodes"},"requestURI":"/api/v1/nodes"}
{"verb":"get","userAgent":"kubectl-node_job/v0.1.0","objectRef":{"resource":"jobs"},"requestURI":"/apis/x/jobs/fleet"}
`
	lists, err := countLists(strings.NewReader(log))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(lists).To(Equal(map[string]int{"pods": 1, "nodes": 2}))
	g.Expect(errors.Join(tooManyLists(lists)...)).To(MatchError("status --watch listed nodes 2 times"))
	g.Expect(tooManyLists(map[string]int{"pods": 1})).To(BeEmpty())
	g.Expect(errors.Join(tooManyLists(nil)...)).To(MatchError(ContainSubstring("no list")))
}

func TestCountStates(t *testing.T) {
	g := NewWithT(t)
	table := "Job done/fleet: Complete, 1/2 done, 1 failed\nNODE   STATE    WHY\na      Done\nb      Failed   Done\nc      Waiting\n"
	g.Expect(countStates(table, []string{"Done", "Failed"})).To(Equal(2))
}

func TestExitCode(t *testing.T) {
	g := NewWithT(t)
	g.Expect(exitCode(exec.Command("sh", "-c", "exit 3").Run())).To(Equal(3))
	g.Expect(exitCode(exec.Command("true").Run())).To(Equal(0))
	g.Expect(exitCode(exec.Command("/no/such/program").Run())).To(Equal(-1))
}
