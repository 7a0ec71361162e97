# Serves the file-based catalogue of catalog/ to OLM. The base image has /bin/opm.
ARG BASE_IMAGE=quay.io/operator-framework/opm:v1.73.0
FROM ${BASE_IMAGE}
ENTRYPOINT ["/bin/opm"]
CMD ["serve", "/configs", "--cache-dir=/tmp/cache"]
ARG CATALOG_DIR=catalog
COPY ${CATALOG_DIR} /configs
RUN ["/bin/opm", "serve", "/configs", "--cache-dir=/tmp/cache", "--cache-only"]
LABEL operators.operatorframework.io.index.configs.v1=/configs
