using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.CustomResources;

/// <summary>
/// A version of a custom kind whose definition has a webhook that converts. It is asked about objects of other
/// versions only, and what it has answered about a stored object is kept for a while: each object is asked about once,
/// however many watch it.
/// </summary>
internal sealed class WebhookConversion(
    ConversionAsker asker, ConvertedShelf shelf, ConvertedVersions versions)
    : IAskedConversion
{
    /// <summary>Objects that a webhook converts at once; lists are longer.</summary>
    private const int MaxBatch = 500;

    /// <summary>Bytes of such a batch, unless it is one object.</summary>
    private const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ShowAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> stored, CancellationToken cancellationToken)
    {
        var result = new ReadOnlyMemory<byte>[stored.Count];
        var (asked, bytes) = (new List<(int Place, CustomObject Item)>(), 0);
        for (var i = 0; i < stored.Count; i++)
        {
            if (shelf.Find(this, stored[i]) is { } known)
            {
                result[i] = known;
                continue;
            }

            var item = versions.Read(ResourceCodec.Decode<CustomObject>(stored[i]));
            if (item.ApiVersion == versions.Shown.ApiVersion)
            {
                result[i] = Keep(stored[i], item);
                continue;
            }

            if (asked.Count == MaxBatch || (asked.Count > 0 && bytes + stored[i].Length > MaxBatchBytes))
            {
                await ShowAsync(stored, asked, result, cancellationToken);
                asked.Clear();
                bytes = 0;
            }

            asked.Add((i, item));
            bytes += stored[i].Length;
        }

        if (asked.Count > 0)
        {
            await ShowAsync(stored, asked, result, cancellationToken);
        }

        return result;
    }

    /// <inheritdoc/>
    public async ValueTask<IKubernetesObject<V1ObjectMeta>> ToStoredAsync(
        IKubernetesObject<V1ObjectMeta> item, CancellationToken cancellationToken)
    {
        if (versions.Shown.ApiVersion == versions.Storage.ApiVersion)
        {
            return item;
        }

        var converted = await asker.AskAsync(
            versions.Storage.ApiVersion, [ResourceCodec.Encode(item)], cancellationToken);
        return versions.Storage.Take(converted[0]);
    }

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) => throw NotHere();

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored) => throw NotHere();

    private static InvalidOperationException NotHere() => new("A webhook is asked with patience.");

    private async ValueTask ShowAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> stored, List<(int Place, CustomObject Item)> asked,
        ReadOnlyMemory<byte>[] result, CancellationToken cancellationToken)
    {
        var converted = await asker.AskAsync(
            versions.Shown.ApiVersion,
            [.. asked.Select(static a => (ReadOnlyMemory<byte>)ResourceCodec.Encode(a.Item))],
            cancellationToken);
        foreach (var ((place, _), item) in asked.Zip(converted))
        {
            result[place] = Keep(stored[place], versions.Shown.Take(item));
        }
    }

    private ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> stored, CustomObject item)
    {
        ReadOnlyMemory<byte> json = ResourceCodec.Encode(item);
        shelf.Keep(this, stored, json);
        return json;
    }
}
