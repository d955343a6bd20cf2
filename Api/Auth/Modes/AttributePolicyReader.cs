using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>
/// Reads a file of policies, one a line, as upstream's mode ABAC has it: of version v1beta1, or of none, in which what
/// is not said means all. Fields that nobody knows are passed over.
/// </summary>
public static class AttributePolicyReader
{
    private const string Group = "abac.authorization.kubernetes.io/";

    /// <summary>The policies of a file, in their order.</summary>
    /// <exception cref="ConfigurationException">A line is none; it is named.</exception>
    public static IReadOnlyList<AttributePolicy> Load(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(failure.Message);
        }

        return [.. lines.Index().Where(static l => !IsEmpty(l.Item)).Select(l => Read(path, l.Index + 1, l.Item))];
    }

    private static bool IsEmpty(string line) => line.AsSpan().Trim() is [] or ['#', ..];

    private static AttributePolicy Read(string path, int number, string line)
    {
        try
        {
            return Read(line);
        }
        catch (Exception bad) when (bad is ConfigurationException or JsonException)
        {
            throw new ConfigurationException(FormattableString.Invariant(
                $"error reading policy file {path}, line {number}: {line}: {bad.Message}"));
        }
    }

    private static AttributePolicy Read(string line)
    {
        var converted = YamlConverter.ToJson(Encoding.UTF8.GetBytes(line));
        if (converted.Error is { } error)
        {
            throw new ConfigurationException($"{YamlConverter.ConversionError}{error}");
        }

        using var document = JsonDocument.Parse(converted.Json);
        var root = new ConfigurationNode(document.RootElement, "");
        var (version, kind) = (root.Text("apiVersion"), root.Text("kind"));
        return (version, kind) switch
        {
            (Group + "v1beta1", "Policy") => OfSpec(root.Child("spec")),
            (Group + "v0", "Policy") or ("", _) or (_, "") => OfLine(root),
            _ => throw new ConfigurationException(
                $"no kind {GoText.Quote(kind)} is registered for version {GoText.Quote(version)}"),
        };
    }

    private static AttributePolicy OfSpec(ConfigurationNode spec) => new AttributePolicy
    {
        User = spec.Text("user"),
        Group = spec.Text("group"),
        IsReadOnly = spec.Flag("readonly") ?? false,
        ApiGroup = spec.Text("apiGroup"),
        Resource = spec.Text("resource"),
        Namespace = spec.Text("namespace"),
        Path = spec.Text("nonResourcePath"),
    }.OfSignedIn();

    /// <summary>Without a version; who is not said, is everybody who has signed in.</summary>
    private static AttributePolicy OfLine(ConfigurationNode line)
    {
        var (user, group) = (line.Text("user"), line.Text("group"));
        var (resource, space) = (OrAll(line.Text("resource")), OrAll(line.Text("namespace")));
        return new AttributePolicy
        {
            User = user,
            Group = user.Length == 0 && group.Length == 0 ? SystemNames.Authenticated : group,
            IsReadOnly = line.Flag("readonly") ?? false,
            ApiGroup = "*",
            Resource = resource,
            Namespace = space,
            Path = line.Text("resource").Length == 0 && line.Text("namespace").Length == 0 ? "*" : "",
        }.OfSignedIn();
    }

    private static string OrAll(string text) => text.Length == 0 ? "*" : text;
}
