package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profileSeconds is how long the use of processors is profiled.
const profileSeconds = 10

// profile writes what the binaries' processors were used for during the next
// seconds, and their memory after that, to a folder, for go tool pprof.
func profile(ctx context.Context, folder, name string) {
	for binary, address := range map[string]string{"manager": managerProfiles, "terminator": terminatorProfiles} {
		go func() {
			for _, of := range []struct{ kind, path string }{
				{"cpu", fmt.Sprintf("profile?seconds=%d", profileSeconds)}, {"heap", "heap"},
			} {
				file := filepath.Join(folder, fmt.Sprintf("%s-%s-%s.pprof", name, binary, of.kind))
				if err := save(ctx, "http://"+address+"/debug/pprof/"+of.path, file); err != nil {
					fmt.Fprintf(os.Stderr, "no profile %s: %v\n", file, err)
				}
			}
		}()
	}
}

// save what is at an address in a file.
func save(ctx context.Context, address, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // It was only read.
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}
