// Command olmv1 takes the steps of OLM v1 that come before it writes to a cluster, by
// OLM v1's own code: it resolves a ClusterExtension to a bundle of a catalogue, and
// renders a bundle to the objects that OLM v1 applies.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	ocv1 "github.com/operator-framework/operator-controller/api/v1"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"
)

func main() {
	ctrllog.SetLogger(klog.Background())
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "olmv1:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	f := flag.NewFlagSet("olmv1", flag.ContinueOnError)
	file := f.String("extension", "", "`file` of the ClusterExtension")
	installed := f.String("installed", "", "`version` that is installed and is to be upgraded")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 2 {
		return errors.New("usage: olmv1 -extension FILE [-installed VERSION] resolve CATALOG | render BUNDLE")
	}
	extension, err := readExtension(*file)
	if err != nil {
		return err
	}
	folder := os.DirFS(f.Arg(1))
	switch f.Arg(0) {
	case "resolve":
		bundle, err := resolveBundle(context.Background(), extension, folder, *installed)
		if err != nil {
			return err
		}
		fmt.Println(bundle.Name, bundle.Image)
		return nil
	case "render":
		objects, err := renderBundle(extension, folder)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	default:
		return fmt.Errorf("no such command: %s", f.Arg(0))
	}
}

// readExtension reads a ClusterExtension, and refuses fields that OLM v1 does not know.
func readExtension(file string) (*ocv1.ClusterExtension, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	extension := &ocv1.ClusterExtension{}
	if err := yaml.UnmarshalStrict(data, extension); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return extension, nil
}
