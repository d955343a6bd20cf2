using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>What an autoscaler sizes.</summary>
/// <param name="Resource">Its resource.</param>
/// <param name="Item">The object; null when it cannot be read.</param>
/// <param name="Scale">Its scale; null when it cannot be read.</param>
/// <param name="Failure">Why it cannot be read, in upstream's words.</param>
internal sealed record Target(ResourceName Resource, ResourceObject? Item, TargetScale? Scale, string Failure);

/// <summary>Reads the scale of whatever an autoscaler names, in any version of its group that has one.</summary>
internal sealed class TargetReader(IResourceClient client, ResourceCatalog catalog)
{
    public async Task<Target> ReadAsync(
        string home, V2CrossVersionObjectReference reference, CancellationToken cancellationToken)
    {
        var apiVersion = reference.ApiVersion ?? "";
        var parts = apiVersion.Split('/');
        if (parts.Length > 2)
        {
            return Fail(default, $"unexpected GroupVersion string: {apiVersion}");
        }

        var group = parts.Length == 2 ? parts[0] : "";
        var kinds = catalog.Current.All.Where(d => d.Name.Group == group && d.Kind == reference.Kind).ToList();
        if (kinds.Count == 0)
        {
            return Fail(default, $"no matches for kind \"{reference.Kind}\" in group \"{group}\"");
        }

        if (kinds.Find(static d => d.Scale is not null) is not { Scale: { } paths } definition)
        {
            return Fail(kinds[0].Name, "the server could not find the requested resource");
        }

        var read = await client.GetAsync(
            definition.Name, new ObjectKey(home, reference.Name), ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return Fail(definition.Name, read.Error.Message);
        }

        var json = JsonTree.ParseOwn(read.Value.Json.Span);
        return paths.ReadReplicas(json) is { } replicas
            ? new Target(
                definition.Name, read.Value,
                new TargetScale(replicas, paths.ReadActual(json), paths.ReadSelector(json)), "")
            : Fail(definition.Name, StatusErrors.InternalError(paths.Lacking).Message);
    }

    private static Target Fail(ResourceName resource, string why) => new(resource, null, null, why);
}
