package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// split separates the package from the others of a catalogue on standard input, which
// are kept as they are.
func split(args []string) error {
	f := flag.NewFlagSet("split", flag.ContinueOnError)
	packageName := f.String("package", "daemonset-job", "name of the `package`")
	own := f.String("own", "", "`file` for the package")
	others := f.String("others", "", "`file` for the other packages")
	if err := f.Parse(args); err != nil {
		return err
	}
	ours, rest, err := separate(os.Stdin, *packageName)
	if err != nil {
		return err
	}
	for file, text := range map[string][]byte{*own: ours, *others: rest} {
		if len(text) == 0 {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// separate returns the documents of the package, and those of others.
func separate(stream io.Reader, packageName string) (ours, rest []byte, err error) {
	for document, err := range documents(stream) {
		if err != nil {
			return nil, nil, err
		}
		meta := struct{ Schema, Name, Package string }{}
		if err := yaml.Unmarshal(document, &meta); err != nil {
			return nil, nil, err
		}
		into := &rest
		if meta.Package == packageName || meta.Schema == schemaPackage && meta.Name == packageName {
			into = &ours
		}
		*into = append(append(*into, "---\n"...), bytes.TrimPrefix(document, []byte("---\n"))...)
	}
	return ours, rest, nil
}
