using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Gives every pod its service account, that account's token as a volume, and its image pull secrets.
/// </summary>
public sealed class ServiceAccountPlugin(ObjectReader reader) : IAdmissionPlugin
{
    private const string EnforceAnnotation = "kubernetes.io/enforce-mountable-secrets";
    private const string VolumePrefix = "kube-api-access-";
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const int TokenSeconds = 3607;
    private const int FileMode = 420;

    public string Name => "ServiceAccount";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.Pods);

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var pod = (V1Pod)attributes.Object!;
        if (PodReferences.IsMirror(pod))
        {
            return CheckMirror(pod) is { } why ? AdmissionRefusals.Forbidden(attributes, why) : null;
        }

        var spec = pod.Spec ??= new V1PodSpec();
        spec.ServiceAccountName = FirstOf(spec.ServiceAccountName, spec.ServiceAccount, "default");
        spec.ServiceAccount = spec.ServiceAccountName;
        var key = new ObjectKey(attributes.Key.Namespace, spec.ServiceAccountName);
        var account = await reader.FindAsync<V1ServiceAccount>(WellKnown.ServiceAccounts, key, cancellationToken);
        if (account is null)
        {
            return AdmissionRefusals.Forbidden(
                attributes,
                $"error looking up service account {attributes.Key.Namespace}/{spec.ServiceAccountName}: " +
                $"serviceaccount \"{spec.ServiceAccountName}\" not found");
        }

        if (spec.AutomountServiceAccountToken ?? account.AutomountServiceAccountToken ?? true)
        {
            MountToken(spec);
        }

        if (spec.ImagePullSecrets is not { Count: > 0 } && account.ImagePullSecrets is { Count: > 0 } secrets)
        {
            spec.ImagePullSecrets = [.. secrets.Select(s => new V1LocalObjectReference { Name = s.Name })];
        }

        return SecretRules.Check(account, EnforceAnnotation, spec) is { } denied
            ? AdmissionRefusals.Forbidden(attributes, denied)
            : null;
    }

    private static string? CheckMirror(V1Pod pod)
    {
        if (!string.IsNullOrEmpty(pod.Spec?.ServiceAccountName))
        {
            return "a mirror pod may not reference service accounts";
        }

        var volumes = pod.Spec?.Volumes ?? [];
        if (volumes.Any(v => v.Secret is not null))
        {
            return "a mirror pod may not reference secrets";
        }

        return volumes.Any(v => v.Projected?.Sources?.Any(s => s.ServiceAccountToken is not null) == true)
            ? "a mirror pod may not use ServiceAccountToken volume projections"
            : null;
    }

    private static void MountToken(V1PodSpec spec)
    {
        var existing =
            spec.Volumes?.FirstOrDefault(v => v.Name.StartsWith(VolumePrefix, StringComparison.Ordinal))?.Name;
        var name = existing ?? VolumePrefix + MetadataStamp.RandomSuffix();
        var isNeeded = false;
        foreach (var container in (spec.InitContainers ?? []).Concat(spec.Containers ?? []))
        {
            if (container.VolumeMounts?.Any(m => m.MountPath == MountPath) != true)
            {
                container.VolumeMounts ??= [];
                container.VolumeMounts.Add(
                    new V1VolumeMount { Name = name, ReadOnlyProperty = true, MountPath = MountPath });
                isNeeded = true;
            }
        }

        if (existing is null && isNeeded)
        {
            spec.Volumes ??= [];
            spec.Volumes.Add(TokenVolume(name));
        }
    }

    private static V1Volume TokenVolume(string name) => new()
    {
        Name = name,
        Projected = new V1ProjectedVolumeSource
        {
            DefaultMode = FileMode,
            Sources =
            [
                new V1VolumeProjection
                {
                    ServiceAccountToken =
                        new V1ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = TokenSeconds },
                },
                new V1VolumeProjection
                {
                    ConfigMap = new V1ConfigMapProjection
                    {
                        Name = "kube-root-ca.crt", Items = [new V1KeyToPath { Key = "ca.crt", Path = "ca.crt" }],
                    },
                },
                new V1VolumeProjection
                {
                    DownwardAPI = new V1DownwardAPIProjection
                    {
                        Items =
                        [
                            new V1DownwardAPIVolumeFile
                            {
                                Path = "namespace",
                                FieldRef =
                                    new V1ObjectFieldSelector { ApiVersion = "v1", FieldPath = "metadata.namespace" },
                            },
                        ],
                    },
                },
            ],
        },
    };

    private static string FirstOf(params ReadOnlySpan<string?> names)
    {
        foreach (var name in names)
        {
            if (!string.IsNullOrEmpty(name))
            {
                return name;
            }
        }

        return "";
    }
}
