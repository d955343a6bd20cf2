using System.Text.Json;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Admission.Webhooks;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What an AdmissionConfiguration says.</summary>
/// <param name="PodSecurity">Of Pod Security.</param>
/// <param name="EventRateLimits">How many Events are taken; null for as many as come.</param>
/// <param name="QuotaLimits">What only quotas allow.</param>
/// <param name="HookUsers">As whom webhooks are asked.</param>
public sealed record AdmissionSettings(
    PodSecurityOptions PodSecurity, EventRateLimits? EventRateLimits, QuotaLimits QuotaLimits, HookUsers HookUsers);

/// <summary>
/// Upstream's <c>--admission-control-config-file</c>: an AdmissionConfiguration with configurations of PodSecurity,
/// EventRateLimit, ResourceQuota and the plugins of webhooks, inline or in files of their own. No other takes one.
/// Fields that nobody knows are passed over, except in the configuration of PodSecurity.
/// </summary>
public static class AdmissionConfigurationFile
{
    private static readonly ConfigurationKind[] Kinds =
        [new("AdmissionConfiguration", $"{ConfigurationFile.Group}/v1", "apiserver.k8s.io/v1alpha1")];

    /// <summary>Reads the file; what it does not say is as upstream has it.</summary>
    public static AdmissionSettings Read(string path)
    {
        try
        {
            return ConfigurationFile.ReadLeniently(
                Load(path), Kinds, root => Read(root, Path.GetDirectoryName(path)!)).Value;
        }
        catch (ConfigurationException bad)
        {
            throw new UserErrorException($"{path}: {bad.Message}");
        }
    }

    private static AdmissionSettings Read(ConfigurationNode root, string folder)
    {
        var settings = new AdmissionSettings(new PodSecurityOptions(), null, QuotaLimits.None, HookUsers.None);
        foreach (var plugin in root.Children("plugins"))
        {
            var (name, file) = (plugin.Text("name"), plugin.Text("path"));
            var content = file.Length > 0 ? Load(Path.Combine(folder, file)) : null;
            var inline = plugin.Foreign("configuration");
            settings = name switch
            {
                "PodSecurity" => settings with { PodSecurity = PodSecurity(content, inline) ?? settings.PodSecurity },
                "EventRateLimit" => settings with { EventRateLimits = Limits(content, inline) },
                "ResourceQuota" => settings with { QuotaLimits = Quotas(content, inline) ?? settings.QuotaLimits },
                "MutatingAdmissionWebhook" => settings with
                {
                    HookUsers = settings.HookUsers with { Mutating = Users(name, content, inline) },
                },
                "ValidatingAdmissionWebhook" => settings with
                {
                    HookUsers = settings.HookUsers with { Validating = Users(name, content, inline) },
                },
                _ => throw new ConfigurationException(
                    $"the admission plugin {GoText.Quote(name)} takes no configuration."),
            };
        }

        return settings;
    }

    private static PodSecurityOptions? PodSecurity(byte[]? content, JsonElement? inline) => Of(
        "PodSecurity",
        () => content is not null ? PodSecurityConfigurationReader.Read(content)
            : inline is { } own ? PodSecurityConfigurationReader.Read(own)
            : null);

    private static EventRateLimits? Limits(byte[]? content, JsonElement? inline) => Of(
        "EventRateLimit",
        () => content is not null ? EventRateLimits.Read(content)
            : inline is { } own ? EventRateLimits.Read(own)
            : throw new ConfigurationException("limits: Invalid value: []: must not be empty"));

    private static QuotaLimits? Quotas(byte[]? content, JsonElement? inline) => Of(
        "ResourceQuota",
        () => content is not null ? QuotaLimitsReader.Read(content)
            : inline is { } own ? QuotaLimitsReader.Read(own)
            : null);

    private static RemoteUsers Users(string plugin, byte[]? content, JsonElement? inline) => Of(
        plugin,
        () => content is not null ? HookUsersReader.Read(content)
            : inline is { } own ? HookUsersReader.Read(own)
            : RemoteUsers.None);

    private static T Of<T>(string plugin, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ConfigurationException bad)
        {
            throw new ConfigurationException($"{plugin}: {bad.Message}");
        }
    }

    private static byte[] Load(string path) => File.Exists(path)
        ? File.ReadAllBytes(path)
        : throw new UserErrorException($"{path} does not exist.");
}
