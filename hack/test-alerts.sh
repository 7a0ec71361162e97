#!/usr/bin/env bash
# Checks the alerts of config/prometheus and config/kube-state-metrics, and tests them with
# promtool. The dashboard of config/grafana is checked with them: its expressions are parsed.
. "$(dirname "$0")/lib.sh"

promtool="$(find_program promtool prometheus)"
jsonnet="$(find_program jsonnet jsonnet)"
rm -rf bin/alerts
mkdir -p bin/alerts
cp test/alerts/*.yaml bin/alerts/
# A PrometheusRule has in its spec what promtool reads from a file.
sed '1,/^spec:$/d; s/^  //' config/prometheus/rules.yaml >bin/alerts/rules.yaml
sed '1,/^spec:$/d; s/^  //' config/kube-state-metrics/rules.yaml >bin/alerts/objects.yaml
"$jsonnet" test/alerts/stock.jsonnet >bin/alerts/stock.yaml
"$jsonnet" test/alerts/dashboard.jsonnet >bin/alerts/dashboard.yaml
"$promtool" check rules bin/alerts/{rules,objects,dashboard}.yaml
"$promtool" test rules bin/alerts/*_test.yaml
