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
    private const string Default = "default";
    private const string Ephemeral = "ephemeralcontainers";
    private const string VolumePrefix = "kube-api-access-";
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const int TokenSeconds = 3607;
    private const int FileMode = 420;

    /// <summary>
    /// A new namespace is given this account a moment after it was made, and its first pod may come in between:
    /// upstream asks ten times, for about as long.
    /// </summary>
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(1.5);

    public string Name => "ServiceAccount";

    public bool Handles(AdmissionAttributes attributes) => attributes.Operation switch
    {
        AdmissionOperation.Create => attributes.IsFor(WellKnown.Pods),
        AdmissionOperation.Update =>
            attributes.Definition.Name == WellKnown.Pods && attributes.Subresource == Ephemeral
                && attributes.Object is V1Pod,
        _ => false,
    };

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.Operation != AdmissionOperation.Create)
        {
            return null;
        }

        var pod = (V1Pod)attributes.Object!;
        if (PodReferences.IsMirror(pod))
        {
            return Refusal(attributes, CheckMirror(pod));
        }

        var spec = pod.Spec ??= new V1PodSpec();
        spec.ServiceAccountName = FirstOf(spec.ServiceAccountName, spec.ServiceAccount, Default);
        spec.ServiceAccount = spec.ServiceAccountName;
        if (await FindAsync(attributes, spec, cancellationToken) is not { } account)
        {
            return Missing(attributes, spec);
        }

        Give(account, spec);
        return Refusal(attributes, SecretRules.Check(account, spec));
    }

    /// <summary>
    /// What others have changed since the pod was given its account counts as what it came with. Ephemeral containers
    /// come later than their pod, and may use no other secrets than it.
    /// </summary>
    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var (pod, space) = ((V1Pod)attributes.Object!, attributes.Key.Namespace);
        var isNew = attributes.Operation == AdmissionOperation.Create;
        if (isNew && PodReferences.IsMirror(pod))
        {
            return Refusal(attributes, CheckMirror(pod));
        }

        if (string.IsNullOrEmpty(pod.Spec.ServiceAccountName))
        {
            return AdmissionRefusals.Forbidden(
                attributes, $"no service account specified for pod {space}/{pod.Metadata.Name}");
        }

        if (await FindAsync(attributes, pod.Spec, cancellationToken) is not { } account)
        {
            return Missing(attributes, pod.Spec);
        }

        if (isNew)
        {
            return Refusal(attributes, SecretRules.Check(account, pod.Spec));
        }

        // Upstream forgets to say that it is forbidden.
        return SecretRules.CheckEphemeral(account, pod.Spec) is { } denied
            ? new Status { Code = 500, Reason = StatusReasons.Unknown, Message = denied }
            : null;
    }

    private ValueTask<V1ServiceAccount?> FindAsync(
        AdmissionAttributes attributes, V1PodSpec spec, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(attributes.Key.Namespace, spec.ServiceAccountName);
        return spec.ServiceAccountName == Default
            ? reader.AwaitAsync<V1ServiceAccount>(WellKnown.ServiceAccounts, key, DefaultWait, cancellationToken)
            : reader.FindAsync<V1ServiceAccount>(WellKnown.ServiceAccounts, key, cancellationToken);
    }

    private static Status? Refusal(AdmissionAttributes attributes, string? why) =>
        why is null ? null : AdmissionRefusals.Forbidden(attributes, why);

    private static Status Missing(AdmissionAttributes attributes, V1PodSpec spec) => AdmissionRefusals.Forbidden(
        attributes,
        $"error looking up service account {attributes.Key.Namespace}/{spec.ServiceAccountName}: " +
        $"serviceaccount \"{spec.ServiceAccountName}\" not found");

    /// <summary>Why a static pod's image is refused; null when it refers to nothing that it may not.</summary>
    internal static string? CheckMirror(V1Pod pod)
    {
        if (!string.IsNullOrEmpty(pod.Spec?.ServiceAccountName))
        {
            return "a mirror pod may not reference service accounts";
        }

        if (pod.Spec is { } spec && PodReferences.Secrets(spec).Any())
        {
            return "a mirror pod may not reference secrets";
        }

        var volumes = pod.Spec?.Volumes ?? [];
        return volumes.Any(v => v.Projected?.Sources?.Any(s => s.ServiceAccountToken is not null) == true)
            ? "a mirror pod may not use ServiceAccountToken volume projections"
            : null;
    }

    /// <summary>The account's token, if it is wanted, and its pull secrets for a pod without its own.</summary>
    private static void Give(V1ServiceAccount account, V1PodSpec spec)
    {
        if (spec.AutomountServiceAccountToken ?? account.AutomountServiceAccountToken ?? true)
        {
            MountToken(spec);
        }

        if (spec.ImagePullSecrets is not { Count: > 0 } && account.ImagePullSecrets is { Count: > 0 } secrets)
        {
            spec.ImagePullSecrets = [.. secrets.Select(s => new V1LocalObjectReference { Name = s.Name })];
        }
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
