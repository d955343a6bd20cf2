using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Warnings about volumes.</summary>
internal static class VolumeWarnings
{
    public static void Add(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        if (spec.Volumes is not { } volumes)
        {
            return;
        }

        for (var i = 0; i < volumes.Count; i++)
        {
            foreach (var (field, message) in Deprecations(volumes[i]))
            {
                texts.Add($"{path.Child("volumes").Index(i).Child(field)}: {message}");
            }
        }

        var tokens = volumes.SelectMany(v => v.Projected?.Sources ?? [])
            .Select(s => s.ServiceAccountToken?.Path)
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        for (var i = 0; tokens.Count > 0 && i < volumes.Count; i++)
        {
            foreach (var source in volumes[i].Projected?.Sources ?? [])
            {
                Clashes(source, tokens, path.Child("volumes").Index(i).Child("projected", "sources"), texts);
            }
        }
    }

    private static IEnumerable<(string Field, string Message)> Deprecations(V1Volume volume)
    {
        if (volume.PhotonPersistentDisk is not null)
        {
            yield return ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+");
        }

        if (volume.GitRepo is not null)
        {
            yield return ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+");
        }

        if (volume.ScaleIO is not null)
        {
            yield return ("scaleIO", "deprecated in v1.16, non-functional in v1.22+");
        }

        if (volume.Flocker is not null)
        {
            yield return ("flocker", "deprecated in v1.22, non-functional in v1.25+");
        }

        if (volume.Storageos is not null)
        {
            yield return ("storageOS", "deprecated in v1.22, non-functional in v1.25+");
        }

        if (volume.Quobyte is not null)
        {
            yield return ("quobyte", "deprecated in v1.22, non-functional in v1.25+");
        }

        if (volume.Glusterfs is not null)
        {
            yield return ("glusterfs", "deprecated in v1.25, non-functional in v1.26+");
        }

        if (volume.Cephfs is not null)
        {
            yield return ("cephfs", "deprecated in v1.28, non-functional in v1.31+");
        }

        if (volume.Rbd is not null)
        {
            yield return ("rbd", "deprecated in v1.28, non-functional in v1.31+");
        }
    }

    private static void Clashes(V1VolumeProjection source, HashSet<string> tokens, FieldPath path, List<string> texts)
    {
        Clashes(source.ConfigMap?.Items?.Select(i => i.Path), tokens, path, "configMap", texts);
        Clashes(source.Secret?.Items?.Select(i => i.Path), tokens, path, "secrets", texts);
        Clashes(source.DownwardAPI?.Items?.Select(i => i.Path), tokens, path, "downwardAPI", texts);
    }

    private static void Clashes(
        IEnumerable<string>? paths, HashSet<string> tokens, FieldPath path, string field, List<string> texts)
    {
        foreach (var (index, target) in (paths ?? []).Index())
        {
            if (tokens.Contains(target))
            {
                texts.Add($"{path.Child(field).Index(index)}: has duplicated path with ServiceAccountToken {GoText.Quote(target)}");
            }
        }
    }
}

/// <summary>Warnings about ports that clash or cannot work.</summary>
internal static class PortWarnings
{
    /// <summary>
    /// Ports of one number that others are compared with, and texts that are made of it. Headers hold some forty texts:
    /// all pairs of thousands of ports would be work for nobody.
    /// </summary>
    private const int MaxCompared = 256;

    public static void Add(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        var seen = new Dictionary<(int Port, string Protocol), List<(V1ContainerPort Port, FieldPath Path)>>();
        foreach (var container in PodContainers.All(spec, path))
        {
            for (var i = 0; i < (container.Ports?.Count ?? 0); i++)
            {
                var port = container.Ports![i];
                var at = container.Path.Child("ports").Index(i);
                if (!string.IsNullOrEmpty(port.HostIP) && port.HostPort is null or 0)
                {
                    WarnHostIP(port, at, texts);
                }

                if (!seen.TryGetValue((port.ContainerPort, port.Protocol ?? ""), out var others))
                {
                    seen[(port.ContainerPort, port.Protocol ?? "")] = others = [];
                }

                if (texts.Count < MaxCompared)
                {
                    Compare(port, at, others, texts);
                }

                if (others.Count < MaxCompared)
                {
                    others.Add((port, at));
                }
            }
        }
    }

    private static void WarnHostIP(V1ContainerPort port, FieldPath path, List<string> texts)
    {
        if (!string.IsNullOrEmpty(port.HostIP))
        {
            texts.Add(
                $"{path}: hostIP set without hostPort: {{Name:{port.Name} HostPort:0 ContainerPort:{port.ContainerPort} " +
                $"Protocol:{port.Protocol} HostIP:{port.HostIP}}}");
        }
    }

    private static void Compare(
        V1ContainerPort port, FieldPath path, List<(V1ContainerPort Port, FieldPath Path)> others, List<string> texts)
    {
        foreach (var (other, otherPath) in others)
        {
            var (hostPort, otherHostPort) = (port.HostPort ?? 0, other.HostPort ?? 0);
            var (hostIP, otherHostIP) = (port.HostIP ?? "", other.HostIP ?? "");
            if (hostPort == otherHostPort && hostIP == otherHostIP)
            {
                texts.Add($"{path}: duplicate port definition with {otherPath}");
            }
            else if (hostPort == 0 || otherHostPort == 0)
            {
                texts.Add($"{path}: overlapping port definition with {otherPath}");
            }
            else if (hostPort == otherHostPort && (hostIP.Length == 0 || otherHostIP.Length == 0))
            {
                texts.Add($"{path}: dangerously ambiguous port definition with {otherPath}");
            }
        }
    }
}
