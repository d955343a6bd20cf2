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
    ConversionAsker asker, ConvertedShelf shelf, ConvertedVersion shown, ConvertedVersion storage)
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
        var (places, bytes) = (new List<int>(), 0);
        for (var i = 0; i < stored.Count; i++)
        {
            if (shelf.Find(this, stored[i]) is { } known)
            {
                result[i] = known;
                continue;
            }

            if (ResourceCodec.Decode<CustomObject>(stored[i]) is var item && item.ApiVersion == shown.ApiVersion)
            {
                result[i] = Keep(stored[i], item);
                continue;
            }

            if (places.Count == MaxBatch || (places.Count > 0 && bytes + stored[i].Length > MaxBatchBytes))
            {
                await ShowAsync(stored, places, result, cancellationToken);
                places.Clear();
                bytes = 0;
            }

            places.Add(i);
            bytes += stored[i].Length;
        }

        if (places.Count > 0)
        {
            await ShowAsync(stored, places, result, cancellationToken);
        }

        return result;
    }

    /// <inheritdoc/>
    public async ValueTask<IKubernetesObject<V1ObjectMeta>> ToStoredAsync(
        IKubernetesObject<V1ObjectMeta> item, CancellationToken cancellationToken)
    {
        if (shown.ApiVersion == storage.ApiVersion)
        {
            return item;
        }

        var converted = await asker.AskAsync(storage.ApiVersion, [ResourceCodec.Encode(item)], cancellationToken);
        return storage.Take(converted[0]);
    }

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) => throw NotHere();

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored) => throw NotHere();

    private static InvalidOperationException NotHere() => new("A webhook is asked with patience.");

    private async ValueTask ShowAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> stored, List<int> places, ReadOnlyMemory<byte>[] result,
        CancellationToken cancellationToken)
    {
        var converted = await asker.AskAsync(
            shown.ApiVersion, [.. places.Select(p => stored[p])], cancellationToken);
        foreach (var (place, item) in places.Zip(converted))
        {
            result[place] = Keep(stored[place], item);
        }
    }

    private ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> stored, CustomObject item)
    {
        ReadOnlyMemory<byte> json = ResourceCodec.Encode(shown.Take(item));
        shelf.Keep(this, stored, json);
        return json;
    }
}
