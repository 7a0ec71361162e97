package main

import (
	"errors"
	"io/fs"

	ocv1 "github.com/operator-framework/operator-controller/api/v1"
	"github.com/operator-framework/operator-controller/internal/operator-controller/config"
	"github.com/operator-framework/operator-controller/internal/operator-controller/rukpak/bundle/source"
	"github.com/operator-framework/operator-controller/internal/operator-controller/rukpak/render"
	"github.com/operator-framework/operator-controller/internal/operator-controller/rukpak/render/registryv1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// renderBundle returns the objects that OLM v1 applies for a bundle. It refuses what OLM v1
// refuses, and webhooks too, since those need cert-manager under OLM v1.
func renderBundle(extension *ocv1.ClusterExtension, folder fs.FS) ([]client.Object, error) {
	bundle, err := source.FromFS(folder).GetBundle()
	if err != nil {
		return nil, err
	}
	if len(bundle.CSV.Spec.APIServiceDefinitions.Owned)+len(bundle.CSV.Spec.WebhookDefinitions) > 0 {
		return nil, errors.New("the bundle has API services or webhooks")
	}
	schema, err := bundle.GetConfigSchema()
	if err != nil {
		return nil, err
	}
	var inline []byte
	if c := extension.Spec.Config; c != nil && c.Inline != nil {
		inline = c.Inline.Raw
	}
	settings, err := config.UnmarshalConfig(inline, schema, extension.Spec.Namespace)
	if err != nil {
		return nil, err
	}
	var options []render.Option
	if watched := settings.GetWatchNamespace(); watched != nil {
		options = append(options, render.WithTargetNamespaces(*watched))
	}
	return registryv1.Renderer.Render(bundle, extension.Spec.Namespace, options...)
}
