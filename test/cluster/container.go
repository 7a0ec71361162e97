package cluster

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// ctr runs containerd's command-line client against one node.
func (c *Cluster) ctr(ctx context.Context, node string, args ...string) (string, error) {
	if _, err := c.member(node); err != nil {
		return "", err
	}
	base := []string{"--connect-timeout", "2s", "--address", c.layout.node(node).socket(), "--namespace", "k8s.io"}
	return output(ctx, find("ctr"), append(base, args...)...)
}

// KillContainer sends SIGKILL to the first process of a container. The kernel then
// kills the other processes. The id is that of a container status, with or without its
// scheme.
func (c *Cluster) KillContainer(ctx context.Context, node, id string) error {
	_, err := c.ctr(ctx, node, "tasks", "kill", "--signal", "SIGKILL", bareID(id))
	return err
}

// ContainerProcesses returns the process ids of a container, as the host numbers them.
func (c *Cluster) ContainerProcesses(ctx context.Context, node, id string) ([]int, error) {
	listed, err := c.ctr(ctx, node, "tasks", "ps", bareID(id))
	if err != nil {
		return nil, err
	}
	var pids []int
	for line := range strings.Lines(listed) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "PID" {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			return nil, fmt.Errorf("processes of %s: %q", id, line)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

func bareID(id string) string {
	_, bare, ok := strings.Cut(id, "://")
	if !ok {
		return id
	}
	return bare
}

// KillSandbox kills all processes of a pod on a node, its sandbox too, as a reboot of
// the node does. The kubelet then makes a new sandbox and starts the containers again.
func (c *Cluster) KillSandbox(ctx context.Context, node, podUID string) error {
	return c.killContainers(ctx, node, fmt.Sprintf(`labels."io.kubernetes.pod.uid"==%q`, podUID))
}

// killContainers kills all processes of the node's containers that the filters match,
// or of all if there is no filter.
func (c *Cluster) killContainers(ctx context.Context, node string, filters ...string) error {
	listed, err := c.ctr(ctx, node, append([]string{"containers", "list", "--quiet"}, filters...)...)
	if err != nil {
		return err
	}
	for id := range strings.FieldsSeq(listed) {
		// A container that has ended has no task.
		if _, err := c.ctr(ctx, node, "tasks", "kill", "--all", "--signal", "SIGKILL", id); err != nil && !strings.Contains(err.Error(), "not found") {
			return err
		}
	}
	return nil
}
