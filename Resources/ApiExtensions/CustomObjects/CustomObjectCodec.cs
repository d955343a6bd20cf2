using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>Objects of a custom kind in one version; what is not specified is dropped as they are read.</summary>
/// <param name="version">The version's schema.</param>
public sealed class CustomObjectCodec(VersionSchema version) : IObjectCodec
{
    private static readonly Func<ReadOnlyMemory<byte>, CustomObject> Decoder = ResourceCodec.Decode<CustomObject>;

    /// <inheritdoc/>
    public ObjectSchema Schema => version.Structure;

    /// <inheritdoc/>
    public string GoName => version.Kind.Kind;

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Decode(ReadOnlyMemory<byte> json) => Decoder(json);

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Read(ReadOnlySpan<byte> json, JsonDecoding decoding)
    {
        var item = (CustomObject)ResourceCodec.Read(typeof(CustomObject), json, decoding);
        if (SchemaPruning.Prune(item.Body, version.Schema) is { Count: > 0 } dropped)
        {
            foreach (var unknown in dropped.Order(StringComparer.Ordinal))
            {
                decoding.Unknown(unknown);
            }
        }

        if (version.HasEmbedded)
        {
            EmbeddedMetadata.Coerce(item.Body, version.Schema!, decoding);
        }

        return item;
    }

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Share(ResourceObject item) => item.Decode(Decoder);

    /// <inheritdoc/>
    public OwnedVersion VersionOf(string apiVersion, IKubernetesObject<V1ObjectMeta> item) =>
        new(apiVersion, Schema, new CustomContent((CustomObject)item, Schema));
}
