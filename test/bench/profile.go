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

// profileSeconds is how long the use of processors is profiled.
const profileSeconds = 20

// profile writes what the processors are used for by the binaries and the API server during the next
// seconds, and their memory after that, to a folder, for go tool pprof. An empty
// folder is for none.
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
					fmt.Fprintf(os.Stderr, "no profile %s: %v\n", name, err)
				}
			}
		}()
	}
}

// save what is at an address in a file.
func save(ctx context.Context, client *http.Client, address, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(read(ctx, client, address, file), file.Close())
}

// read what is at an address.
func read(ctx context.Context, client *http.Client, address string, to io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // It was only read.
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, answer.Status)
	}
	_, err = io.Copy(to, answer.Body)
	return err
}
