using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Configuration;

/// <summary>What a configuration may be of.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="ApiVersions">The versions of that kind.</param>
public sealed record ConfigurationKind(string Kind, params IReadOnlyList<string> ApiVersions);

/// <summary>
/// Configurations of the API server in upstream's form: YAML or JSON of a known kind and version. Whether fields that
/// nobody knows are refused or passed over differs from kind to kind, as in upstream.
/// </summary>
public static class ConfigurationFile
{
    /// <summary>The group of most of them.</summary>
    public const string Group = "apiserver.config.k8s.io";

    /// <summary>Reads one.</summary>
    /// <typeparam name="T">What it says.</typeparam>
    /// <param name="content">The file.</param>
    /// <param name="kind">The kind that it must be of.</param>
    /// <param name="apiVersions">The versions that are known.</param>
    /// <param name="read">Reads every field that there is.</param>
    /// <exception cref="ConfigurationException">It is none.</exception>
    public static T Read<T>(
        ReadOnlySpan<byte> content, string kind, IReadOnlyList<string> apiVersions, Func<ConfigurationNode, T> read) =>
        Strict(Decode(content, [new ConfigurationKind(kind, apiVersions)], read));

    /// <summary>Reads one of a kind that may have fields which nobody knows, or one twice.</summary>
    /// <typeparam name="T">What it says.</typeparam>
    /// <param name="content">The file.</param>
    /// <param name="kinds">What it may be of.</param>
    /// <param name="read">Reads every field that there is.</param>
    /// <returns>What it says, and what is passed over, in upstream's words; null for nothing.</returns>
    /// <exception cref="ConfigurationException">It is none.</exception>
    public static (T Value, string? PassedOver) ReadLeniently<T>(
        ReadOnlySpan<byte> content, IReadOnlyList<ConfigurationKind> kinds, Func<ConfigurationNode, T> read) =>
        Decode(content, kinds, read);

    /// <summary>Reads one that is a part of another, and may have fields which nobody knows.</summary>
    public static (T Value, string? PassedOver) ReadLeniently<T>(
        JsonElement content, IReadOnlyList<ConfigurationKind> kinds, Func<ConfigurationNode, T> read) =>
        Decode(content, kinds, null, read);

    /// <summary>Reads one that is a part of another.</summary>
    public static T Read<T>(
        JsonElement content, string kind, IReadOnlyList<string> apiVersions, Func<ConfigurationNode, T> read) =>
        Strict(Decode(content, [new ConfigurationKind(kind, apiVersions)], null, read));

    private static T Strict<T>((T Value, string? PassedOver) decoded) => decoded.PassedOver is { } complaint
        ? throw new ConfigurationException(complaint)
        : decoded.Value;

    private static (T Value, string? PassedOver) Decode<T>(
        ReadOnlySpan<byte> content, IReadOnlyList<ConfigurationKind> kinds, Func<ConfigurationNode, T> read)
    {
        if (content.IsEmpty)
        {
            throw new ConfigurationException("empty config data");
        }

        var converted = YamlConverter.ToJson(content);
        if (converted.Error is { } error)
        {
            throw new ConfigurationException($"{YamlConverter.ConversionError}{error}");
        }

        using var document = Parse(converted.Json);
        return Decode(document.RootElement, kinds, converted.DuplicateKeys, read);
    }

    private static (T Value, string? PassedOver) Decode<T>(
        JsonElement content, IReadOnlyList<ConfigurationKind> kinds, string? duplicates,
        Func<ConfigurationNode, T> read)
    {
        var root = new ConfigurationNode(content, "");
        var (version, found) = (root.Text("apiVersion"), root.Text("kind"));
        if (found.Length == 0 || version.Length == 0)
        {
            throw new ConfigurationException(found.Length == 0
                ? "Object 'Kind' is missing in configuration"
                : "Object 'apiVersion' is missing in configuration");
        }

        if (!kinds.Any(k => k.Kind == found && k.ApiVersions.Contains(version)))
        {
            var known = kinds.Select(static k => $"{k.Kind} of {string.Join(", ", k.ApiVersions)}");
            throw new ConfigurationException(
                $"no kind {GoText.Quote(found)} is registered for version {GoText.Quote(version)}; "
                + $"known is {string.Join(", and ", known)}");
        }

        var result = read(root);
        List<string> strict = [.. duplicates is null ? [] : new[] { duplicates }, .. root.UnknownFields()];
        return (result, strict.Count == 0 ? null : $"strict decoding error: {string.Join(", ", strict)}");
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException bad)
        {
            throw new ConfigurationException(GoJson.FindError(json.Span) ?? bad.Message);
        }
    }
}
