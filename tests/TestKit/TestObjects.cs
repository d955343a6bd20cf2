using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.TestKit;

/// <summary>Small objects for tests of machinery that does not look into specs.</summary>
public static class TestObjects
{
    public static readonly ResourceName Pods = new("", "pods");

    private const string Mark = "\"resourceVersion\":\"";

    public static ObjectWrite Create(
        ObjectKey key, string spec = "{}", string? uid = null, string labels = "{}", string owners = "[]") =>
        Write(WriteKind.Create, 0, key, spec, uid, labels, owners);

    public static ObjectWrite Update(
        ObjectKey key, long expected, string spec = "{}", string? uid = null, string labels = "{}", string owners = "[]") =>
        Write(WriteKind.Update, expected, key, spec, uid, labels, owners);

    public static ObjectWrite Delete(ResourceObject current) =>
        FromJson(WriteKind.Delete, current.Revision, current.Uid, current.Json);

    /// <summary>The spec of an object as text.</summary>
    public static string Spec(this ResourceObject item)
    {
        using var document = JsonDocument.Parse(item.Json);
        return document.RootElement.GetProperty("spec").GetRawText();
    }

    /// <summary>The resourceVersion inside the bytes.</summary>
    public static string ResourceVersion(this ResourceObject item)
    {
        using var document = JsonDocument.Parse(item.Json);
        return document.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
    }

    private static ObjectWrite Write(
        WriteKind kind, long expected, ObjectKey key, string spec, string? uid, string labels, string owners)
    {
        uid ??= $"uid-{key.Namespace}-{key.Name}";
        var json = $$"""{"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{key.Name}}","namespace":"{{key.Namespace}}","uid":"{{uid}}","resourceVersion":"","labels":{{labels}},"ownerReferences":{{owners}}},"spec":{{spec}}}""";
        return FromText(kind, expected, uid, json);
    }

    private static ObjectWrite FromJson(WriteKind kind, long expected, string uid, ReadOnlyMemory<byte> json)
    {
        var text = Encoding.UTF8.GetString(json.Span);
        var start = text.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return FromText(kind, expected, uid, text.Remove(start, text.IndexOf('"', start) - start));
    }

    /// <summary>The write of an object's JSON, in which <c>metadata.resourceVersion</c> is the empty string.</summary>
    public static ObjectWrite FromText(WriteKind kind, long expected, string uid, string json)
    {
        var offset = json.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return new ObjectWrite
        {
            Kind = kind,
            ExpectedRevision = expected,
            Uid = uid,
            Json = Encoding.UTF8.GetBytes(json),
            RevisionOffset = Encoding.UTF8.GetByteCount(json.AsSpan(0, offset)),
        };
    }
}
