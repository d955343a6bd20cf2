using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.HugePages;
using OrleansOrchestrator.NodeAgent.PodRecords;
using ResourceNames = OrleansOrchestrator.Resources.Core.Pods.ResourceNames;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>Directories of pods that lie in huge pages: <c>HugePages</c> and <c>HugePages-2Mi</c>. Pure.</summary>
public static class HugePageMedium
{
    private const string AnySize = "HugePages";
    private const string OfSize = "HugePages-";

    /// <summary>What the kernel gives the root of such a file system, and what it has for a group of the pod.</summary>
    private const string OwnMode = "755";
    private const string GroupMode = "2775";

    public static bool Is(string medium) =>
        medium == AnySize || medium.StartsWith(OfSize, StringComparison.Ordinal);

    /// <summary>The options that the file system is mounted with: the size of its pages, and whose it is.</summary>
    /// <param name="medium">One that <see cref="Is"/>.</param>
    /// <param name="pod">What it requests says which pages it may have.</param>
    /// <param name="group">The group whose files these are; null for none.</param>
    /// <exception cref="VolumeException">The pod requests no such pages, or the medium does not say which.</exception>
    public static string MountOptions(string medium, V1Pod pod, long? group)
    {
        var owner = group is { } gid
            ? string.Create(CultureInfo.InvariantCulture, $"mode={GroupMode},gid={gid}")
            : $"mode={OwnMode}";
        return $"pagesize={PageSize(medium, pod)},{owner}";
    }

    private static string PageSize(string medium, V1Pod pod)
    {
        var wanted = medium == AnySize ? (decimal?)null : new ResourceQuantity(medium[OfSize.Length..]).ToDecimal();
        var sizes = Requested(pod).Where(r => wanted is null || HugePageLimits.PageBytes(r) == wanted).ToList();
        return sizes.Count switch
        {
            1 => sizes[0][ResourceNames.HugePagesPrefix.Length..],
            0 => throw new VolumeException(
                $"medium {medium}: hugePages storage requested, but there is no resource request for huge pages"),
            _ => throw new VolumeException(
                $"medium: {medium} can't be used if container requests multiple huge page sizes"),
        };
    }

    /// <summary>The resources of different sizes that the pod or a container of it requests.</summary>
    private static IEnumerable<string> Requested(V1Pod pod) =>
        pod.Inits().Concat(pod.Spec.Containers).Select(static c => c.Resources?.Requests)
            .Append(pod.Spec.Resources?.Requests)
            .SelectMany(static r => r?.Keys ?? []).Where(ResourceNames.IsHugePages)
            .DistinctBy(HugePageLimits.PageBytes);
}
