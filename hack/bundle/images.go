package main

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	corev1 "k8s.io/api/core/v1"
)

// imageRef is a place in the objects that names an image.
type imageRef struct {
	// name is the name of the image among the related images. It is empty for an
	// image that a cluster needs for scorecard alone.
	name  string
	image string
	set   func(image string)
}

// relatedImagePrefix begins the name of each environment variable that holds an image
// which the operator runs. OLM's tools expect this prefix.
const relatedImagePrefix = "RELATED_IMAGE_"

// imageRefs returns all places that name an image: in Deployments, in custom resources,
// which become examples, and in scorecard's configuration.
func (m *objects) imageRefs() []imageRef {
	var refs []imageRef
	for i := range m.deployments {
		pod := &m.deployments[i].Spec.Template.Spec
		for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
			for j := range containers {
				refs = append(refs, containerImages(&containers[j])...)
			}
		}
	}
	for _, object := range m.customResources() {
		refs = append(refs, fieldImages(object.Object, repositoryName)...)
	}
	if m.scorecard != nil {
		refs = append(refs, fieldImages(m.scorecard.Object, func(string) string { return "" })...)
	}
	return refs
}

// containerImages returns the image of a container and those in its environment.
func containerImages(c *corev1.Container) []imageRef {
	refs := []imageRef{{c.Name, c.Image, func(image string) { c.Image = image }}}
	for i := range c.Env {
		env := &c.Env[i]
		if name, ok := strings.CutPrefix(env.Name, relatedImagePrefix); ok {
			name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
			refs = append(refs, imageRef{name, env.Value, func(image string) { env.Value = image }})
		}
	}
	return refs
}

// fieldImages returns the images in all fields called image of a decoded object.
func fieldImages(value any, nameOf func(image string) string) []imageRef {
	var refs []imageRef
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if image, ok := value[key].(string); ok && key == "image" {
				refs = append(refs, imageRef{nameOf(image), image, func(image string) { value[key] = image }})
				continue
			}
			refs = append(refs, fieldImages(value[key], nameOf)...)
		}
	case []any:
		for _, item := range value {
			refs = append(refs, fieldImages(item, nameOf)...)
		}
	}
	return refs
}

// repositoryName returns the last part of the name of an image's repository.
func repositoryName(image string) string {
	repository, _, _ := strings.Cut(path.Base(image), "@")
	repository, _, _ = strings.Cut(repository, ":")
	return repository
}

// relatedImages returns all images that users of the operator need, for those who mirror
// them. Each image is listed once, by its full name. The operator's own image has the
// name of the first container that uses it.
func (m *objects) relatedImages() ([]v1alpha1.RelatedImage, error) {
	var images []v1alpha1.RelatedImage
	known := map[string]bool{}
	for _, ref := range m.imageRefs() {
		full, err := fullName(ref.image)
		if err != nil {
			return nil, err
		}
		if ref.name == "" || known[full] {
			continue
		}
		known[full] = true
		images = append(images, v1alpha1.RelatedImage{Name: ref.name, Image: full})
	}
	return images, nil
}

// fullName returns an image's name with its registry's host and its tag or digest, as
// container runtimes complete it.
func fullName(image string) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", image, err)
	}
	host, separator := ref.Context().RegistryStr(), ":"
	if host == name.DefaultRegistry {
		host = "docker.io"
	}
	if _, digest := ref.(name.Digest); digest {
		separator = "@"
	}
	return host + "/" + ref.Context().RepositoryStr() + separator + ref.Identifier(), nil
}
