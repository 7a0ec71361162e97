package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// profileSeconds is how long a CPU profile takes.
const profileSeconds = 20

// profiled is a program that serves profiles at an address.
type profiled struct {
	name    string
	client  *http.Client
	address string
}

// profile writes CPU and memory profiles of the cluster's components and, for a row of
// the operator, of both binaries to a folder, for go tool pprof. It does so in the
// background while the case runs: a case that is shorter than a profile has none. An
// empty folder means no profiles.
func (e *env) profile(ctx context.Context, folder string, r *result) {
	if folder == "" {
		return
	}
	programs, err := e.profiledComponents()
	if err != nil {
		fmt.Fprintf(os.Stderr, "Failed to find out where the components serve profiles: %v\n", err)
	}
	if strings.HasPrefix(r.Contender, contenderJob) {
		programs = append(programs,
			profiled{"manager", http.DefaultClient, "http://" + managerProfiles},
			profiled{"terminator", http.DefaultClient, "http://" + terminatorProfiles})
	}
	for _, program := range programs {
		go func() {
			for _, of := range []struct{ kind, path string }{
				{"cpu", fmt.Sprintf("profile?seconds=%d", profileSeconds)}, {"heap", "heap"},
			} {
				name := profileName(r, program.name, of.kind)
				err := save(ctx, program.client, program.address+"/debug/pprof/"+of.path, filepath.Join(folder, name))
				if ctx.Err() != nil {
					return // The case took less time than its profile.
				}
				if err != nil {
					fmt.Fprintf(os.Stderr, "Failed to write profile %s: %v\n", name, err)
				}
			}
		}()
	}
}

// profileName returns the name of a file: case3-1000-bare-daemonset-kube-scheduler-cpu.pprof.
func profileName(r *result, program, kind string) string {
	contender := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(r.Contender), ",", ""), " ", "-")
	return fmt.Sprintf("case%s-%d-%s-%s-%s.pprof", r.Case, r.Nodes, contender, program, kind)
}

// profiledComponents returns the components of the cluster. All but the API server listen
// on ports that their flags say.
func (e *env) profiledComponents() ([]profiled, error) {
	programs := []profiled{{"kube-apiserver", e.http, e.url}}
	for component, address := range map[string]func(args []string) string{
		"etcd":                    func(args []string) string { return flagOf(args, "listen-client-urls") },
		"kube-controller-manager": localPort, "kube-scheduler": localPort,
	} {
		pids, err := e.cluster.Processes(component)
		if err != nil {
			return programs, err
		}
		for _, pid := range pids {
			line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
			if err != nil {
				return programs, err
			}
			if at := address(strings.Split(string(line), "\x00")); at != "" {
				programs = append(programs, profiled{component, e.local, at})
			}
		}
	}
	return programs, nil
}

func localPort(args []string) string {
	if port := flagOf(args, "secure-port"); port != "" {
		return "https://127.0.0.1:" + port
	}
	return ""
}

// flagOf returns the value of a flag on a command line, and nothing if it is not there.
func flagOf(args []string, name string) string {
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

// save downloads an address into a file, and leaves none if that fails.
func save(ctx context.Context, client *http.Client, address, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := errors.Join(read(ctx, client, address, file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(name)) // An incomplete profile is none.
	}
	return nil
}

// read copies the content of an address to a writer.
func read(ctx context.Context, client *http.Client, address string, to io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // The body was only read.
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, answer.Status)
	}
	_, err = io.Copy(to, answer.Body)
	return err
}
