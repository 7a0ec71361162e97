package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/darkowlzz/daemonset-job/test/cluster"
)

// verb is one operation of the command.
type verb struct {
	words, takes, help string
	// build prints the folder of a build. It needs no cluster and no privileges.
	build func(ctx context.Context, project string, log io.Writer) (string, error)
	do    func(context.Context, *cluster.Cluster, []string) error
}

var verbs = []verb{
	{words: "up", help: "make the cluster, or repair it", do: func(ctx context.Context, c *cluster.Cluster, _ []string) error {
		return c.Up(ctx)
	}},
	{words: "down", help: "end and remove the cluster", do: func(ctx context.Context, c *cluster.Cluster, _ []string) error {
		return c.Down(ctx)
	}},
	{words: "load", takes: "IMAGE", help: "give an image, or an archive of one, to every node", do: func(ctx context.Context, c *cluster.Cluster, args []string) error {
		return c.Load(ctx, args[0], os.Getenv("CONTAINER_TOOL"))
	}},
	{words: "mirror", takes: "URL", help: "make the nodes pull every image from the registry at URL first", do: func(_ context.Context, c *cluster.Cluster, args []string) error {
		return c.Mirror(args[0])
	}},
	{words: "address", help: "print the address that nodes and pods reach this host at", do: func(_ context.Context, c *cluster.Cluster, _ []string) error {
		fmt.Println(c.HostAddress())
		return nil
	}},
	{words: "status", help: "tell whether the cluster is ready, and what runs", do: status},
	{words: "kubeconfig", help: "print the file with the administrator's access", do: func(_ context.Context, c *cluster.Cluster, _ []string) error {
		fmt.Println(c.Kubeconfig())
		return nil
	}},
	{words: "logs", takes: "COMPONENT", help: "print the log of a component, as status names it", do: logs},
	{words: "build", help: "build Kubernetes, or find it built, and print its folder", build: cluster.Kubernetes},
	{words: "build oldest", help: "the same for the oldest Kubernetes that is supported, without nodes", build: cluster.OldestKubernetes},
	{words: "verify-clean", help: "fail if anything of the cluster is left on the machine", do: func(_ context.Context, c *cluster.Cluster, _ []string) error {
		return c.VerifyClean()
	}},
	{words: "node list", help: "print the names of the nodes", do: func(_ context.Context, c *cluster.Cluster, _ []string) error {
		for _, name := range c.Nodes() {
			fmt.Println(name)
		}
		return nil
	}},
	{words: "node tmp", takes: "NODE", help: "print the folder that the node sees as /tmp", do: func(_ context.Context, c *cluster.Cluster, args []string) error {
		folder, err := c.NodeTmp(args[0])
		if err == nil {
			fmt.Println(folder)
		}
		return err
	}},
	{words: "node add", takes: "NODE", help: "add a node", do: func(ctx context.Context, c *cluster.Cluster, args []string) error {
		return c.AddNode(ctx, args[0])
	}},
	{words: "node remove", takes: "NODE", help: "remove a node", do: func(ctx context.Context, c *cluster.Cluster, args []string) error {
		return c.RemoveNode(ctx, args[0])
	}},
	{words: "node stop", takes: "NODE", help: "stop a node's kubelet", do: func(_ context.Context, c *cluster.Cluster, args []string) error {
		return c.StopKubelet(args[0])
	}},
	{words: "node start", takes: "NODE", help: "start a node's kubelet again", do: func(ctx context.Context, c *cluster.Cluster, args []string) error {
		return c.StartKubelet(ctx, args[0])
	}},
	{words: "apiserver restart", help: "restart the API server", do: func(ctx context.Context, c *cluster.Cluster, _ []string) error {
		return c.RestartAPIServer(ctx)
	}},
	{words: "stop", takes: "COMPONENT", help: "stop a component, as status names it", do: func(_ context.Context, c *cluster.Cluster, args []string) error {
		return c.Stop(args[0])
	}},
	{words: "kill", takes: "COMPONENT", help: "end a component by SIGKILL", do: func(_ context.Context, c *cluster.Cluster, args []string) error {
		return c.Kill(args[0])
	}},
	{words: "start", takes: "COMPONENT", help: "start a component that does not run", do: func(ctx context.Context, c *cluster.Cluster, args []string) error {
		return c.Start(ctx, args[0])
	}},
}

func status(ctx context.Context, c *cluster.Cluster, _ []string) error {
	ready := c.Ready(ctx)
	for _, name := range c.Components() {
		runs, err := c.Running(name)
		if err != nil {
			return err
		}
		state := "ended"
		if runs {
			state = "runs"
		}
		fmt.Printf("%-26s %s\n", name, state)
	}
	if ready != nil {
		return ready
	}
	fmt.Printf("Cluster %s is ready. %s\n", c.Name(), c.Usage())
	return nil
}

func logs(_ context.Context, c *cluster.Cluster, args []string) error {
	name, err := c.Log(args[0])
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(os.Stdout, file)
	return err
}
