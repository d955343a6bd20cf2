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
images() { k get pods -l "app=$1" -o jsonpath='{.items[*].spec.containers[0].image}'; }
for kind in statefulset daemonset; do
    set=$kind/$kind image=example.com/$kind
    k apply -f - <<END
apiVersion: apps/v1
kind: $([ $kind = statefulset ] && echo StatefulSet || echo DaemonSet)
metadata: {name: $kind}
spec:
  selector: {matchLabels: {app: $kind}}
  template:
    metadata: {labels: {app: $kind}}
    spec: {containers: [{name: main, image: "$image:1"}]}
END
    k rollout status $set --timeout=120s
    k set image $set main=$image:2
    k rollout status $set --timeout=120s
    [[ $(images $kind) != *:1* ]] || fail "all pods of the $kind have the new image: $(images $kind)"
    [[ $(k rollout history $set) == *$'\n1 '*$'\n2 '* ]] || fail "two revisions: $(k rollout history $set)"
    says "$image:1" k rollout history $set --revision=1
    says "$image:2" k rollout history $set --revision=2
    says "rolled back" k rollout undo $set
    k rollout status $set --timeout=120s
    [[ $(images $kind) != *:2* ]] || fail "all pods of the $kind have the old image: $(images $kind)"
    [[ $(k rollout history $set) == *$'\n2 '*$'\n3 '* ]] || fail "the first revision is the third: $(k rollout history $set)"
    # Release 1.20 compares other words than a server of today keeps.
    [[ $kubectl == *-1.20 ]] || says "skipped rollback" k rollout undo $set --to-revision=3
    says "unable to find specified revision" k rollout undo $set --to-revision=1
    says "rolled back" k rollout undo $set --to-revision=2
    k rollout status $set --timeout=120s
    [[ $(images $kind) == $image:2* ]] || fail "the second template is back: $(images $kind)"
    says "restarted" k rollout restart $set
    k rollout status $set --timeout=120s
    k delete $set
done
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
