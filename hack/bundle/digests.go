package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// disconnected is the annotation that says whether the operator can be installed from
// mirrored images alone. Mirrors that OLM's tools make serve images by digest.
const disconnected = "features.operators.openshift.io/disconnected"

// pinned returns whether all images are named by digest.
func (m *objects) pinned() bool {
	for _, ref := range m.imageRefs() {
		if !hasDigest(ref.image) {
			return false
		}
	}
	return true
}

func hasDigest(image string) bool {
	_, err := name.NewDigest(image)
	return err == nil
}

// pin names all images by digest. If the registry lacks one of them, pin changes none,
// and its error has all that are missing. digestOf is called with full names.
func (m *objects) pin(digestOf func(image string) (string, error)) error {
	refs, digests := m.imageRefs(), map[string]string{}
	full := make([]string, len(refs))
	var missing []error
	for i, ref := range refs {
		var err error
		if full[i], err = fullName(ref.image); err != nil {
			return err
		}
		if _, known := digests[full[i]]; known || hasDigest(ref.image) {
			continue
		}
		if digests[full[i]], err = digestOf(full[i]); err != nil {
			missing = append(missing, fmt.Errorf("no digest of %s: %w", full[i], err))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w\npush these images first, or name them by digest yourself, as in IMG=…@sha256:…", errors.Join(missing...))
	}
	for i, ref := range refs {
		if digest, ok := digests[full[i]]; ok {
			ref.set(digest)
		}
	}
	return nil
}

// registryTimeout bounds how long a registry may take for one image.
const registryTimeout = time.Minute

// digestFrom returns a function that asks a registry for the digest of an image with a
// full name, and returns the name with it. With an empty mirror it is the image's own
// registry. The digest of an image for several platforms is that of their list.
func digestFrom(mirror string) func(image string) (string, error) {
	return func(image string) (string, error) {
		host, path, _ := strings.Cut(image, "/")
		if mirror != "" {
			host = mirror
		}
		asked, err := name.ParseReference(host + "/" + path)
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(context.Background(), registryTimeout)
		defer cancel()
		found, err := remote.Get(asked, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
		if err != nil {
			return "", err
		}
		return strings.TrimSuffix(image, ":"+asked.Identifier()) + "@" + found.Digest.String(), nil
	}
}
