using System.Text.Json;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What an AdmissionConfiguration says.</summary>
/// <param name="PodSecurity">Of Pod Security.</param>
/// <param name="EventRateLimits">How many Events are taken; null for as many as come.</param>
public sealed record AdmissionSettings(PodSecurityOptions PodSecurity, EventRateLimits? EventRateLimits);

/// <summary>
/// Upstream's <c>--admission-control-config-file</c>: an AdmissionConfiguration with configurations of PodSecurity and
/// EventRateLimit, inline or in files of their own. No other plugin takes one.
/// </summary>
public static class AdmissionConfigurationFile
{
    private static readonly string[] Modes = ["enforce", "audit", "warn"];

    /// <summary>Reads the file; what it does not say is as upstream has it.</summary>
    public static AdmissionSettings Read(string path)
    {
        var (options, limits) = (new PodSecurityOptions(), (EventRateLimits?)null);
        foreach (var plugin in Items(Load(path, "AdmissionConfiguration"), "plugins"))
        {
            var name = Text(plugin, "name");
            if (name == "EventRateLimit")
            {
                limits = ReadLimits(plugin, path);
                continue;
            }

            if (name != "PodSecurity")
            {
                throw new UserErrorException(
                    $"{path}: the admission plugin {GoText.Quote(name)} takes no configuration.");
            }

            var file = Text(plugin, "path");
            options = file.Length > 0
                ? Options(Load(Path.Combine(Path.GetDirectoryName(path)!, file), "PodSecurityConfiguration"), file)
                : plugin.TryGetProperty("configuration", out var inline) ? Options(inline, path) : options;
        }

        return new AdmissionSettings(options, limits);
    }

    private static EventRateLimits ReadLimits(JsonElement plugin, string path)
    {
        var file = Text(plugin, "path");
        try
        {
            return file.Length > 0
                ? EventRateLimits.Read(File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(path)!, file)))
                : plugin.TryGetProperty("configuration", out var inline)
                    ? EventRateLimits.Read(inline)
                    : throw new ConfigurationException("limits: Invalid value: []: must not be empty");
        }
        catch (ConfigurationException bad)
        {
            throw new UserErrorException($"{path}: EventRateLimit: {bad.Message}");
        }
    }

    private static PodSecurityOptions Options(JsonElement configuration, string path)
    {
        var errors = new FieldErrors();
        var exemptions = Property(configuration, "exemptions");
        var options = new PodSecurityOptions
        {
            Defaults = PodSecurityPolicy.Of(
                Labels(Property(configuration, "defaults")), PodSecurityPolicy.Privileged, errors),
            ExemptUsernames = Names(exemptions, "usernames"),
            ExemptNamespaces = Names(exemptions, "namespaces"),
            ExemptRuntimeClasses = Names(exemptions, "runtimeClasses"),
        };
        return errors.Count == 0 ? options : throw new UserErrorException($"{path}: defaults: {errors.All[0].Message}");
    }

    /// <summary>The defaults as the labels that would say the same; a level that is not given is privileged.</summary>
    private static Dictionary<string, string> Labels(JsonElement? defaults)
    {
        var labels = Modes.ToDictionary(
            m => PodSecurityPolicy.LabelPrefix + m, _ => "privileged", StringComparer.Ordinal);
        foreach (var property in defaults?.EnumerateObject().ToList() ?? [])
        {
            labels[PodSecurityPolicy.LabelPrefix + property.Name] = property.Value.ToString();
        }

        return labels;
    }

    private static JsonElement Load(string path, string kind)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"{path} does not exist.");
        }

        var converted = YamlConverter.ToJson(File.ReadAllBytes(path));
        if (converted.Error is { } error)
        {
            throw new UserErrorException($"{path}: {error}");
        }

        var root = JsonDocument.Parse(converted.Json).RootElement;
        return root.ValueKind == JsonValueKind.Object && Text(root, "kind") == kind
            ? root
            : throw new UserErrorException($"{path} is no {kind}.");
    }

    private static JsonElement? Property(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } item && item.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.Object
            ? value
            : null;

    private static List<JsonElement> Items(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } item && item.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray()]
            : [];

    private static HashSet<string> Names(JsonElement? owner, string name) =>
        Items(owner, name).Select(n => n.ToString()).ToHashSet(StringComparer.Ordinal);

    private static string Text(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? value.ToString() : "";
}
