// Command chart documents the values of the Helm chart, from the comments of its values.yaml:
// in the table of its README.md, and in the descriptions of its values.schema.json.
//
// Usage: chart FOLDER, where FOLDER has the three files.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: chart FOLDER")
		os.Exit(2)
	}
	if err := document(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// document rewrites README.md and values.schema.json of a folder.
func document(folder string) error {
	data, err := os.ReadFile(filepath.Join(folder, "values.yaml"))
	if err != nil {
		return err
	}
	values, err := parse(data)
	if err != nil {
		return fmt.Errorf("values.yaml: %w", err)
	}
	for file, change := range map[string]func([]byte, []value) ([]byte, error){"README.md": withTable, "values.schema.json": withDescriptions} {
		path := filepath.Join(folder, file)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changed, err := change(data, values)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := os.WriteFile(path, changed, 0o644); err != nil {
			return err
		}
	}
	return nil
}
