package pipelines

import (
	_ "embed"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// The schemas hold what operatorcert/schemas/ci-schema.json and release-config-schema.json
// of operator-pipelines demand.
var (
	//go:embed schemas/ci.yaml
	ciSchema []byte
	//go:embed schemas/release-config.yaml
	releaseSchema []byte
)

func configSchema(o *Operator, _ *Version) error { return fits(o.config, ciSchema, "ci.yaml") }

func releaseConfigSchema(_ *Operator, v *Version) error {
	if v.release == nil {
		return nil
	}
	return fits(v.release, releaseSchema, "release-config.yaml")
}

// fits checks that the content of a file fits into a schema.
func fits(content map[string]any, text []byte, file string) error {
	schema := &apiextensionsv1.JSONSchemaProps{}
	if err := yaml.UnmarshalStrict(text, schema); err != nil {
		return err
	}
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schema, internal, nil); err != nil {
		return err
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return err
	}
	return validation.ValidateCustomResource(field.NewPath(file), content, validator).ToAggregate()
}
