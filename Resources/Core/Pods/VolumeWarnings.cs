using k8s.Models;
using OrleansOrchestrator.Resources.Core.ClaimSpecs;
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

            if (volumes[i].Ephemeral?.VolumeClaimTemplate is { } claim)
            {
                var at = path.Child("volumes").Index(i).Child("ephemeral", "volumeClaimTemplate").Child("spec");
                texts.AddRange(ClaimWarnings.Of(claim.Spec, at));
            }
        }

        OverlapWarnings.Add(volumes, texts);
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
}
