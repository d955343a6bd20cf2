using System.Text;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Environments;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>Reads the files of configMap, secret, downwardAPI and projected volumes.</summary>
public sealed class ObjectFiles(IObjectReader objects, TokenCache tokens)
{
    private const int DefaultMode = 0x1A4;
    private const int TokenMode = 0x180;

    // What upstream's kubelet says as long as ClusterTrustBundleProjection and PodCertificateRequest are off, as they
    // are unless told in 1.36. The API drops both sources then, so that only one with other switches sends them.
    private const string NoTrustBundles = "ClusterTrustBundle projection is not supported in static kubelet mode";
    private const string NoPodCertificates = "unimplemented";

    /// <summary>The files of the volume; null when the volume is of another sort.</summary>
    public async Task<Dictionary<string, VolumeFile>?> ReadAsync(
        V1Pod pod, V1Volume volume, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, VolumeFile>(StringComparer.Ordinal);
        switch (volume)
        {
            case { ConfigMap: { } map }:
                await AddConfigMapAsync(
                    files, pod, map.Name, map.Items, map.Optional, map.DefaultMode ?? DefaultMode, cancellationToken);
                return files;
            case { Secret: { } secret }:
                await AddSecretAsync(
                    files, pod, secret.SecretName, secret.Items, secret.Optional, secret.DefaultMode ?? DefaultMode,
                    cancellationToken);
                return files;
            case { DownwardAPI: { } downward }:
                AddDownward(files, pod, downward.Items, downward.DefaultMode ?? DefaultMode, facts);
                return files;
            case { Projected: { } projected }:
                await AddProjectionsAsync(files, pod, projected, facts, cancellationToken);
                return files;
            default:
                return null;
        }
    }

    /// <summary>What is wrong with all sources is told at once.</summary>
    private async Task AddProjectionsAsync(
        Dictionary<string, VolumeFile> files, V1Pod pod, V1ProjectedVolumeSource projected, EnvironmentFacts facts,
        CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (var source in projected.Sources ?? [])
        {
            try
            {
                await AddProjectionAsync(
                    files, pod, source, projected.DefaultMode ?? DefaultMode, facts, cancellationToken);
            }
            catch (VolumeException problem)
            {
                problems.Add(problem.Message);
            }
        }

        if (GoErrors.Join(problems) is { } all)
        {
            throw new VolumeException(all);
        }
    }

    private async Task AddProjectionAsync(
        Dictionary<string, VolumeFile> files,
        V1Pod pod,
        V1VolumeProjection source,
        int mode,
        EnvironmentFacts facts,
        CancellationToken cancellationToken)
    {
        switch (source)
        {
            case { ConfigMap: { } map }:
                await AddConfigMapAsync(files, pod, map.Name, map.Items, map.Optional, mode, cancellationToken);
                break;
            case { Secret: { } secret }:
                await AddSecretAsync(files, pod, secret.Name, secret.Items, secret.Optional, mode, cancellationToken);
                break;
            case { DownwardAPI: { } downward }:
                AddDownward(files, pod, downward.Items, mode, facts);
                break;
            case { ServiceAccountToken: { } request }:
                var token = await tokens.GetAsync(pod, request, cancellationToken);
                files[request.Path] = TokenFile(pod, token, mode);
                break;
            case { ClusterTrustBundle: not null }:
                throw new VolumeException(NoTrustBundles);
            case { PodCertificate: not null }:
                throw new VolumeException(NoPodCertificates);
            default:
                break; // nothing is left of it where the API does not know its kind, as upstream's has it
        }
    }

    private static VolumeFile TokenFile(V1Pod pod, string token, int mode)
    {
        var users = pod.AllUsers();
        var user = users.Count == 1 ? users[0] : null;
        var hasGroup = pod.Spec.SecurityContext?.FsGroup is not null;
        return new VolumeFile(Encoding.UTF8.GetBytes(token), hasGroup || user is not null ? TokenMode : mode)
        {
            Uid = user,
        };
    }

    private async Task AddConfigMapAsync(
        Dictionary<string, VolumeFile> files,
        V1Pod pod,
        string name,
        IList<V1KeyToPath>? items,
        bool? optional,
        int mode,
        CancellationToken cancellationToken)
    {
        var map = await objects.GetConfigMapAsync(pod.Metadata.NamespaceProperty, name, cancellationToken);
        if (map is null && optional != true)
        {
            throw new VolumeException($"configmap \"{name}\" not found");
        }

        var data = (map?.Data ?? new Dictionary<string, string>())
            .ToDictionary(p => p.Key, p => Encoding.UTF8.GetBytes(p.Value), StringComparer.Ordinal);
        foreach (var (key, value) in map?.BinaryData ?? new Dictionary<string, byte[]>())
        {
            data[key] = value;
        }

        AddKeys(files, data, items, optional, mode, "configmap references non-existent config key");
    }

    private async Task AddSecretAsync(
        Dictionary<string, VolumeFile> files,
        V1Pod pod,
        string name,
        IList<V1KeyToPath>? items,
        bool? optional,
        int mode,
        CancellationToken cancellationToken)
    {
        var secret = await objects.GetSecretAsync(pod.Metadata.NamespaceProperty, name, cancellationToken);
        if (secret is null && optional != true)
        {
            throw new VolumeException($"secret \"{name}\" not found");
        }

        AddKeys(
            files, secret?.Data ?? new Dictionary<string, byte[]>(), items, optional, mode,
            "references non-existent secret key");
    }

    private static void AddKeys(
        Dictionary<string, VolumeFile> files,
        IDictionary<string, byte[]> data,
        IList<V1KeyToPath>? items,
        bool? optional,
        int mode,
        string missing)
    {
        if (items is not { Count: > 0 })
        {
            foreach (var (key, value) in data)
            {
                files[key] = new VolumeFile(value, mode);
            }

            return;
        }

        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var value))
            {
                files[item.Path] = new VolumeFile(value, item.Mode ?? mode);
            }
            else if (optional != true)
            {
                throw new VolumeException($"{missing}: {item.Key}");
            }
        }
    }

    private static void AddDownward(
        Dictionary<string, VolumeFile> files,
        V1Pod pod,
        IList<V1DownwardAPIVolumeFile>? items,
        int mode,
        EnvironmentFacts facts)
    {
        foreach (var item in items ?? [])
        {
            var text = item.FieldRef is { } field
                ? FieldReferences.Value(pod, field.FieldPath, facts.Addresses)
                : Resource(pod, item.ResourceFieldRef, facts);
            files[item.Path] = new VolumeFile(
                Encoding.UTF8.GetBytes(text ?? throw new VolumeException($"downward API item \"{item.Path}\" has an unsupported reference")),
                item.Mode ?? mode);
        }
    }

    private static string? Resource(V1Pod pod, V1ResourceFieldSelector selector, EnvironmentFacts facts) =>
        ResourceReferences.Value(pod, pod.Spec.Containers[0], selector, facts.Allocatable);
}

/// <summary>Who a pod's containers run as.</summary>
public static class PodUsers
{
    /// <summary>The distinct explicit users of all containers; null stands for the image's own.</summary>
    public static List<long?> AllUsers(this V1Pod pod) =>
        [.. pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
            .Select(c => c.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser).Distinct()];
}
