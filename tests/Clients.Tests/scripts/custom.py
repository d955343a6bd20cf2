"""What people do with python3-kubernetes and a kind of their own: definition, dynamic client, custom objects, status, watch, scale."""
import json
import sys

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

namespace = sys.argv[1]
group = namespace + ".example.com"
config.load_kube_config()
core, extensions, objects = client.CoreV1Api(), client.ApiextensionsV1Api(), client.CustomObjectsApi()
core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=namespace)))

P = client.V1JSONSchemaProps
extensions.create_custom_resource_definition(client.V1CustomResourceDefinition(
    metadata=client.V1ObjectMeta(name="boats." + group),
    spec=client.V1CustomResourceDefinitionSpec(
        group=group, scope="Namespaced",
        names=client.V1CustomResourceDefinitionNames(plural="boats", singular="boat", kind="Boat"),
        versions=[client.V1CustomResourceDefinitionVersion(
            name="v1", served=True, storage=True,
            subresources=client.V1CustomResourceSubresources(
                status={}, scale=client.V1CustomResourceSubresourceScale(
                    spec_replicas_path=".spec.masts", status_replicas_path=".status.masts")),
            schema=client.V1CustomResourceValidation(open_apiv3_schema=P(type="object", properties={
                "spec": P(type="object", required=["masts"], properties={
                    "masts": P(type="integer", minimum=1), "color": P(type="string", default="blue"),
                    "crew": P(type="array", x_kubernetes_list_type="map", x_kubernetes_list_map_keys=["name"],
                              items=P(type="object", required=["name"], properties={
                                  "name": P(type="string"), "rank": P(type="string")}))}),
                "status": P(type="object", properties={"masts": P(type="integer")})})))])))
for event in watch.Watch().stream(
        extensions.list_custom_resource_definition, field_selector="metadata.name=boats." + group, timeout_seconds=120):
    conditions = event["object"].status.conditions or []
    if any(c.type == "Established" and c.status == "True" for c in conditions):
        break
else:
    sys.exit("the definition was never established")

boats = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version=group + "/v1", kind="Boat")
made = boats.create(namespace=namespace, body={
    "apiVersion": group + "/v1", "kind": "Boat", "metadata": {"name": "gull"}, "spec": {"masts": 2}})
assert made.spec.color == "blue" and made.metadata.generation == 1, made
for person, rank in (("ann", "captain"), ("bob", "cook")):  # Two appliers, of whom each has an element of its own.
    applied = boats.server_side_apply(namespace=namespace, name="gull", field_manager=person, body=json.dumps({
        "apiVersion": group + "/v1", "kind": "Boat", "metadata": {"name": "gull"},
        "spec": {"crew": [{"name": person, "rank": rank}]}}))
assert [c.name for c in applied.spec.crew] == ["ann", "bob"], applied
boats.patch(namespace=namespace, name="gull", body={"spec": {"color": "red"}}, content_type="application/merge-patch+json")

try:
    boats.create(namespace=namespace, body={
        "apiVersion": group + "/v1", "kind": "Boat", "metadata": {"name": "wreck"}, "spec": {"masts": 0}})
    sys.exit("a boat without masts was created")
except ApiException as error:
    assert error.status == 422 and "spec.masts in body should be greater than or equal to 1" in error.body.decode(), error

place = (group, "v1", namespace, "boats")
objects.patch_namespaced_custom_object_status(*place, "gull", {"status": {"masts": 2}})
read = objects.get_namespaced_custom_object(*place, "gull")
assert read["status"] == {"masts": 2} and read["spec"]["color"] == "red" and read["metadata"]["generation"] == 4, read
objects.patch_namespaced_custom_object_scale(*place, "gull", {"spec": {"replicas": 5}})
assert objects.get_namespaced_custom_object_scale(*place, "gull")["spec"]["replicas"] == 5

version = objects.list_namespaced_custom_object(*place)["metadata"]["resourceVersion"]
boats.delete(namespace=namespace, name="gull")
for event in watch.Watch().stream(
        objects.list_namespaced_custom_object, *place, resource_version=version, timeout_seconds=120):
    assert event["type"] == "DELETED" and event["object"]["spec"]["masts"] == 5, event
    break

extensions.delete_custom_resource_definition("boats." + group)
core.delete_namespace(namespace)
print("python is content")
