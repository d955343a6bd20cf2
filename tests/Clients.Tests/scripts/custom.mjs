// What people do with @kubernetes/client-node and a kind of their own: definition, objects, an informer, apply, status, errors.
import * as k8s from '@kubernetes/client-node';
import assert from 'node:assert';

const namespace = process.argv[2];
const group = `${namespace}.example.com`;
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const extensions = config.makeApiClient(k8s.ApiextensionsV1Api);
const custom = config.makeApiClient(k8s.CustomObjectsApi);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
await core.createNamespace({ body: { metadata: { name: namespace } } });

let told;
const until = async (condition) => {
    while (!condition()) {
        await new Promise((resolve) => (told = resolve));
    }
};
const informerOf = (path, list, verbs) => {
    const seen = [];
    const informer = k8s.makeInformer(config, path, list);
    for (const verb of verbs) {
        informer.on(verb, (item) => {
            seen.push([verb, item]);
            told?.();
        });
    }
    return [informer, seen];
};

const [definitions, established] = informerOf(
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', () => extensions.listCustomResourceDefinition(), ['add', 'update']);
await definitions.start();
const name = `boats.${group}`;
await extensions.createCustomResourceDefinition({
    body: {
        metadata: { name },
        spec: {
            group, scope: 'Namespaced', names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
            versions: [{
                name: 'v1', served: true, storage: true, subresources: { status: {} },
                schema: {
                    openAPIV3Schema: {
                        type: 'object',
                        properties: {
                            spec: { type: 'object', properties: { masts: { type: 'integer', minimum: 1 }, color: { type: 'string', _default: 'blue' } } },
                            status: { type: 'object', x_kubernetes_preserve_unknown_fields: true },
                        },
                    },
                },
            }],
        },
    },
});
await until(() => established.some(([, d]) => d.metadata.name === name
    && d.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True')));
await definitions.stop();

const place = { group, version: 'v1', namespace, plural: 'boats' };
const [informer, seen] = informerOf(
    `/apis/${group}/v1/namespaces/${namespace}/boats`, () => custom.listNamespacedCustomObject(place), ['add', 'update', 'delete']);
await informer.start();

const boat = { apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'gull', namespace } };
const made = await objects.create({ ...boat, spec: { masts: 2 } });
assert.deepEqual(made.spec, { masts: 2, color: 'blue' });
await until(() => seen.some(([verb]) => verb === 'add'));
const applied = await objects.patch(
    { ...boat, spec: { color: 'red' } }, undefined, undefined, 'node-client', true, k8s.PatchStrategy.ServerSideApply);
assert.deepEqual(applied.spec, { masts: 2, color: 'red' });
const read = await custom.getNamespacedCustomObject({ ...place, name: 'gull' });
await custom.replaceNamespacedCustomObjectStatus({ ...place, name: 'gull', body: { ...read, status: { phase: 'afloat' } } });
await until(() => seen.some(([verb, item]) => verb === 'update' && item.status?.phase === 'afloat'));
await assert.rejects(
    custom.replaceNamespacedCustomObject({ ...place, name: 'gull', body: read }), (error) => error.code === 409);
await assert.rejects(
    custom.createNamespacedCustomObject({ ...place, body: { ...boat, metadata: { name: 'wreck' }, spec: { masts: 0 } } }),
    (error) => error.code === 422);

await objects.delete(boat);
await until(() => seen.some(([verb]) => verb === 'delete'));
await informer.stop();
await extensions.deleteCustomResourceDefinition({ name });
await core.deleteNamespace({ name: namespace });
console.log('node is content');
process.exit(0);
