#!/usr/bin/env bash
# What people do with kubectl and a kind of their own, in words that releases from 1.20 on know.
# Usage: custom.sh KUBECTL NAMESPACE
set -euo pipefail
kubectl=$1 namespace=$2 group=$2.example.com
k() { "$kubectl" -n "$namespace" "$@"; }
fail() { echo "not so: $*" >&2; exit 1; }
says() {
    local wanted=$1 said; shift
    said=$("$@" 2>&1) || true
    [[ $said == *"$wanted"* ]] || fail "$* says '$wanted' but: $said"
}

# Usage: definition [MORE-FIELDS]
definition() { cat <<YAML
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.$group}
spec:
  group: $group
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bt-$namespace], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {scale: {specReplicasPath: .spec.masts, statusReplicasPath: .status.masts}}
    additionalPrinterColumns: [{name: Masts, type: integer, jsonPath: .spec.masts}]
    schema:
      openAPIV3Schema:
        type: object
        description: A boat of the harbour.
        properties:
          spec:
            type: object
            required: [masts]
            properties:
              masts: {type: integer, minimum: 1, maximum: 5, description: How many it has.}
              color: {type: string, enum: [blue, red], default: blue}${1:-}
          status:
            type: object
            x-kubernetes-preserve-unknown-fields: true
YAML
}

# Usage: boat NAME MASTS
boat() { cat <<YAML
apiVersion: $group/v1
kind: Boat
metadata: {name: $1}
spec: {masts: $2}
status: {conditions: [{type: Ready, status: "True"}]}
YAML
}

"$kubectl" create namespace "$namespace"
definition | "$kubectl" apply -f -
"$kubectl" wait --for=condition=Established --timeout=120s "crd/boats.$group"
says "boats" "$kubectl" api-resources --api-group="$group"
says "A boat of the harbour." k explain boats "--api-version=$group/v1"
says "How many it has." k explain boats.spec.masts "--api-version=$group/v1"

boat gull 2 | k apply -f -
says "unchanged" k apply -f - < <(boat gull 2)
says "MASTS" k get "boats.$group"
says "blue" k get "bt-$namespace" gull -o jsonpath='{.spec.color}'
says "boat.$group/gull" k get all
says "should be less than or equal to 5" k apply -f - < <(boat wreck 9)
said=$(boat gull 3 | k diff -f - 2>&1) && fail "diff finds no difference"
[[ $said == *"+  masts: 3"* ]] || fail "diff says: $said"
boat gull 3 | k apply --server-side --force-conflicts -f -
k wait --for=condition=Ready --timeout=120s "boat.$group/gull"
k scale "boat.$group" gull --replicas=4
says "4" k get "boat.$group" gull -o jsonpath='{.spec.masts}'
k label "boat.$group" gull tier=front
k patch "boat.$group" gull --type=merge -p '{"spec":{"color":"red"}}'
k patch "boat.$group" gull --type=json -p '[{"op":"remove","path":"/metadata/labels/tier"}]'
says "red" k get "boats.$group" -o yaml
says "Masts" k describe "boat.$group" gull

# The schema changes while it is used, and is told at once.
definition "
              sails: {type: string, description: What pulls it.}" | "$kubectl" apply -f -
says "What pulls it." k explain boats.spec.sails "--api-version=$group/v1"
k patch "boat.$group" gull --type=merge -p '{"spec":{"sails":"two"}}'
says "two" k get "boat.$group" gull -o jsonpath='{.spec.sails}'

k delete "boat.$group" gull --wait=true
says "NotFound" k get "boat.$group" gull
boat tern 1 | k apply -f -
"$kubectl" delete crd "boats.$group" --wait=true --timeout=120s
says "the server doesn't have a resource type" k get "boats.$group"
"$kubectl" delete namespace "$namespace" --wait=true --timeout=120s
echo "kubectl is content"
