using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Warnings about volumes with two files in one place, or a file where another needs a directory.</summary>
internal static class OverlapWarnings
{
    public static void Add(IList<V1Volume> volumes, List<string> texts)
    {
        foreach (var volume in volumes)
        {
            var name = GoText.Quote(volume.Name ?? "");
            if (volume.ConfigMap is { Items: { } configItems } config)
            {
                var files = new VirtualFiles($"volume {name} (ConfigMap {GoText.Quote(config.Name ?? "")})", texts);
                files.Add(configItems.Select(static i => i.Path), "");
            }

            if (volume.Secret is { Items: { } secretItems } secret)
            {
                var files = new VirtualFiles($"volume {name} (Secret {GoText.Quote(secret.SecretName ?? "")})", texts);
                files.Add(secretItems.Select(static i => i.Path), "");
            }

            if (volume.DownwardAPI?.Items is { } downwardItems)
            {
                var files = new VirtualFiles($"volume {name} (DownwardAPI)", texts);
                files.Add(downwardItems.Select(static i => i.Path), "");
            }

            if (volume.Projected is { } projected)
            {
                Projected(projected, $"volume {name} (Projected)", texts);
            }
        }
    }

    /// <summary>A source whose files are unknown counts like the one before it, as it does upstream.</summary>
    private static void Projected(V1ProjectedVolumeSource projected, string volume, List<string> texts)
    {
        var files = new VirtualFiles(volume, texts);
        (IEnumerable<string?> Paths, string Source) known = ([], "");
        foreach (var source in projected.Sources ?? [])
        {
            if (source is null or
                {
                    ConfigMap: null,
                    Secret: null,
                    DownwardAPI: null,
                    ServiceAccountToken: null,
                    ClusterTrustBundle: null,
                    PodCertificate: null,
                })
            {
                texts.Add($"{volume} has no sources provided");
                continue;
            }

            known = Files(source) ?? known;
            files.Add(known.Paths, known.Source);
        }
    }

    /// <summary>Null when only the object that the source names tells what files there are.</summary>
    private static (IEnumerable<string?> Paths, string Source)? Files(V1VolumeProjection source) => source switch
    {
        { ConfigMap: { Items: { } items } configMap } =>
            (items.Select(static i => i.Path), $" (ConfigMap {GoText.Quote(configMap.Name ?? "")})"),
        { Secret: { Items: { } items } secret } =>
            (items.Select(static i => i.Path), $" (Secret {GoText.Quote(secret.Name ?? "")})"),
        { DownwardAPI.Items: { } items } => (items.Select(static i => i.Path), " (DownwardAPI)"),
        { ServiceAccountToken: { } token } => ([token.Path], " (ServiceAccountToken)"),
        _ => null,
    };
}
