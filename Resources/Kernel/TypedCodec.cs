using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Objects of a built-in kind: KubernetesClient's model of it.</summary>
/// <typeparam name="T">The model, for example <c>V1Pod</c>.</typeparam>
public sealed class TypedCodec<T> : IObjectCodec
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly Func<ReadOnlyMemory<byte>, T> Decoder = ResourceCodec.Decode<T>;

    private TypedCodec()
    {
    }

    /// <summary>The only one of its kind.</summary>
    public static TypedCodec<T> Instance { get; } = new();

    /// <inheritdoc/>
    public ObjectSchema Schema { get; } = BuiltInSchema.Of(typeof(T));

    /// <inheritdoc/>
    public string GoName { get; } = ResourceCodec.GoName(typeof(T));

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Decode(ReadOnlyMemory<byte> json) => Decoder(json);

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Read(ReadOnlySpan<byte> json, JsonDecoding decoding)
    {
        var item = (T)ResourceCodec.Read(typeof(T), json, decoding);
        item.Metadata ??= new V1ObjectMeta();
        return item;
    }

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> Share(ResourceObject item) => item.Decode(Decoder);

    /// <inheritdoc/>
    public OwnedVersion VersionOf(string apiVersion, IKubernetesObject<V1ObjectMeta> item) =>
        new(apiVersion, Schema, new ModelContent(item));
}
