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
/// <param name="kind">Its place.</param>
/// <param name="schema">The version's schema; null for one that says nothing.</param>
public sealed class CustomObjectCodec(SchemaKind kind, JsonSchema? schema) : IObjectCodec
{
    private static readonly Func<ReadOnlyMemory<byte>, CustomObject> Decoder = ResourceCodec.Decode<CustomObject>;

    /// <inheritdoc/>
    public ObjectSchema Schema { get; } = StructuralBuilder.Build(kind, schema);

    /// <inheritdoc/>
    public string GoName => kind.Kind;

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Decode(ReadOnlyMemory<byte> json) => Decoder(json);

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Read(ReadOnlySpan<byte> json, JsonDecoding decoding)
    {
        var item = (CustomObject)ResourceCodec.Read(typeof(CustomObject), json, decoding);
        foreach (var unknown in SchemaPruning.Prune(item.Body, schema).Order(StringComparer.Ordinal))
        {
            decoding.Unknown(unknown);
        }

        return item;
    }

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Share(ResourceObject item) => item.Decode(Decoder);

    /// <inheritdoc/>
    public OwnedVersion VersionOf(string apiVersion, IKubernetesObject<V1ObjectMeta> item) =>
        new(apiVersion, Schema, ResourceCodec.Encode(item));
}
