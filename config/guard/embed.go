// Package guard holds the manifests of the admission policy that limits who may write Jobs.
// They are here once: kustomize reads the files, and the operator embeds them.
package guard

import _ "embed"

// Policy is the manifest of the ValidatingAdmissionPolicy.
//
//go:embed policy.yaml
var Policy []byte

// Binding is the manifest of the ValidatingAdmissionPolicyBinding.
//
//go:embed policy_binding.yaml
var Binding []byte
