package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/operator-framework/api/pkg/manifests"
	"github.com/operator-framework/api/pkg/validation"
	validator "github.com/operator-framework/api/pkg/validation/interfaces"
)

// kubernetesVersions are those that a bundle is looked at for: the oldest that it
// may be installed on, and the newest that the validators know changes of.
var kubernetesVersions = []string{"1.30", "1.37"}

// validateDir looks at the bundle in a folder with every validator there is. A
// warning is as good as an error.
func validateDir(args []string) error {
	f := flag.NewFlagSet("validate", flag.ContinueOnError)
	inspect := f.String("inspect-images", "", "`tool`, docker or podman, that pulls the images to look at their platforms (default: they are not looked at)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return errors.New("usage: bundle validate [-inspect-images TOOL] DIR")
	}
	folder := f.Arg(0)
	problems, err := validate(folder, *inspect)
	if err != nil {
		return err
	}
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, problem)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d problems in %s", len(problems), folder)
	}
	fmt.Printf("%s: nothing to complain of\n", folder)
	return nil
}

// validators are all there are. The one for platforms pulls every image, with the
// tool to inspect them; without one it is left out.
func validators(tool string) validator.Validators {
	all := slices.Clone(validation.AllValidators)
	if tool != "" {
		return all
	}
	return slices.DeleteFunc(all, func(v validator.Validator) bool {
		return reflect.ValueOf(v).Pointer() == reflect.ValueOf(validation.MultipleArchitecturesValidator).Pointer()
	})
}

// validate the bundle in a folder, its root: given the folder of the manifests,
// the channels would never be looked at.
func validate(folder, tool string) (problems []string, err error) {
	bundle, err := manifests.GetBundleFromDir(folder)
	if err != nil {
		return nil, err
	}
	for _, version := range kubernetesVersions {
		settings := map[string]string{"k8s-version": version, "container-tools": tool}
		for _, result := range validators(tool).Validate(append(bundle.ObjectsToValidate(), settings)...) {
			for _, problem := range append(result.Errors, result.Warnings...) {
				line := fmt.Sprintf("%s: %s: %s", problem.Level, result.Name, problem.Detail)
				if !slices.Contains(problems, line) {
					problems = append(problems, line)
				}
			}
		}
	}
	return problems, nil
}
