# The image holds one program, /manager, and /terminator as a link to it. `make docker-build`
# compiles it first, for the platform of the image, so the build needs no compiler.
# The builder sets TARGETARCH; a default value here would override it.
ARG BASE_IMAGE=scratch
FROM ${BASE_IMAGE}
ARG TARGETARCH
LABEL org.opencontainers.image.title="daemonset-job" \
      org.opencontainers.image.description="Runs a container once on every node of a Kubernetes cluster" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/darkowlzz/daemonset-job"
# COPY of a folder keeps the link. COPY of the link would copy the program a second time.
COPY bin/linux_${TARGETARCH:-amd64}/operator /
USER 65532:65532
ENTRYPOINT ["/manager"]
