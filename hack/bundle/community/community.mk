# What is submitted to the repositories from which OperatorHub takes community operators.

##@ Community repositories

# Where the repositories' folders are written: a folder with your clones of both, or any other.
COMMUNITY_DIR ?= bin/community
# GitHub users whose submissions the pipelines merge.
REVIEWERS ?= darkowlzz
# The newest OpenShift that has a catalogue, and the template that catalogues are made
# from: basic keeps the channels, semver makes stable-v0 and so on of them.
OPENSHIFT ?= v4.22
CATALOG_TEMPLATE ?= basic
# The repositories that get file-based catalogues. Not community-operators yet: its
# pipeline takes each folder of an operator for a version.
COMMUNITY_FBC ?= community-operators-prod

.PHONY: community
community: ## Write what is submitted to community-operators and community-operators-prod, and check it by their pipelines' rules.
	$(BUNDLE_TOOL) community $(RELEASE) -bundle $(abspath $(BUNDLE_DIR)) -catalog $(abspath $(CATALOG_DIR))/daemonset-job/catalog.yaml \
		-reviewers $(REVIEWERS) -openshift $(OPENSHIFT) -template $(CATALOG_TEMPLATE) -fbc "$(COMMUNITY_FBC)" -output $(abspath $(COMMUNITY_DIR))
