"""kubernetes-mcp-server (client-go, protobuf for what is built in): what an assistant asks it for."""
import json
import subprocess
import sys

program, namespace = sys.argv[1:]
server = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
count = 0


def send(message):
    server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")


def ask(method, **parameters):
    global count
    count += 1
    send({"id": count, "method": method, "params": parameters})
    while True:
        line = server.stdout.readline()
        assert line, f"no answer to {method} {parameters}: the server ended with {server.wait()}"
        answer = json.loads(line)
        if answer.get("id") == count:
            assert "result" in answer, f"{method} {parameters}: {answer}"
            return answer["result"]


def call(tool, **arguments):
    # It reads, changes and writes by itself, and leaves it to whom it serves to try again when a controller came between.
    for _ in range(20):
        result = ask("tools/call", name=tool, arguments=arguments)
        text = "".join(c.get("text", "") for c in result["content"])
        if "the object has been modified" not in text:
            break
    assert not result.get("isError"), f"{tool}: {text}"
    return text


ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "1"})
send({"method": "notifications/initialized"})
tools = {t["name"] for t in ask("tools/list")["tools"]}
assert {"pods_list_in_namespace", "resources_create_or_update", "resources_get"} <= tools, tools

call("resources_create_or_update", resource=json.dumps(
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))
call("resources_create_or_update", resource=json.dumps(
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
     "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {
         "metadata": {"labels": {"app": "web"}},
         "spec": {"containers": [{"name": "c", "image": "example.com/web:1"}]}}}}))
assert "kind: Deployment" in call(
    "resources_get", apiVersion="apps/v1", kind="Deployment", namespace=namespace, name="web")
listed = call("namespaces_list")
assert namespace in listed, listed
listed = call("resources_list", apiVersion="apps/v1", kind="Deployment", namespace=namespace)
assert "web" in listed, listed
call("resources_scale", apiVersion="apps/v1", kind="Deployment", namespace=namespace, name="web", scale=2)
scaled = call("resources_get", apiVersion="apps/v1", kind="Deployment", namespace=namespace, name="web")
assert "replicas: 2" in scaled, scaled
call("pods_list_in_namespace", namespace=namespace)
call("resources_delete", apiVersion="v1", kind="Namespace", name=namespace)
server.stdin.close()
server.wait()
print("the assistant is content")
