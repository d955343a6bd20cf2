using System.Text.Json;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>Reads the configuration of one of the plugins of webhooks: it names a kubeconfig.</summary>
public static class HookUsersReader
{
    private static readonly ConfigurationKind[] Kinds =
    [
        new("WebhookAdmissionConfiguration", $"{ConfigurationFile.Group}/v1"),
        new("WebhookAdmission", $"{ConfigurationFile.Group}/v1alpha1"),
    ];

    /// <summary>A configuration in a file of its own.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it, or with the kubeconfig.</exception>
    public static RemoteUsers Read(ReadOnlySpan<byte> content) =>
        ConfigurationFile.ReadLeniently(content, Kinds, Read).Value;

    /// <summary>A configuration in an AdmissionConfiguration.</summary>
    /// <exception cref="ConfigurationException">Something is wrong with it, or with the kubeconfig.</exception>
    public static RemoteUsers Read(JsonElement content) =>
        ConfigurationFile.ReadLeniently(content, Kinds, Read).Value;

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
