using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>
/// Whether owners exist that live with other servers. Only a server is believed that says of the very object that it is
/// not found, or shows another one in its place: whatever else comes of the question keeps what is owned.
/// </summary>
internal sealed class AggregatedOwners(IAggregatedApis apis, UserIdentity user)
{
    private const string Accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

    /// <summary>How a reference to a kind that is not served here stands.</summary>
    public async Task<OwnerState> StateAsync(
        ResourceObject item, ObjectOwner reference, CancellationToken cancellationToken)
    {
        var (group, _) = ApiVersions.Split(reference.ApiVersion);
        var resource = (await apis.DiscoverAsync(cancellationToken)).Resources.FirstOrDefault(
            r => r.Name.Group == group && r.Kind == reference.Kind && r.Verbs.Contains("get"));
        if (resource is null || (resource.IsNamespaced && item.Key.Namespace.Length == 0))
        {
            return OwnerState.Unknown;
        }

        var space = resource.IsNamespaced ? $"/namespaces/{Uri.EscapeDataString(item.Key.Namespace)}" : "";
        var path = $"{space}/{resource.Name.Plural}/{Uri.EscapeDataString(reference.Name)}";
        var answer = await apis.SendAsync(
            new AggregatedRequest(group, resource.Version, path, user)
            {
                Subject = resource.Name.Qualified, Accept = Accept,
            },
            cancellationToken);
        if (!answer.Succeeded)
        {
            return IsMissing(answer.Error, reference.Name) ? OwnerState.Absent : OwnerState.Unknown;
        }

        var key = item.Key with { Name = reference.Name };
        return PartialList.ReadItem(key, answer.Value.Span) is { Uid.Length: > 0 } owner
            ? CollectionPlanner.StateOf(reference, owner)
            : OwnerState.Unknown;
    }

    /// <summary>A server that does not know the kind says "not found", too, but not of which object.</summary>
    private static bool IsMissing(Status refusal, string name) => refusal.Reason == StatusReasons.NotFound
        && refusal.Message.EndsWith($"{GoText.Quote(name)} not found", StringComparison.Ordinal);
}
