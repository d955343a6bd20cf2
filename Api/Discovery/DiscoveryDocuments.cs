using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Discovery;

/// <summary>A document and the tag by which clients ask whether they still have it.</summary>
public sealed record DiscoveryDocument(byte[] Json, string ETag)
{
    public static DiscoveryDocument Of(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(output))
        {
            write(writer);
        }

        var json = output.WrittenSpan.ToArray();
        return new DiscoveryDocument(json, $"\"{Convert.ToHexString(SHA512.HashData(json))}\"");
    }
}

/// <summary>
/// All discovery documents of a resource table, encoded once.
/// </summary>
public sealed class DiscoveryDocuments
{
    /// <summary>
    /// Where clients that look at <c>serverAddressByClientCIDRs</c> are sent when nobody says better.
    /// </summary>
    public const string DefaultAddress = "127.0.0.1:6443";

    private readonly Dictionary<string, DiscoveryDocument> _documents = new(StringComparer.Ordinal);

    private readonly IReadOnlyList<string> _remotePaths;

    /// <param name="table">What this server serves.</param>
    /// <param name="remotes">What others serve behind it: their lists of resources are theirs to answer.</param>
    /// <param name="serverAddress">Where clients find this server.</param>
    public DiscoveryDocuments(
        ResourceTable table, IReadOnlyList<RemoteVersion>? remotes = null, string serverAddress = DefaultAddress)
    {
        remotes ??= [];
        _remotePaths = [.. remotes.Select(static r => $"/apis/{r.Group}/{r.Version}")];
        var groups = GroupOrder.Of(table, remotes);
        var core = GroupOrder.CoreVersions(table);
        CoreAggregated = DiscoveryDocument.Of(w => AggregatedWriter.Write(w, table, [("", core)], []));
        GroupsAggregated = DiscoveryDocument.Of(w => AggregatedWriter.Write(w, table, groups, remotes));
        _documents["/api"] = DiscoveryDocument.Of(w => WriteVersions(w, core, serverAddress));
        _documents["/apis"] = DiscoveryDocument.Of(w => WriteGroups(w, groups));
        foreach (var version in core)
        {
            _documents[$"/api/{version}"] = DiscoveryDocument.Of(w => WriteResources(w, table, "", version));
        }

        foreach (var (group, versions) in groups)
        {
            _documents[$"/apis/{group}"] = DiscoveryDocument.Of(w => WriteGroup(w, group, versions, isRoot: true));
            foreach (var version in versions.Where(v => !_remotePaths.Contains($"/apis/{group}/{v}")))
            {
                _documents[$"/apis/{group}/{version}"] =
                    DiscoveryDocument.Of(w => WriteResources(w, table, group, version));
            }
        }
    }

    /// <summary><c>/api</c> in the aggregated form.</summary>
    public DiscoveryDocument CoreAggregated { get; }

    /// <summary><c>/apis</c> in the aggregated form.</summary>
    public DiscoveryDocument GroupsAggregated { get; }

    /// <summary>Paths of all documents, those of others included.</summary>
    public IEnumerable<string> Paths => _documents.Keys.Concat(_remotePaths);

    /// <summary>Null when there is no document at a path (without trailing slash).</summary>
    public DiscoveryDocument? Find(string path) => _documents.GetValueOrDefault(path);

