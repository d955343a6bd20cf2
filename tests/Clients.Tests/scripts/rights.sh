#!/usr/bin/env bash
# Who may do what, as people ask and say it with kubectl and Helm. Usage: rights.sh KUBECTL NAMESPACE HELM CHART
set -euo pipefail
kubectl=$1 namespace=$2 helm=$3 chart=$4
k() { "$kubectl" -n "$namespace" "$@"; }
fail() { echo "not so: $*" >&2; exit 1; }
says() {
    local wanted=$1 said; shift
    said=$("$@" 2>&1) || true
    [[ $said == *"$wanted"* ]] || fail "$* says '$wanted' but: $said"
}
says_not() {
    local unwanted=$1 said; shift
    said=$("$@" 2>&1) || true
    [[ $said != *"$unwanted"* ]] || fail "$* does not say '$unwanted' but: $said"
}
# Rights that were just given count a moment later.
until_says() {
    local wanted=$1; shift
    for _ in $(seq 600); do [[ $("$@" 2>&1 || true) == *"$wanted"* ]] && return; sleep 0.1; done
    says "$wanted" "$@"
}

"$kubectl" create namespace "$namespace"
k create serviceaccount robot
account="system:serviceaccount:$namespace:robot"
k create role reader --verb=get,list --resource=pods --resource=pods/log
k create role one --verb=update --resource=configmaps --resource-name=settings
k create rolebinding robot --role=reader --serviceaccount="$namespace:robot"
k create rolebinding one --role=one --serviceaccount="$namespace:robot"

# A token of the account is the account, for as long as it says, and no longer than its object lives.
token=$(k create token robot --duration=1h)
as() { KUBECONFIG=/dev/null "$kubectl" --server="$server" --certificate-authority="$ca" -n "$namespace" "$@"; }
server=$("$kubectl" config view --raw -o jsonpath='{.clusters[0].cluster.server}')
ca=$HOME/$namespace-ca.crt
"$kubectl" config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > "$ca"
says "$account" as --token="$token" auth whoami
says "system:serviceaccounts:$namespace" as --token="$token" auth whoami
says "may not specify a duration less than 10 minutes" k create token robot --duration=1m
says "not found" k create token nobody
k create secret generic holder --from-literal=a=b
bound=$(k create token robot --bound-object-kind=Secret --bound-object-name=holder)
says "$account" as --token="$bound" auth whoami
other=$(k create token robot --audience=elsewhere)
says "Unauthorized" as --token="$other" auth whoami
k delete secret holder
for i in $(seq 600); do as --token="$bound" auth whoami >/dev/null 2>&1 || break; sleep 0.1; done
says "Unauthorized" as --token="$bound" auth whoami

# All that somebody may, in a table.
until_says "pods/log" as --token="$token" auth can-i --list
rights=$(as --token="$token" auth can-i --list)
[[ $rights =~ pods[[:space:]]+\[\][[:space:]]+\[\][[:space:]]+\[get\ list\] ]] || fail "pods: $rights"
[[ $rights =~ configmaps[[:space:]]+\[\][[:space:]]+\[settings\][[:space:]]+\[update\] ]] || fail "configmaps: $rights"
[[ $rights =~ selfsubjectreviews.authentication.k8s.io[[:space:]]+\[\][[:space:]]+\[\][[:space:]]+\[create\] ]] ||
    fail "self: $rights"
[[ $rights =~ \[/api/\*\][[:space:]]+\[\][[:space:]]+\[get\] ]] || fail "paths: $rights"
[[ $rights != *"secrets"* ]] || fail "secrets: $rights"
says_not "pods/log" as --token="$token" auth can-i --list -n default
says "yes" as --token="$token" auth can-i list pods
says "no" as --token="$token" auth can-i list secrets
says "yes" as --token="$token" auth can-i update configmaps/settings
says "no" as --token="$token" auth can-i update configmaps/others
says "yes" k auth can-i list pods --as="$account"
says "User \"$account\" cannot list resource \"secrets\" in API group \"\" in the namespace \"$namespace\"" \
    as --token="$token" get secrets

