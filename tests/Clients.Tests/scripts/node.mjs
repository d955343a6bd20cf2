// What people do with @kubernetes/client-node: objects of all kinds, an informer that lives through changes, apply, errors.
import * as k8s from '@kubernetes/client-node';
import assert from 'node:assert';

const namespace = process.argv[2];
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
await core.createNamespace({ body: { metadata: { name: namespace } } });

const seen = [];
let told;
const informer = k8s.makeInformer(
    config, `/api/v1/namespaces/${namespace}/pods`, () => core.listNamespacedPod({ namespace }));
for (const verb of ['add', 'update', 'delete']) {
    informer.on(verb, (pod) => {
        seen.push([verb, pod.status.phase]);
        told?.();
    });
}
await informer.start();
const until = async (condition) => {
    while (!condition()) {
        await new Promise((resolve) => (told = resolve));
    }
};

const manifests = k8s.loadAllYaml(`
apiVersion: v1
kind: Pod
metadata: { name: p, namespace: ${namespace}, labels: { app: p } }
spec: { containers: [{ name: c, image: "example.com/p:1" }], terminationGracePeriodSeconds: 0 }
---
apiVersion: v1
kind: Service
metadata: { name: p, namespace: ${namespace} }
spec: { selector: { app: p }, ports: [{ port: 80 }] }
`);
for (const manifest of manifests) {
    await objects.create(manifest);
}
await until(() => seen.some(([verb, phase]) => verb === 'update' && phase === 'Running'));
assert.equal(informer.list().length, 1);

const labelled = await objects.patch(
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace, labels: { tier: 'one' } } },
    undefined, undefined, 'node-client', true, k8s.PatchStrategy.ServerSideApply);
assert.deepEqual(labelled.metadata.labels, { app: 'p', tier: 'one' });
const service = await objects.read({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'p', namespace } });
assert.match(service.spec.clusterIP, /^10\.96\./);
await assert.rejects(
    core.replaceNamespacedService({ name: 'p', namespace, body: { ...service, metadata: { ...service.metadata, resourceVersion: '1' } } }),
    (error) => error.code === 409);

await objects.delete(manifests[0]);
await until(() => seen.some(([verb]) => verb === 'delete'));
await informer.stop();
await core.deleteNamespace({ name: namespace });
console.log('node is content');
process.exit(0);
