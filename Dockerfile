# One image holds both binaries. `make docker-build` compiles them first, for the
# platform of the image, so that no compiler is needed in here. TARGETARCH is set
# by the builder; a default of ours would beat it.
ARG BASE_IMAGE=gcr.io/distroless/static:nonroot
FROM ${BASE_IMAGE}
ARG TARGETARCH
LABEL org.opencontainers.image.title="daemonset-job" \
      org.opencontainers.image.description="Runs a container once on every node of a Kubernetes cluster" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/darkowlzz/daemonset-job"
COPY bin/linux_${TARGETARCH:-amd64}/manager bin/linux_${TARGETARCH:-amd64}/terminator /
USER 65532:65532
ENTRYPOINT ["/manager"]
