#!/usr/bin/env bash
# Prints the manifests of a folder of config/ with the images of this build (IMG,
# PAUSE_IMG and SCORECARD_IMG) instead of the committed ones. It does not change the
# committed files.
. "$(dirname "$0")/lib.sh"

overlay="$(mktemp -d -p config overlay.XXXXXX)"
trap 'rm -rf "$overlay"' EXIT
# kustomize finds the images of containers by itself. It must be told of this one.
cat >"$overlay/images.yaml" <<-END
	images:
	- path: stages/tests/image
	  kind: Configuration
END
cat >"$overlay/kustomization.yaml" <<-END
	resources: [../$1]
	configurations: [images.yaml]
	patches:
	- target:
	    kind: Deployment
	  patch: |-
	    apiVersion: apps/v1
	    kind: Deployment
	    metadata:
	      name: any
	    spec:
	      template:
	        spec:
	          containers:
	          - name: manager
	            env:
	            - name: RELATED_IMAGE_PAUSE
	              value: $PAUSE_IMG
END
name="$(sed -n 's/^  newName: //p' config/manager/kustomization.yaml)"
(cd "$overlay" && "$KUSTOMIZE" edit set image "$name=$IMG" "$name-scorecard=$SCORECARD_IMG")
"$KUSTOMIZE" build "$overlay"
