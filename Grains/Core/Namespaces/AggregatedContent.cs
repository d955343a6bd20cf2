using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Core.Namespaces;

/// <summary>
/// What a terminating namespace has in APIs of other servers. A server that does not answer is a failure of its own
/// resources, and of nothing else.
/// </summary>
internal sealed class AggregatedContent(
    IAggregatedApis apis, AggregatedDiscovery discovered, UserIdentity user, string space)
{
    /// <summary>Objects of one resource that are looked at in one step; the next steps see the others.</summary>
    private const int MaxItems = 500;

    private readonly Dictionary<ResourceName, AggregatedResource> _resources = [];

    /// <summary>Why not all is known, in upstream's words; null when it is.</summary>
    public string? Failure => discovered.Failure is { } why
        ? FormattableString.Invariant($"Discovery failed for some groups, {discovered.Stale.Count} failing: {why}")
        : null;

    /// <summary>Whether a resource is one of those.</summary>
    public bool Has(ResourceName resource) => _resources.ContainsKey(resource);

    /// <summary>All there is, and why some of it cannot be told.</summary>
    public async Task<(List<RemainingContent> Content, List<string> Failures)> ListAsync(
        CancellationToken cancellationToken)
    {
        var (content, failures) = (new List<RemainingContent>(), new List<string>());
        foreach (var resource in discovered.Resources.Where(
            static r => r.IsNamespaced && r.Verbs.Contains("list") && r.Verbs.Contains("delete")))
        {
            _resources[resource.Name] = resource;
            var answer = await apis.SendAsync(
                new AggregatedRequest(
                    resource.Name.Group, resource.Version,
                    string.Create(CultureInfo.InvariantCulture, $"{Collection(resource)}?limit={MaxItems}"), user)
                {
                    Accept = PartialList.Accept, Subject = resource.Name.Qualified,
                },
                cancellationToken);
            if (answer.Succeeded && PartialList.Read(answer.Value.Span) is { } list)
            {
                content.Add(new RemainingContent(resource.Name, list.Items));
            }
            else if (answer.Succeeded || answer.Error.Code is not (404 or 405))
            {
                failures.Add(
                    answer.Succeeded ? $"{resource.Name.Qualified}: the list cannot be read" : answer.Error.Message);
            }
        }

        return (content, failures);
    }

    /// <summary>Deletes one of the objects.</summary>
    public async Task<Status?> DeleteAsync(ResourceName name, ResourceObject item, CancellationToken cancellationToken)
    {
        var resource = _resources[name];
        var options = new JsonObject
        {
            ["kind"] = "DeleteOptions", ["apiVersion"] = "v1", ["propagationPolicy"] = "Background",
            ["preconditions"] = new JsonObject { ["uid"] = item.Uid },
        };
        var answer = await apis.SendAsync(
            new AggregatedRequest(
                name.Group, resource.Version, $"{Collection(resource)}/{Uri.EscapeDataString(item.Key.Name)}", user)
            {
                Method = "DELETE", Body = Encoding.UTF8.GetBytes(options.ToJsonString()), Subject = name.Qualified,
            },
            cancellationToken);
        return answer.Succeeded || answer.Error.Code is 404 or 409 ? null : answer.Error;
    }

    private string Collection(AggregatedResource resource) =>
        $"/namespaces/{Uri.EscapeDataString(space)}/{resource.Name.Plural}";
}
