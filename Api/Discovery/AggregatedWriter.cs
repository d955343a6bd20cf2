using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Discovery;

/// <summary>
/// Writes <c>apidiscovery.k8s.io/v2</c>: everything that a client wants to know of a server in one answer.
/// </summary>
internal static class AggregatedWriter
{
    public static IEnumerable<ResourceDefinition> Resources(ResourceTable table, string group, string version) =>
        table.All
        .Where(d => d.Name.Group == group && d.Version == version)
        .OrderBy(d => d.Name.Plural, StringComparer.Ordinal);

    public static void Write(
        Utf8JsonWriter writer, ResourceTable table,
        IReadOnlyList<(string Group, IReadOnlyList<string> Versions)> groups, IReadOnlyList<RemoteVersion> remotes)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", "APIGroupDiscoveryList");
        writer.WriteString("apiVersion", "apidiscovery.k8s.io/v2");
        writer.WriteStartObject("metadata");
        writer.WriteEndObject();
        writer.WriteStartArray("items");
        foreach (var (group, versions) in groups)
        {
            WriteGroup(writer, table, group, versions, remotes);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteGroup(
        Utf8JsonWriter writer, ResourceTable table, string group, IReadOnlyList<string> versions,
        IReadOnlyList<RemoteVersion> remotes)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("metadata");
        if (group.Length > 0)
        {
            writer.WriteString("name", group);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("versions");
        foreach (var version in versions)
        {
            writer.WriteStartObject();
            writer.WriteString("version", version);
            var remote = remotes.FirstOrDefault(r => r.Group == group && r.Version == version);
            WriteResources(writer, table, group, version, remote);
            writer.WriteString("freshness", remote is { IsStale: true } ? "Stale" : "Current");
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteResources(
        Utf8JsonWriter writer, ResourceTable table, string group, string version, RemoteVersion? remote)
    {
        if (remote is not null)
        {
            writer.WritePropertyName("resources");
            writer.WriteRawValue(remote.Resources.Span);
            return;
        }

        writer.WriteStartArray("resources");
        foreach (var definition in Resources(table, group, version))
        {
            WriteResource(writer, definition);
        }

        writer.WriteEndArray();
    }

    private static void WriteResource(Utf8JsonWriter writer, ResourceDefinition definition)
    {
        writer.WriteStartObject();
        writer.WriteString("resource", definition.Name.Plural);
        var (group, version) = definition.Of.IsCustom ? (definition.Name.Group, definition.Version) : ("", "");
        WriteKind(writer, group, version, definition.Kind);
        writer.WriteString("scope", definition.Namespaced ? "Namespaced" : "Cluster");
        writer.WriteString("singularResource", definition.Singular);
        DiscoveryDocuments.WriteTexts(writer, "verbs", definition.Verbs);
        DiscoveryDocuments.WriteTextsIfAny(writer, "shortNames", definition.ShortNames);
        DiscoveryDocuments.WriteTextsIfAny(writer, "categories", definition.Categories);
        if (definition.Subresources.Count > 0)
        {
            writer.WriteStartArray("subresources");
            foreach (var subresource in DiscoveryDocuments.SubresourcesOf(definition))
            {
                writer.WriteStartObject();
                writer.WriteString("subresource", subresource.Name);
                WriteKind(
                    writer, subresource.Group ?? group, subresource.Version ?? version,
                    subresource.Kind ?? definition.Kind);
                DiscoveryDocuments.WriteTexts(writer, "verbs", subresource.Verbs);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteKind(Utf8JsonWriter writer, string group, string version, string kind)
    {
        writer.WriteStartObject("responseKind");
        writer.WriteString("group", group);
        writer.WriteString("version", version);
        writer.WriteString("kind", kind);
        writer.WriteEndObject();
    }
}
