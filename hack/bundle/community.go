package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/operator-framework/api/pkg/manifests"

	"github.com/darkowlzz/daemonset-job/hack/bundle/community"
	"github.com/darkowlzz/daemonset-job/hack/bundle/openshift"
	"github.com/darkowlzz/daemonset-job/hack/bundle/pipelines"
)

var repositories = []community.Repository{community.OperatorHub, community.OpenShift}

// submission holds what is submitted, and where it is written.
type submission struct {
	community.Release
	// output holds a folder for each repository, and fbc the names of those that get
	// catalogue templates.
	output string
	fbc    []string
}

// submit writes the release for the repositories of community operators, and checks it
// by the rules of their pipelines.
func submit(args []string) error {
	f := newFlags("community")
	s := &submission{}
	f.StringVar(&s.Bundle, "bundle", "", "`folder` of the bundle")
	f.StringVar(&s.output, "output", "", "`folder` with a folder for each repository")
	file := f.String("catalog", "", "`file` of the project's own catalogue")
	template := f.String("template", "basic", "`kind` of the template that catalogues are made from: basic or semver")
	fbc := f.String("fbc", "", "comma separated `repositories` that get catalogue templates")
	reviewers := f.String("reviewers", "", "comma separated `users` of GitHub")
	newest := f.String("openshift", "", "newest `version` of OpenShift that has a catalogue")
	if err := f.Parse(args); err != nil {
		return err
	}
	r, err := f.release()
	if err != nil {
		return err
	}
	s.Package, s.Version, s.Template = r.packageName, r.version.String(), *template+".yaml"
	s.Reviewers, s.fbc = list(*reviewers), list(*fbc)
	for _, name := range s.fbc {
		if !slices.ContainsFunc(repositories, func(r community.Repository) bool { return r.Name == name }) {
			return fmt.Errorf("-fbc %q: there is no such repository", name)
		}
	}
	if s.LastOpenShift, err = openshift.Minor(*newest); err != nil {
		return err
	}
	if err := s.useBundle(); err != nil {
		return err
	}
	if err := s.useCatalog(*file); err != nil {
		return err
	}
	return s.write()
}

// list returns the parts of a comma separated list, which can be empty.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// useBundle reads which versions of OpenShift can run the operator.
func (s *submission) useBundle() error {
	bundle, err := manifests.GetBundleFromDir(s.Bundle)
	if err != nil {
		return err
	}
	s.FirstOpenShift, err = openshift.First(bundle.CSV.Spec.MinKubeVersion)
	return err
}

// useCatalog reads the channels and their upgrades.
func (s *submission) useCatalog(file string) error {
	catalogue, err := readCatalog(file)
	if err != nil {
		return err
	}
	for i := range catalogue {
		switch b := &catalogue[i]; b.Schema {
		case schemaPackage:
			s.DefaultChannel, s.Description, s.Icon = b.DefaultChannel, b.Description, (*community.Icon)(b.Icon)
		case schemaChannel:
			channel := community.Channel{Name: b.Name}
			for _, e := range b.Entries {
				channel.Entries = append(channel.Entries, community.Entry(e))
			}
			s.Channels = append(s.Channels, channel)
		}
	}
	return nil
}

func (s *submission) write() error {
	var problems []error
	for _, repository := range repositories {
		repository.FBC = slices.Contains(s.fbc, repository.Name)
		if err := s.Write(s.output, &repository); err != nil {
			return err
		}
		folder := community.Operator(s.output, &repository, s.Package)
		if err := s.check(folder, repository.Name); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", folder, err))
			continue
		}
		fmt.Printf("%s: version %s can be submitted\n", folder, s.Version)
	}
	return errors.Join(problems...)
}

// check checks an operator's folder as a pipeline does. Both pipelines run
// `operator-sdk bundle validate`, whose validators are those of `make bundle-validate`.
func (s *submission) check(folder, repository string) error {
	invalid, err := validate(folder+"/"+s.Version, "")
	if err != nil {
		return err
	}
	problems := []error{pipelines.Check(folder, s.Version, repository)}
	for _, problem := range invalid {
		problems = append(problems, errors.New(problem))
	}
	return errors.Join(problems...)
}
