using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>
/// Makes a static pod of a manifest in YAML or JSON: upstream's <c>pkg/kubelet/config/common.go</c>, with the defaults
/// and the rules of the API itself. Unknown fields are overlooked, as upstream does. Pure.
/// </summary>
public static class Manifest
{
    /// <summary>A longer manifest is refused.</summary>
    public const int MaxBytes = 10 * 1024 * 1024;

    private const int UidBytes = 16;

    private static readonly PodStrategy Strategy = new();

    /// <summary>Throws <see cref="ManifestException"/> with what is wrong.</summary>
    /// <param name="text">The manifest.</param>
    /// <param name="path">Where it lies: the same text in another file is another pod.</param>
    /// <param name="nodeName">The node on which it lies, which is so in the pod's name, too.</param>
    public static StaticPod Read(ReadOnlySpan<byte> text, string path, string nodeName)
    {
        using var document = Parse(text, path, out var json);
        RequireKind(document.RootElement, json.Span, path);
        return Read(json.Span, new ManifestOrigin(path, IsFile: true), nodeName);
    }

    /// <summary>
    /// The same of what an address answers: a pod, or a list of pods. The first that is bad spoils all.
    /// </summary>
    public static IReadOnlyList<StaticPod> ReadAll(ReadOnlySpan<byte> text, string url, string nodeName)
    {
        using var document = Parse(text, url, out var json);
        var (root, origin) = (document.RootElement, new ManifestOrigin(url, IsFile: false));
        if (Text(root, "kind") != "PodList" || Text(root, "apiVersion") != "v1")
        {
            RequireKind(root, json.Span, url);
            return [Read(json.Span, origin, nodeName)];
        }

        return root.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array
            ? [.. items.EnumerateArray().Select(i => Read(Encoding.UTF8.GetBytes(i.GetRawText()), origin, nodeName))]
            : [];
    }

    private static StaticPod Read(ReadOnlySpan<byte> json, ManifestOrigin origin, string nodeName)
    {
        var pod = Decode(json, origin.Place);
        if (string.IsNullOrEmpty(pod.Metadata.Name))
        {
            throw new ManifestException("invalid pod: name is needed for the pod");
        }

        RequireDirectoryName(pod.Metadata.Uid);
        Strategy.SetDefaults(pod);
        var digest = Digest(pod, origin, nodeName);
        Complete(pod, digest, origin, nodeName);
        Strategy.PrepareForCreate(pod);
        Require(pod);
        return new StaticPod(pod, digest);
    }

    /// <summary>The pod's files lie below its uid, and are removed with it: nothing else may be meant.</summary>
    private static void RequireDirectoryName(string? uid)
    {
        if (uid is "." or ".." || uid?.AsSpan().ContainsAny('/', '\0') == true)
        {
            throw new ManifestException($"invalid pod: uid {GoQuotes.Quote(uid)} is no name of a directory");
        }
    }

    /// <summary>A manifest as JSON, whole and by its parts.</summary>
    private static JsonDocument Parse(ReadOnlySpan<byte> text, string place, out ReadOnlyMemory<byte> json)
    {
        var converted = YamlConverter.ToJson(text);
        if (converted.Error is { } bad)
        {
            throw NotParsed(place, YamlConverter.ConversionError + bad);
        }

        try
        {
            json = converted.Json;
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            throw NotParsed(place, GoJson.FindError(converted.Json.Span) ?? "invalid JSON");
        }
    }

    private static V1Pod Decode(ReadOnlySpan<byte> json, string place)
    {
        var decoding = new JsonDecoding();
        var pod = (V1Pod)TypedCodec<V1Pod>.Instance.Read(json, decoding);
        return decoding.Error is null ? pod : throw NotParsed(place, decoding.Error);
    }

    private static void RequireKind(JsonElement root, ReadOnlySpan<byte> json, string path)
    {
        var (kind, version) = (Text(root, "kind"), Text(root, "apiVersion"));
        if (kind.Length == 0 || version.Length == 0)
        {
            var missing = kind.Length == 0 ? "Kind" : "apiVersion";
            throw NotParsed(path, $"Object '{missing}' is missing in '{Encoding.UTF8.GetString(json)}'");
        }

        if ((kind, version) != ("Pod", "v1"))
        {
            throw NotParsed(path, $"no kind \"{kind}\" is registered for version \"{version}\"");
        }
    }

    private static string Text(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    /// <summary>As many digits as upstream's, which hashes what Go prints of the pod and its origin.</summary>
    private static string Digest(V1Pod pod, ManifestOrigin origin, string nodeName)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(ResourceCodec.Encode(pod));
        hash.AppendData(Encoding.UTF8.GetBytes(
            origin.IsFile ? $"host:{nodeName}file:{origin.Place}" : $"url:{origin.Place}"));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, UidBytes));
    }

    private static void Complete(V1Pod pod, string digest, ManifestOrigin origin, string nodeName)
    {
        var metadata = pod.Metadata;
        metadata.Uid = string.IsNullOrEmpty(metadata.Uid) ? digest : metadata.Uid;
        metadata.Name = $"{metadata.Name}-{nodeName.ToLowerInvariant()}";
        metadata.NamespaceProperty = string.IsNullOrEmpty(metadata.NamespaceProperty)
            ? "default"
            : metadata.NamespaceProperty;
        metadata.Annotations = new Dictionary<string, string>(metadata.Annotations ?? new Dictionary<string, string>())
        {
            [ConfigAnnotations.Hash] = metadata.Uid,
            [ConfigAnnotations.Source] = origin.IsFile ? ConfigAnnotations.FromFile : ConfigAnnotations.FromUrl,
        };
        pod.Spec.NodeName = nodeName;
        if (!origin.IsFile)
        {
            return;
        }

        pod.Spec.Tolerations = [.. (pod.Spec.Tolerations ?? []).Where(t => !IsForAll(t)), new V1Toleration
        {
            OperatorProperty = "Exists", Effect = "NoExecute", // whatever becomes of the node, it stays
        }];
    }

    private static bool IsForAll(V1Toleration toleration) => toleration is
        { OperatorProperty: "Exists", Effect: "NoExecute", Key: null or "", Value: null or "" };

    private static void Require(V1Pod pod)
    {
        var errors = new FieldErrors();
        ObjectMetaRules.ValidateCreate(pod.Metadata, namespaced: true, Strategy.ValidateName, errors);
        Strategy.Validate(pod, errors);
        if (errors.Count > 0)
        {
            var all = string.Join(' ', errors.All.Select(static e => $"{e.Field}: {e.Message}"));
            throw new ManifestException($"invalid pod: [{all}]");
        }

        if (PodReferences.FirstKind(pod) is { } kind)
        {
            throw new ManifestException($"static pods may not reference {kind}");
        }
    }

    private static ManifestException NotParsed(string path, string problem) =>
        new($"{path}: couldn't parse as pod({problem}), please check config file");
}
