package main

import (
	"context"
	"fmt"
	"io/fs"

	ocv1 "github.com/operator-framework/operator-controller/api/v1"
	"github.com/operator-framework/operator-controller/internal/operator-controller/resolve"
	"github.com/operator-framework/operator-registry/alpha/declcfg"
	"go.podman.io/image/v5/docker/reference"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// resolveBundle returns the bundle that OLM v1 installs for an extension from a file-based
// catalogue, or to which it upgrades an installed version. OLM v1 pulls no image whose
// name lacks a registry.
func resolveBundle(ctx context.Context, extension *ocv1.ClusterExtension, catalogue fs.FS, installed string) (*declcfg.Bundle, error) {
	content, err := declcfg.LoadFS(ctx, catalogue)
	if err != nil {
		return nil, err
	}
	resolver := resolve.CatalogResolver{
		WalkCatalogsFunc: func(ctx context.Context, _ string, see resolve.CatalogWalkFunc, _ ...client.ListOption) error {
			return see(ctx, &ocv1.ClusterCatalog{ObjectMeta: metav1.ObjectMeta{Name: "catalogue"}}, content, nil)
		},
		Validations: []resolve.ValidationFunc{resolve.NoDependencyValidation},
	}
	var from *ocv1.BundleMetadata
	if installed != "" {
		from = &ocv1.BundleMetadata{Name: extension.Spec.Source.Catalog.PackageName + ".v" + installed, Version: installed}
	}
	bundle, _, _, err := resolver.Resolve(ctx, extension, from)
	if err != nil {
		return nil, err
	}
	if _, err := reference.ParseNamed(bundle.Image); err != nil {
		return nil, fmt.Errorf("image %q of %s: %w", bundle.Image, bundle.Name, err)
	}
	return bundle, nil
}
