"""What people do with python3-kubernetes: typed and dynamic client, patches, watches, errors, a leader's lease."""
import json
import sys

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

namespace = sys.argv[1]
config.load_kube_config()
core, apps = client.CoreV1Api(), client.AppsV1Api()
core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace)))

labels = {"app": "web"}
pod = client.V1PodTemplateSpec(
    metadata=client.V1ObjectMeta(labels=labels),
    spec=client.V1PodSpec(containers=[client.V1Container(
        name="server", image="example.com/web:1", ports=[client.V1ContainerPort(container_port=80)],
        resources=client.V1ResourceRequirements(requests={"cpu": "10m"}))]))
apps.create_namespaced_deployment(namespace, client.V1Deployment(
    metadata=client.V1ObjectMeta(name="web"),
    spec=client.V1DeploymentSpec(replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=pod)))

# Watched from before anything is ready, until it is.
for event in watch.Watch().stream(apps.list_namespaced_deployment, namespace, timeout_seconds=120):
    if event["object"].status.ready_replicas == 2:
        break
else:
    sys.exit("the Deployment was never ready")
pods = core.list_namespaced_pod(namespace, label_selector="app=web").items
assert sorted(p.status.phase for p in pods) == ["Running", "Running"], pods
assert all(p.metadata.owner_references[0].kind == "ReplicaSet" for p in pods)

apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
assert apps.read_namespaced_deployment_scale("web", namespace).spec.replicas == 3
apps.patch_namespaced_deployment("web", namespace, [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}])
assert apps.read_namespaced_deployment("web", namespace).metadata.labels == {"a": "b"}

try:
    core.read_namespaced_config_map("none", namespace)
    sys.exit("a ConfigMap that is not there was read")
except ApiException as error:
    assert error.status == 404 and '"reason":"NotFound"' in error.body, error
try:
    core.create_namespaced_service(namespace, client.V1Service(
        metadata=client.V1ObjectMeta(name="Web"), spec=client.V1ServiceSpec(ports=[])))
    sys.exit("a Service with a wrong name was created")
except ApiException as error:
    assert error.status == 422 and "metadata.name" in error.body, error

# The dynamic client finds kinds by discovery.
found = dynamic.DynamicClient(client.ApiClient())
maps = found.resources.get(api_version="v1", kind="ConfigMap")
maps.create(namespace=namespace, body={"metadata": {"name": "m"}, "data": {"k": "1"}})
applied = maps.server_side_apply(  # This release of the client sends an apply only from text.
    namespace=namespace, name="m", field_manager="python", force_conflicts=True,
    body=json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": "2"}}))
assert applied.data.k == "2", applied
version = maps.get(namespace=namespace).metadata.resourceVersion
maps.delete(namespace=namespace, name="m")
for event in maps.watch(namespace=namespace, resource_version=version, timeout=60):
    assert event["type"] == "DELETED" and event["object"].metadata.name == "m", event
    break

core.delete_namespace(namespace)
print("python is content")
