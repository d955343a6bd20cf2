using System.Text.Json;
using k8s;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Models to and from the JSON of the API.</summary>
public static class ResourceCodec
{
    /// <summary>Decodes stored bytes; they were validated when written, so failure is a bug.</summary>
    public static T Decode<T>(ReadOnlyMemory<byte> json)
        where T : class
    {
        using var stream = new MemoryStream(json.ToArray());
        return KubernetesJson.Deserialize<T>(stream);
    }

    /// <summary>Compact UTF-8 JSON.</summary>
    public static byte[] Encode<T>(T item)
        where T : class => System.Text.Encoding.UTF8.GetBytes(KubernetesJson.Serialize(item));

    /// <summary>The typed form of a committed object. Shared: never change it; clone by decoding again.</summary>
    public static T As<T>(this ResourceObject item)
        where T : class => item.Decode(Decode<T>);
}
