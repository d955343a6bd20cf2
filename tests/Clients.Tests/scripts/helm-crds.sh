#!/usr/bin/env bash
# The life of a release that brings its own kind, and objects of it. Usage: helm-crds.sh HELM NAMESPACE CHART
set -euo pipefail
helm=$1 namespace=$2 chart=$3
h() { "$helm" -n "$namespace" "$@"; }
says() {
    local wanted=$1 said; shift
    said=$("$@" 2>&1) || true
    [[ $said == *"$wanted"* ]] || { echo "not so: $* says '$wanted' but: $said" >&2; exit 1; }
}

h install gull "$chart" --create-namespace --wait --timeout 180s
says "deployed" h status gull
h upgrade gull "$chart" --set masts=3 --wait --timeout 180s
says "masts: 3" h get manifest gull
says "should be less than or equal to 5" h upgrade gull "$chart" --set masts=9 --wait --timeout 180s
says "failed" h history gull
h rollback gull 2 --wait --timeout 180s
says "Rollback to 2" h history gull
h uninstall gull --wait --timeout 180s
says "not found" h status gull

# Helm leaves definitions where they are: a second release finds its own.
h install tern "$chart" --set masts=2 --wait --timeout 180s
h uninstall tern --wait --timeout 180s
echo "helm is content"
