using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Objects of one kind in one version, to and from JSON. Whoever handles objects without knowing their kind has them
/// from here: what class they have in memory is the codec's own affair.
/// </summary>
public interface IObjectCodec
{
    /// <summary>What the objects look like.</summary>
    ObjectSchema Schema { get; }

    /// <summary>Go's name of the type, as messages use it: <c>ConfigMap</c>.</summary>
    string GoName { get; }

    /// <summary>Decodes stored bytes; they were validated when written, so failure is a bug.</summary>
    IKubernetesObject<V1ObjectMeta> Decode(ReadOnlyMemory<byte> json);

    /// <summary>
    /// Decodes what a client sent. Errors and strict findings are in <paramref name="decoding"/>; throws JsonException
    /// when it is not JSON. Metadata is never null.
    /// </summary>
    IKubernetesObject<V1ObjectMeta> Read(ReadOnlySpan<byte> json, JsonDecoding decoding);

    /// <summary>The decoded form of a committed object. Shared: never change it; decode it again to do so.</summary>
    IKubernetesObject<V1ObjectMeta> Share(ResourceObject item);

    /// <summary>The object as owners of fields compare it; it must not change meanwhile.</summary>
    OwnedVersion VersionOf(string apiVersion, IKubernetesObject<V1ObjectMeta> item);
}
