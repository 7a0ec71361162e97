# The Helm chart: what of it is generated, its package, and its tests.

CHART := charts/daemonset-job
# What the operator may do, in config/rbac. Other roles there are for people and for Prometheus.
CHART_ROLES := role node_reader_role guard_reader_role deployment_reader_role leader_election_role metrics_auth_role

##@ Distribution with Helm

.PHONY: chart-files
chart-files: manifests ## Copy what the Helm chart has of config/, and document its values.
	rm -rf $(CHART)/files
	mkdir -p $(CHART)/files/crds $(CHART)/files/guard $(CHART)/files/rbac $(CHART)/files/userroles $(CHART)/files/prometheus
	cp config/crd/bases/*.yaml $(CHART)/files/crds/
	cp config/guard/policy.yaml config/guard/policy_binding.yaml $(CHART)/files/guard/
	cp $(CHART_ROLES:%=config/rbac/%.yaml) $(CHART)/files/rbac/
	cp config/rbac/*_editor_role.yaml config/rbac/*_viewer_role.yaml config/rbac/metrics_reader_role.yaml $(CHART)/files/userroles/
	cp config/prometheus/rules.yaml $(CHART)/files/prometheus/
	sed -i 's/^version: .*/version: $(VERSION)/; s/^appVersion: .*/appVersion: $(VERSION)/' $(CHART)/Chart.yaml
	go run ./hack/chart $(CHART)

# The time of the commit, which Helm writes into the archive: the same commit makes the same bytes.
.PHONY: chart
chart: $(HELM) chart-files ## Write dist/daemonset-job-VERSION.tgz, the chart with the images of this build.
	rm -rf bin/chart && mkdir -p bin/chart dist
	cp -r $(CHART) bin/chart/
	sed -i 's|^  repository: .*|  repository: $(IMAGE_TAG_BASE)|; s|^pauseImage: .*|pauseImage: $(PAUSE_IMG)|' bin/chart/daemonset-job/values.yaml
	go run ./hack/chart bin/chart/daemonset-job
	SOURCE_DATE_EPOCH="$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)}" \
		$(HELM) package --version $(VERSION) --app-version $(VERSION) --destination dist bin/chart/daemonset-job

.PHONY: test-chart
test-chart: $(HELM) $(KUSTOMIZE) ## Check the Helm chart with Helm: lint, its rendering and its values.
	$(HELM) lint --strict $(CHART)
	HELM=$(HELM) KUSTOMIZE=$(KUSTOMIZE) KUBEBUILDER_ASSETS= go -C test test -count=1 -shuffle=on ./chart

.PHONY: test-chart-releases
test-chart-releases: $(HELM) $(KUSTOMIZE) ## The same with releases of the chart on API servers, one for each test.
	KUBEBUILDER_ASSETS="$$($(MAKE) -s kubernetes)" HELM=$(HELM) KUSTOMIZE=$(KUSTOMIZE) go -C test test -count=1 -shuffle=on ./chart

.PHONY: test-helm
test-helm: $(HELM) ## Install, upgrade and uninstall the operator with Helm on the local cluster.
	HELM=$(HELM) hack/test-helm.sh
