using System.Collections.Concurrent;
using System.Reflection;
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
        item.Decode(For(definition.Model));

    /// <summary>The typed form of bytes.</summary>
    public static IKubernetesObject<V1ObjectMeta> Decode(ResourceDefinition definition, ReadOnlyMemory<byte> json) =>
        For(definition.Model)(json);

    private static Func<ReadOnlyMemory<byte>, IKubernetesObject<V1ObjectMeta>> For(Type model) =>
        Decoders.GetOrAdd(model, static type => typeof(ModelDecoder)
            .GetMethod(nameof(DecodeAs), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(type)
            .CreateDelegate<Func<ReadOnlyMemory<byte>, IKubernetesObject<V1ObjectMeta>>>());

    private static IKubernetesObject<V1ObjectMeta> DecodeAs<T>(ReadOnlyMemory<byte> json)
        where T : class, IKubernetesObject<V1ObjectMeta> => ResourceCodec.Decode<T>(json);
}
