// Command licences writes the licences of all modules in a program, and of Go itself,
// into one file. Most of them ask that whoever passes on the program passes on the text.
//
// Usage: licences PROGRAM FILE
package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: licences PROGRAM FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "licences: %v\n", err)
		os.Exit(1)
	}
}

func write(program, file string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	folders, err := modules(info)
	if err != nil {
		return err
	}
	text, err := collect(folders)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// module is a module of a program, and the folder of its source.
type module struct{ name, folder string }

// modules returns the modules of a program from the module cache, and Go.
func modules(info *debug.BuildInfo) ([]module, error) {
	all := []module{}
	var names []string
	for _, dependency := range info.Deps {
		if dependency.Replace != nil {
			dependency = dependency.Replace
		}
		// A folder of this project. The image has the licence of the project in a file of its own.
		if strings.HasPrefix(dependency.Path, ".") {
			continue
		}
		names = append(names, dependency.Path+"@"+dependency.Version)
	}
	root, err := goCommand("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	all = append(all, module{info.GoVersion, strings.TrimSpace(string(root))})
	folders, err := download(names)
	if err != nil {
		return nil, err
	}
	return append(all, folders...), nil
}

// collect returns the licences of the modules. A text that several have is in it once.
func collect(all []module) ([]byte, error) {
	holders := map[string][]string{}
	for _, m := range all {
		texts, err := licencesIn(m.folder)
		if err != nil {
			return nil, err
		}
		if len(texts) == 0 {
			return nil, fmt.Errorf("%s has no licence in %s: it must not be in an image", m.name, m.folder)
		}
		for name, text := range texts {
			holders[text] = append(holders[text], m.name+" "+name)
		}
	}
	texts := make([]string, 0, len(holders))
	for text := range holders {
		slices.Sort(holders[text])
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int { return cmp.Compare(holders[a][0], holders[b][0]) })
	out := bytes.Buffer{}
	for _, text := range texts {
		fmt.Fprintf(&out, "%s\n%s\n\n%s\n\n", strings.Repeat("=", 80), strings.Join(holders[text], "\n"), text)
	}
	return out.Bytes(), nil
}
