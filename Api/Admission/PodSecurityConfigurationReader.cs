using System.Text.Json;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Core.Pods.PodSecurity;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Reads a PodSecurityConfiguration and checks it by upstream's rules.</summary>
public static class PodSecurityConfigurationReader
{
    private const string Kind = "PodSecurityConfiguration";
    private const string Group = "pod-security.admission.config.k8s.io";

    private static readonly string[] Versions = [$"{Group}/v1", $"{Group}/v1beta1", $"{Group}/v1alpha1"];

    /// <summary>A configuration in a file of its own.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it; all of it is told.</exception>
    public static PodSecurityOptions Read(ReadOnlySpan<byte> content) =>
        ConfigurationFile.Read(content, Kind, Versions, Read);

    /// <summary>A configuration in an AdmissionConfiguration.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it; all of it is told.</exception>
    public static PodSecurityOptions Read(JsonElement content) =>
        ConfigurationFile.Read(content, Kind, Versions, Read);

    private static PodSecurityOptions Read(ConfigurationNode root)
    {
        var errors = new FieldErrors();
        var (defaults, exemptions) = (root.Child("defaults"), root.Child("exemptions"));
        var options = new PodSecurityOptions
        {
            Defaults = new PodSecurityPolicy(
                Default(defaults, "enforce", errors), Default(defaults, "audit", errors),
                Default(defaults, "warn", errors)),
            ExemptNamespaces = Names(
                exemptions, "namespaces", static n => string.Join(", ", NameRules.DnsLabel(n)), errors),
            ExemptRuntimeClasses = Names(
                exemptions, "runtimeClasses", static n => string.Join(", ", NameRules.DnsSubdomain(n)), errors),
            ExemptUsernames = Names(
                exemptions, "usernames", static n => n.Length == 0 ? "username must not be empty" : "", errors),
        };
        return errors.Count == 0 ? options : throw new ConfigurationException(errors.ToText());
    }

    private static LevelVersion Default(ConfigurationNode defaults, string mode, FieldErrors errors)
    {
        var (level, version) = (defaults.Text(mode), defaults.Text($"{mode}-version"));
        if (!LevelVersion.TryParseLevel(OrElse(level, "privileged"), out var readLevel))
        {
            errors.Invalid(FieldPath.Of("defaults", mode), level, "must be one of privileged, baseline, restricted");
        }

        if (!PodSecurityVersion.TryParse(OrElse(version, "latest"), out var readVersion))
        {
            errors.Invalid(FieldPath.Of("defaults", $"{mode}-version"), version, "must be \"latest\" or \"v1.x\"");
        }

        return new LevelVersion(readLevel, readVersion);
    }

    private static HashSet<string> Names(
        ConfigurationNode exemptions, string field, Func<string, string> complain, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, name) in exemptions.Texts(field).Index())
        {
            var path = FieldPath.Of("exemptions", field).Index(i);
            if (complain(name) is { Length: > 0 } complaint)
            {
                errors.Invalid(path, name, complaint);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate(path, name);
            }
        }

        return names;
    }

    private static string OrElse(string given, string usual) => given.Length == 0 ? usual : given;
}
