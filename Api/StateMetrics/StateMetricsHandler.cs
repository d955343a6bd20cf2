using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>
/// Answers <c>/metrics/state</c>: what kube-state-metrics says of the cluster's objects, read from this silo's caches
/// kind by kind; and <c>/metrics/resources</c>: what upstream's scheduler says of pods. Each object is walked in its
/// bytes, once for all families of its kind.
/// </summary>
public sealed class StateMetricsHandler(ObjectReader reader) : IEndpointHandler
{
    /// <summary>Where the series of kube-state-metrics are served.</summary>
    public const string Path = "/metrics/state";

    private const string ResourcesPath = "/metrics/resources";

    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        IReadOnlyList<StateTable>? tables = request.Path switch
        {
            Path => StateTables.All,
            ResourcesPath => [PodResourceStates.Pods],
            _ => null,
        };
        if (tables is null)
        {
            return false;
        }

        context.Response.ContentType = ContentType;
        foreach (var table in tables)
        {
            var snapshot = await reader.SnapshotAsync(
                table.Resource, ReadFreshness.Cached, context.RequestAborted);
            await WriteAsync(table, snapshot.Range(), context.Response.BodyWriter, context.RequestAborted);
        }

        return true;
    }

    /// <summary>Writes all families of a kind.</summary>
    internal static async Task WriteAsync(
        StateTable table, IEnumerable<ResourceObject> objects, PipeWriter body, CancellationToken cancellationToken)
    {
        var families = table.Families.Select(static f => new StateSeries(f)).ToArray();
        var identity = new ArrayBufferWriter<byte>();
        foreach (var item in objects)
        {
            using var document = JsonDocument.Parse(item.Json);
            var root = new StateField(document.RootElement);
            identity.ResetWrittenCount();
            Identify(table, item, identity);
            foreach (var family in families)
            {
                family.Read(root, identity.WrittenMemory);
            }
        }

        foreach (var family in families)
        {
            await family.SendAsync(body, cancellationToken);
        }

        await body.FlushAsync(cancellationToken);
    }

    // Namespaces and uids have nothing in them to be escaped; names of roles may have.
    private static void Identify(StateTable table, ResourceObject item, ArrayBufferWriter<byte> to)
    {
        if (item.Key.Namespace.Length > 0)
        {
            Encoding.UTF8.GetBytes($"namespace=\"{item.Key.Namespace}\",", to);
        }

        Encoding.UTF8.GetBytes($"{table.Label}=\"", to);
        ((LabelValue)item.Key.Name).WriteTo(to);
        to.Write("\""u8);
        if (table.HasUid)
        {
            Encoding.UTF8.GetBytes($",uid=\"{item.Uid}\"", to);
        }
    }
}
