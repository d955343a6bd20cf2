using System.Text;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// The body of many children that differ in nothing but their name, or in one more text: encoded once.
/// </summary>
public sealed class ChildBody<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const string Name = "name-of-the-child-goes-here";

    private readonly byte[] _head;
    private readonly byte[] _middle;
    private readonly byte[] _tail;

    /// <param name="template">What is common to all; its name does not matter.</param>
    /// <param name="varying">
    /// The only element of a list of the template, which stands for what is each child's own; empty when nothing is.
    /// </param>
    public ChildBody(T template, string varying = "")
    {
        template.ApiVersion = ResourceOf<T>.ApiVersion;
        template.Kind = ResourceOf<T>.Kind;
        template.Metadata.Name = Name;
        (_head, var rest) = Cut(ResourceCodec.Encode(template), "\"name\":\"", Name);
        (_middle, _tail) = varying.Length == 0 ? (rest, []) : Cut(rest, "[\"", varying);
    }

    /// <summary>The create of one child.</summary>
    /// <param name="inNamespace">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="own">Its own text, which needs no escaping in JSON.</param>
    public CreateRequest Request(string inNamespace, string name, string own = "")
    {
        var json = new byte[
            _head.Length + Encoding.UTF8.GetByteCount(name) + _middle.Length + Encoding.UTF8.GetByteCount(own)
            + _tail.Length];
        _head.CopyTo(json, 0);
        var at = _head.Length + Encoding.UTF8.GetBytes(name, json.AsSpan(_head.Length));
        _middle.CopyTo(json, at);
        at += _middle.Length;
        at += Encoding.UTF8.GetBytes(own, json.AsSpan(at));
        _tail.CopyTo(json, at);
        return new CreateRequest { Resource = ResourceOf<T>.Name, Namespace = inNamespace, Name = name, Json = json };
    }

    /// <summary>What is before and behind the first quoted text that follows something.</summary>
    private static (byte[] Before, byte[] Behind) Cut(byte[] json, string after, string text)
    {
        var at = json.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"{after}{text}\""));
        Invariant.Check(at >= 0, "what children differ in stands in their template", text);
        at += after.Length;
        return (json[..at], json[(at + text.Length)..]);
    }
}