    /// <summary>Upstream's <c>storageVersionHash</c>: tells clients whether the storage version has changed.</summary>
    public static string StorageVersionHash(ResourceDefinition definition)
    {
        var version = definition.Of.UpstreamStorage ?? definition.Of.Stored.Version;
        var stored = $"{definition.Storage.Group}/{version}/{definition.Kind}";
        return Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(stored)).AsSpan(0, 8));
    }

    /// <summary>By name; those of custom kinds in upstream's fixed order.</summary>
    internal static IEnumerable<SubresourceDefinition> SubresourcesOf(ResourceDefinition definition) =>
        definition.Of.IsCustom
            ? definition.Subresources
            : definition.Subresources.OrderBy(s => s.Name, StringComparer.Ordinal);

    private static void WriteVersions(Utf8JsonWriter writer, IReadOnlyList<string> versions, string serverAddress)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", "APIVersions");
        WriteTexts(writer, "versions", versions);
        writer.WriteStartArray("serverAddressByClientCIDRs");
        writer.WriteStartObject();
        writer.WriteString("clientCIDR", "0.0.0.0/0");
        writer.WriteString("serverAddress", serverAddress);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteGroups(
        Utf8JsonWriter writer, IReadOnlyList<(string Group, IReadOnlyList<string> Versions)> groups)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", "APIGroupList");
        writer.WriteString("apiVersion", "v1");
        writer.WriteStartArray("groups");
        foreach (var (group, versions) in groups)
        {
            WriteGroup(writer, group, versions, isRoot: false);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteGroup(Utf8JsonWriter writer, string group, IReadOnlyList<string> versions, bool isRoot)
    {
        writer.WriteStartObject();
        if (isRoot)
        {
            writer.WriteString("kind", "APIGroup");
            writer.WriteString("apiVersion", "v1");
        }

        writer.WriteString("name", group);
        writer.WriteStartArray("versions");
        foreach (var version in versions)
        {
            writer.WriteStartObject();
            WriteVersion(writer, group, version);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("preferredVersion");
        WriteVersion(writer, group, versions[0]);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteVersion(Utf8JsonWriter writer, string group, string version)
    {
        writer.WriteString("groupVersion", $"{group}/{version}");
        writer.WriteString("version", version);
    }

    private static void WriteResources(Utf8JsonWriter writer, ResourceTable table, string group, string version)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", "APIResourceList");
        if (group.Length > 0)
        {
            // The core group's list has none, for reasons of age.
            writer.WriteString("apiVersion", "v1");
        }

        writer.WriteString("groupVersion", group.Length == 0 ? version : $"{group}/{version}");
        writer.WriteStartArray("resources");
        foreach (var definition in AggregatedWriter.Resources(table, group, version))
        {
            WriteResource(writer, definition);
            foreach (var subresource in SubresourcesOf(definition))
            {
                WriteSubresource(writer, definition, subresource);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteResource(Utf8JsonWriter writer, ResourceDefinition definition)
    {
        writer.WriteStartObject();
        writer.WriteString("name", definition.Name.Plural);
        writer.WriteString("singularName", definition.Singular);
        writer.WriteBoolean("namespaced", definition.Namespaced);
        writer.WriteString("kind", definition.Kind);
        WriteTexts(writer, "verbs", definition.Verbs);
        WriteTextsIfAny(writer, "shortNames", definition.ShortNames);
        WriteTextsIfAny(writer, "categories", definition.Categories);
        if (definition.Verbs.Contains("list") && !definition.Of.IsVirtual)
        {
            writer.WriteString("storageVersionHash", StorageVersionHash(definition));
        }

        writer.WriteEndObject();
    }

    private static void WriteSubresource(
        Utf8JsonWriter writer, ResourceDefinition definition, SubresourceDefinition subresource)
    {
        writer.WriteStartObject();
        writer.WriteString("name", $"{definition.Name.Plural}/{subresource.Name}");
        writer.WriteString("singularName", "");
        writer.WriteBoolean("namespaced", definition.Namespaced);
        if (subresource.Group is { } group)
        {
            writer.WriteString("group", group);
        }

        if (subresource.Version is { } version)
        {
            writer.WriteString("version", version);
        }

        writer.WriteString("kind", subresource.Kind ?? definition.Kind);
        WriteTexts(writer, "verbs", subresource.Verbs);
        writer.WriteEndObject();
    }

    internal static void WriteTextsIfAny(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count > 0)
        {
            WriteTexts(writer, name, texts);
        }
    }

    internal static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