# Roles and bindings from a file: what is missing is added, what is more stays unless one says so.
cat > "$HOME/$namespace-roles.yaml" <<YAML
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: writer, namespace: $namespace }
rules: [{ apiGroups: [""], resources: [configmaps], verbs: [get, create] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: writer, namespace: $namespace }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: writer }
subjects: [{ kind: ServiceAccount, name: robot, namespace: $namespace }]
YAML
roles=$HOME/$namespace-roles.yaml
says "role.rbac.authorization.k8s.io/writer reconciled" k auth reconcile -f "$roles"
until_says "yes" as --token="$token" auth can-i create configmaps
more='{"apiGroups":[""],"resources":["services"],"verbs":["get"]}'
k patch role writer --type=json \
    -p "[{\"op\":\"add\",\"path\":\"/rules/-\",\"value\":$more},{\"op\":\"remove\",\"path\":\"/rules/0/verbs/1\"}]"
k auth reconcile -f "$roles"
says "services" k get role writer -o yaml
says "create" k get role writer -o yaml
k auth reconcile -f "$roles" --remove-extra-permissions --remove-extra-subjects
says_not "services" k get role writer -o yaml
k delete rolebinding writer
k create rolebinding writer --role=reader --serviceaccount="$namespace:robot"
k auth reconcile -f "$roles"
says "writer" k get rolebinding writer -o jsonpath='{.roleRef.name}'

# A kubeconfig whose credentials a program gives.
plugin=$HOME/plugins/$namespace.sh
mkdir -p "$HOME/plugins"
cat > "$plugin" <<PLUGIN
#!/usr/bin/env bash
[[ \$KUBERNETES_EXEC_INFO == *'"kind":"ExecCredential"'* ]] || exit 1
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$token"
PLUGIN
chmod +x "$plugin"
config=$HOME/$namespace-exec.conf
KUBECONFIG=$config "$kubectl" config set-cluster c --server="$server" --certificate-authority="$ca" --embed-certs
KUBECONFIG=$config "$kubectl" config set-credentials u --exec-command="$plugin" \
    --exec-api-version=client.authentication.k8s.io/v1 --exec-interactive-mode=Never
KUBECONFIG=$config "$kubectl" config set-context x --cluster=c --user=u --namespace="$namespace"
KUBECONFIG=$config "$kubectl" config use-context x
says "$account" env KUBECONFIG="$config" "$kubectl" auth whoami
says "No resources found" env KUBECONFIG="$config" "$kubectl" get pods

# A chart brings roles: whoever installs it gives nothing away that they do not have.
k create rolebinding edit --clusterrole=edit --serviceaccount="$namespace:robot"
until_says "yes" as --token="$token" auth can-i create deployments
says "roles.rbac.authorization.k8s.io \"shop\" is forbidden" \
    env KUBECONFIG="$config" "$helm" -n "$namespace" install shop "$chart"
env KUBECONFIG="$config" "$helm" -n "$namespace" uninstall shop --ignore-not-found
k delete rolebinding edit
k create rolebinding admin --clusterrole=admin --serviceaccount="$namespace:robot"
until_says "yes" as --token="$token" auth can-i create roles
k create role watcher --verb=watch --resource=nodes --dry-run=client -o yaml > "$HOME/$namespace-watcher.yaml"
says "is attempting to grant RBAC permissions not currently held" \
    as --token="$token" create -f "$HOME/$namespace-watcher.yaml"
env KUBECONFIG="$config" "$helm" -n "$namespace" install shop "$chart" --wait --timeout 180s
says "yes" k auth can-i watch configmaps --as="system:serviceaccount:$namespace:shop"
env KUBECONFIG="$config" "$helm" -n "$namespace" uninstall shop --wait --timeout 180s
"$kubectl" delete namespace "$namespace" --wait=true --timeout=120s
echo "who has rights is content"
