#!/usr/bin/env bash
# What people do with kubectl, in words that releases from 1.20 on know. Usage: kubectl.sh KUBECTL NAMESPACE
set -euo pipefail
kubectl=$1 namespace=$2
k() { "$kubectl" -n "$namespace" "$@"; }
fail() { echo "not so: $*" >&2; exit 1; }
says() { local wanted=$1; shift; local said; said=$("$@" 2>&1) || true; [[ $said == *"$wanted"* ]] || fail "$* says '$wanted' but: $said"; }

"$kubectl" create namespace "$namespace"
k create configmap settings --from-literal=color=blue --dry-run=client -o yaml | k apply -f -
k create deployment web --image=example.com/web:1 --replicas=2
k rollout status deployment/web --timeout=120s
k expose deployment web --port=80 --target-port=8080
says "2/2" k get deployment web
says "ClusterIP" k get service web -o wide
says "Normal  ScalingReplicaSet" k describe deployment web
k set image deployment/web web=example.com/web:2
k rollout status deployment/web --timeout=120s
says "example.com/web:2" k get pods -l app=web -o jsonpath='{.items[*].spec.containers[0].image}'
k rollout undo deployment/web
k rollout status deployment/web --timeout=120s
says "3" k rollout history deployment/web
k scale deployment web --replicas=3
k wait --for=condition=Available deployment/web --timeout=120s
k autoscale deployment web --min=3 --max=5 --cpu-percent=50 || k autoscale deployment web --min=3 --max=5 --cpu=50%
k label deployment web tier=front
k annotate deployment web note=x
k patch deployment web --type=json -p '[{"op":"remove","path":"/metadata/labels/tier"}]'
k patch configmap settings --type=merge -p '{"data":{"color":"red"}}'
says red k get configmap settings -o jsonpath='{.data.color}'
colour() { printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: %s\n' "$1"; }
says "serverside-applied" k apply --server-side -f - < <(colour blue)
colour blue | k diff --server-side -f - >/dev/null || fail "nothing changes, but diff says so"
says "+  sky: grey" k diff --server-side -f - < <(colour grey)
says "+  sky: grey" k diff -f - < <(colour grey)
says blue k get configmap colours -o jsonpath='{.data.sky}'
says 'conflict with "kubectl"' k apply --server-side --field-manager=other -f - < <(colour grey)
k apply --server-side --field-manager=other --force-conflicts -f - < <(colour grey)
says grey k get configmap colours -o jsonpath='{.data.sky}'
k create secret generic s --from-literal=a=b
says "Opaque" k get secret s
k create serviceaccount robot
k create role reader --verb=get,list --resource=pods
k create rolebinding robot --role=reader --serviceaccount="$namespace:robot"
k create quota q --hard=pods=20
k create job once --image=example.com/once:1
says "once" k get jobs
says "yes" k auth can-i delete pods
says "FIELDS:" k explain deployment.spec
says "deployments" "$kubectl" api-resources
says "NotFound" k get pod none
says "Invalid" k create service clusterip Wrong --tcp=80
says "web" k get all
k get events >/dev/null
for node in $("$kubectl" get nodes -o name); do k cordon "$node"; k uncordon "$node"; done
k delete deployment,service,configmap --all --wait=true
"$kubectl" delete namespace "$namespace" --wait=true --timeout=120s
echo "kubectl is content"
