package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// licence matches the files that hold a licence or a notice which it asks to pass on.
var licence = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying|notice|patents)([-._].*)?$`)

// licencesIn returns the texts of the licences in a module by their path in it. A folder
// of the module may have one of its own, as copied code does.
func licencesIn(folder string) (map[string]string, error) {
	texts, files := map[string]string{}, os.DirFS(folder)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (entry.Name() == "testdata" || entry.Name() == "vendor" || strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if entry.IsDir() || !licence.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".go") {
			return nil
		}
		data, err := fs.ReadFile(files, path)
		texts[path] = strings.TrimSpace(string(data))
		return err
	})
	return texts, err
}

// download returns the folders of modules, which go downloads if they are not there.
func download(names []string) ([]module, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := goCommand(append([]string{"mod", "download", "-json"}, names...)...)
	if err != nil {
		return nil, err
	}
	var all []module
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		found := struct{ Path, Version, Dir string }{}
		switch err := decoder.Decode(&found); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, module{found.Path + " " + found.Version, found.Dir})
	}
}

func goCommand(args ...string) ([]byte, error) {
	command := exec.Command("go", args...) //nolint:gosec // Its arguments are modules of a program that was built here.
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(args[:2], " "), err)
	}
	return out, nil
}
