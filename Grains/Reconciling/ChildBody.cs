using System.Text;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>The body of many children that differ in nothing but their name: encoded once.</summary>
public sealed class ChildBody<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const string Placeholder = "name-of-the-child-goes-here";

    private readonly byte[] _json;
    private readonly int _offset;

    public ChildBody(T template)
    {
        template.ApiVersion = ResourceOf<T>.ApiVersion;
        template.Kind = ResourceOf<T>.Kind;
        template.Metadata.Name = Placeholder;
        _json = ResourceCodec.Encode(template);
        _offset = _json.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"name\":\"{Placeholder}\"")) + "\"name\":\"".Length;
    }

    /// <summary>The create of one child.</summary>
    public CreateRequest Request(string inNamespace, string name)
    {
        var json = new byte[_json.Length - Placeholder.Length + name.Length];
        _json.AsSpan(0, _offset).CopyTo(json);
        Encoding.UTF8.GetBytes(name, json.AsSpan(_offset));
        _json.AsSpan(_offset + Placeholder.Length).CopyTo(json.AsSpan(_offset + name.Length));
        return new CreateRequest { Resource = ResourceOf<T>.Name, Namespace = inNamespace, Name = name, Json = json };
    }
}
