using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>
/// Says so when an object names an owner that lives in another namespace, or a cluster-scoped object one that lives in
/// any: such an owner counts as absent, and people wonder why their object goes.
/// </summary>
internal sealed class ForeignOwners(IResourceClient client, EventRecorder events)
{
    /// <summary>
    /// Reports those references of which there is an object outside of the dependent's namespace. All to one kind of
    /// owner at once, since an object may have thousands, and each look is at all owners there are.
    /// </summary>
    public async Task ReportAsync(
        ResourceDefinition definition, ResourceObject dependent, ResourceName ownerResource,
        IEnumerable<ObjectOwner> references, CancellationToken cancellationToken)
    {
        var byUid = references.DistinctBy(r => r.Uid, StringComparer.Ordinal)
            .ToDictionary(r => r.Uid, StringComparer.Ordinal);
        var all = await client.ListAsync(new ListQuery { Resource = ownerResource }, cancellationToken);
        foreach (var item in all.Items.Where(o => o.Key.Namespace != dependent.Key.Namespace))
        {
            if (byUid.TryGetValue(item.Uid, out var reference))
            {
                Report(definition, dependent, reference);
            }
        }
    }

    private void Report(ResourceDefinition definition, ResourceObject dependent, ObjectOwner reference)
    {
        var space = dependent.Key.Namespace;
        var owner = $"[{reference.ApiVersion}/{reference.Kind}, namespace: {space}, name: {reference.Name}, uid: {reference.Uid}]";
        events.Record(new EventNote(
            new V1ObjectReference
            {
                ApiVersion = definition.ApiVersion,
                Kind = definition.Kind,
                Name = dependent.Key.Name,
                NamespaceProperty = space.Length == 0 ? null : space,
                Uid = dependent.Uid,
            },
            "Warning",
            "OwnerRefInvalidNamespace",
            $"ownerRef {owner} does not exist in namespace {GoText.Quote(space)}"));
    }
}
