#!/usr/bin/env bash
# The life of a release whose chart brings what charts bring: hooks, roles, an Ingress, an autoscaler, a budget, policies and Jobs.
# Usage: helm.sh HELM NAMESPACE CHART
set -euo pipefail
helm=$1 namespace=$2 chart=$3
h() { "$helm" -n "$namespace" "$@"; }
says() { local wanted=$1; shift; local said; said=$("$@" 2>&1) || true; [[ $said == *"$wanted"* ]] || { echo "not so: $* says '$wanted' but: $said" >&2; exit 1; }; }

h install shop "$chart" --create-namespace --wait --timeout 180s
says "Succeeded" h test shop
h upgrade shop "$chart" --set image=example.com/shop:2 --set replicas=3 --wait --timeout 180s
says "image: example.com/shop:2" h get manifest shop
h rollback shop 1 --wait --timeout 180s
says "Rollback to 1" h history shop
says "image: example.com/shop:1" h get manifest shop
says "deployed" h list
h uninstall shop --wait --timeout 180s
says "not found" h status shop
echo "helm is content"
