package main

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const manifests = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec: {template: none, replicas: many}
---
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
      - name: manager
        env:
        - {name: GOMAXPROCS, value: "1"}
        - {name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
        - {name: MEMORY_LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
        - {name: MEMORY_LIMIT_MIB, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
        resources: {limits: {memory: 256Mi}}
      - name: terminator
        env:
        - {name: MEMORY_LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
`

func TestTheEnvironmentIsThatOfTheManifests(t *testing.T) {
	g := NewWithT(t)
	all, err := containerEnv(strings.NewReader(manifests))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(Equal(map[string][]string{"manager": {"GOMAXPROCS=1", "MEMORY_LIMIT=268435456", "MEMORY_LIMIT_MIB=256"}}))
	_, err = containerEnv(strings.NewReader("kind: Service\n"))
	g.Expect(err).To(MatchError(ContainSubstring("no Deployment")))
	_, err = containerEnv(strings.NewReader("kind: Deployment\nspec: none\n"))
	g.Expect(err).To(HaveOccurred())
}

func TestContendersAreThoseThatWereAskedFor(t *testing.T) {
	g := NewWithT(t)
	e := &env{nodes: 1000, before: build{manager: "before"}}
	opts := settings{streams: []int{500}, workers: []int{1, 2}}
	for name, more := range map[string][]string{
		"1": nil, "2": {"daemonset-job, 500 streams"}, "4": {"daemonset-job, 1 workers", "daemonset-job, 2 workers"}, caseIdle: nil,
	} {
		var names []string
		for _, s := range scenarios {
			if s.name == name {
				for _, c := range e.contenders(s, opts) {
					names = append(names, c.name)
				}
			}
		}
		g.Expect(names).To(Equal(append([]string{contenderJob, contenderBefore}, more...)), name)
	}
	shipped := e.operatorAsShipped()
	g.Expect(shipped.withManagerFlags("-a").managerFlags).To(Equal([]string{"-a"}))
	g.Expect(shipped.managerFlags).To(BeEmpty(), "the other contenders are not changed")
}

func TestAComponentSaysWhereItServesProfiles(t *testing.T) {
	g := NewWithT(t)
	g.Expect(localPort([]string{"kube-scheduler", "--secure-port=10259", "--v=2"})).To(Equal("https://127.0.0.1:10259"))
	g.Expect(localPort([]string{"kube-scheduler"})).To(BeEmpty())
	g.Expect(flagOf([]string{"etcd", "--listen-client-urls=https://127.0.0.1:16430"}, "listen-client-urls")).To(Equal("https://127.0.0.1:16430"))
	g.Expect(profileName(&result{Case: "3", Nodes: 1000, Contender: "daemonset-job, 1 workers"}, "etcd", "cpu")).To(Equal("case3-1000-daemonset-job-1-workers-etcd-cpu.pprof"))
}
