using System.Text.Json;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>Reads the configuration of one of the plugins of webhooks: it names a kubeconfig.</summary>
public static class HookUsersReader
{
    private const string Kind = "WebhookAdmissionConfiguration";

    private static readonly string[] Versions = [$"{ConfigurationFile.Group}/v1"];

    /// <summary>A configuration in a file of its own.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it, or with the kubeconfig.</exception>
    public static RemoteUsers Read(ReadOnlySpan<byte> content) =>
        ConfigurationFile.Read(content, Kind, Versions, Read);

    /// <summary>A configuration in an AdmissionConfiguration.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it, or with the kubeconfig.</exception>
    public static RemoteUsers Read(JsonElement content) => ConfigurationFile.Read(content, Kind, Versions, Read);

    private static RemoteUsers Read(ConfigurationNode root)
    {
        var path = root.Text("kubeConfigFile");
        if (path.StartsWith('/'))
        {
            return RemoteKubeconfig.LoadUsers(path);
        }

        var errors = new FieldErrors();
        errors.Invalid(FieldPath.Of("kubeConfigFile"), path, "must be an absolute file path");
        throw new ConfigurationException(errors.ToText());
    }
}
