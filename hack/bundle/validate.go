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

// kubernetesVersions are the versions that the bundle is checked for: the oldest
// supported one, and the newest one that the validators know.
var kubernetesVersions = []string{"1.30", "1.37"}

// validateDir checks the bundle in a folder with every validator. A warning counts as
// an error.
func validateDir(args []string) error {
	f := flag.NewFlagSet("validate", flag.ContinueOnError)
	inspect := f.String("inspect-images", "", "`tool`, docker or podman, that pulls the images to check their platforms (default: no check of platforms)")
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
	fmt.Printf("%s: no problems found\n", folder)
	return nil
}

// validators returns all validators. The validator for platforms pulls every image with
// the tool, and is skipped without one.
func validators(tool string) validator.Validators {
	all := slices.Clone(validation.AllValidators)
	if tool != "" {
		return all
	}
	return slices.DeleteFunc(all, func(v validator.Validator) bool {
		return reflect.ValueOf(v).Pointer() == reflect.ValueOf(validation.MultipleArchitecturesValidator).Pointer()
	})
}

// validate validates the bundle in its root folder. In the folder of the manifests, the
// validators would not find the channels.
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
