using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>
/// Deletes objects of other servers whose owners here are all gone. Nobody follows those servers: they are looked
/// through at each resync. One that does not answer, and an owner of which nothing can be said, keep what they concern
/// and nothing else.
/// </summary>
internal sealed class AggregatedDependents(
    IAggregatedApis apis, UserIdentity user, Func<ResourceObject, CancellationToken, Task<bool>> isOrphan)
{
    private const int PageSize = 500;

    /// <summary>Pages of one resource in one round.</summary>
    private const int MaxPages = 20;

    /// <summary>Where a round that had enough of a resource left off; the next one goes on from there.</summary>
    private readonly Dictionary<(ResourceName Name, string Version), string> _next = [];

    /// <summary>Looks through all of them; says what went wrong.</summary>
    public async Task<IReadOnlyList<string>> CollectAsync(CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (var resource in (await apis.DiscoverAsync(cancellationToken)).Resources.Where(
            static r => r.Verbs.Contains("list") && r.Verbs.Contains("delete")))
        {
            await CollectAsync(resource, failures, cancellationToken);
        }

        return failures;
    }

    private async Task CollectAsync(
        AggregatedResource resource, List<string> failures, CancellationToken cancellationToken)
    {
        _next.Remove((resource.Name, resource.Version), out var token);
        token ??= "";
        for (var page = 0; page < MaxPages; page++)
        {
            var path = FormattableString.Invariant(
                $"/{resource.Name.Plural}?limit={PageSize}&continue={Uri.EscapeDataString(token)}");
            var answer = await SendAsync(resource, path, "GET", default, cancellationToken);
            if (!answer.Succeeded || PartialList.Read(answer.Value.Span) is not { } list)
            {
                failures.Add(answer.Succeeded ? $"{resource.Name}: the list cannot be read" : answer.Error.Message);
                return;
            }

            foreach (var item in list.Items)
            {
                if (item.Metadata.Owners.Count > 0 && item.Metadata.DeletionTimestamp is null
                    && await isOrphan(item, cancellationToken)
                    && await DeleteAsync(resource, item, cancellationToken) is { } refusal)
                {
                    failures.Add(refusal.Message);
                }
            }

            token = list.Continue;
            if (token.Length == 0)
            {
                return;
            }
        }

        _next[(resource.Name, resource.Version)] = token;
    }

    private async Task<Status?> DeleteAsync(
        AggregatedResource resource, ResourceObject item, CancellationToken cancellationToken)
    {
        var options = new JsonObject
        {
            ["kind"] = "DeleteOptions", ["apiVersion"] = "v1", ["propagationPolicy"] = "Background",
            ["preconditions"] = new JsonObject { ["uid"] = item.Uid },
        };
        var space = resource.IsNamespaced ? $"/namespaces/{Uri.EscapeDataString(item.Key.Namespace)}" : "";
        var answer = await SendAsync(
            resource, $"{space}/{resource.Name.Plural}/{Uri.EscapeDataString(item.Key.Name)}", "DELETE",
            Encoding.UTF8.GetBytes(options.ToJsonString()), cancellationToken);
        return answer.Succeeded || answer.Error.Code is 404 or 409 ? null : answer.Error;
    }

    private ValueTask<Outcome<ReadOnlyMemory<byte>>> SendAsync(
        AggregatedResource resource, string path, string method, ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken) => apis.SendAsync(
            new AggregatedRequest(resource.Name.Group, resource.Version, path, user)
            {
                Method = method, Body = body, Subject = resource.Name.Qualified,
                Accept = method == "GET" ? PartialList.Accept : "application/json",
            },
            cancellationToken);
}
