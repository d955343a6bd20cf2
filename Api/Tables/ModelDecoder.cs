using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Tables;

/// <summary>Decodes objects into the model that their definition names, when only the definition is known.</summary>
public static class ModelDecoder
{
    private static readonly ConcurrentDictionary<Type, Func<ReadOnlyMemory<byte>, IKubernetesObject<V1ObjectMeta>>> Decoders = new();

    /// <summary>The typed form of a committed object. Shared: never change it.</summary>
    public static IKubernetesObject<V1ObjectMeta> Decode(ResourceDefinition definition, ResourceObject item) =>
        item.Decode(Decoders.GetOrAdd(
            definition.Model, static model => json => (IKubernetesObject<V1ObjectMeta>)ResourceCodec.Decode(model, json.Span)));

    /// <summary>The typed form of bytes.</summary>
    public static IKubernetesObject<V1ObjectMeta> Decode(ResourceDefinition definition, ReadOnlyMemory<byte> json) =>
        (IKubernetesObject<V1ObjectMeta>)ResourceCodec.Decode(definition.Model, json.Span);
}
