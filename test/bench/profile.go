package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profileSeconds is how long a CPU profile takes.
const profileSeconds = 20

// profile writes CPU and memory profiles of both binaries and of the API server to a
// folder, for go tool pprof. It does so in the background while the case runs. An empty
// folder means no profiles.
func (e *env) profile(ctx context.Context, folder string, r *result) {
	if folder == "" {
		return
	}
	for _, program := range []struct {
		name    string
		client  *http.Client
		address string
	}{
		{"kube-apiserver", e.http, e.url},
		{"manager", http.DefaultClient, "http://" + managerProfiles},
		{"terminator", http.DefaultClient, "http://" + terminatorProfiles},
	} {
		go func() {
			for _, of := range []struct{ kind, path string }{
				{"cpu", fmt.Sprintf("profile?seconds=%d", profileSeconds)}, {"heap", "heap"},
			} {
				name := fmt.Sprintf("case%s-%d-%s-%s.pprof", r.Case, r.Nodes, program.name, of.kind)
				if err := save(ctx, program.client, program.address+"/debug/pprof/"+of.path, filepath.Join(folder, name)); err != nil {
					fmt.Fprintf(os.Stderr, "Failed to write profile %s: %v\n", name, err)
				}
			}
		}()
	}
}

// save downloads an address into a file.
func save(ctx context.Context, client *http.Client, address, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(read(ctx, client, address, file), file.Close())
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
