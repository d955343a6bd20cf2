using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What may be different about a pod that waits, as far as plugins mind it.</summary>
public enum PodChange
{
    /// <summary>It has other labels.</summary>
    Labels,

    /// <summary>It asks for less of something.</summary>
    ScaledDown,

    /// <summary>Its last scheduling gate was taken away.</summary>
    GatesEliminated,

    /// <summary>It tolerates more: tolerations can only be added.</summary>
    Tolerations,

    /// <summary>It uses other ResourceClaims: some were made for it.</summary>
    Claims,
}

/// <summary>Finds out what is different.</summary>
internal static class PodChanges
{
    /// <summary>Whether a pod that may not be tried may be now.</summary>
    public static bool MayUngate(this PodChange change) => change is PodChange.GatesEliminated or PodChange.Claims;

    /// <summary>What is different, in upstream's order, with its name in <see cref="QueueEvents"/>.</summary>
    public static IEnumerable<(PodChange Change, string Cause)> Between(PodInfo old, PodInfo pod)
    {
        if (!Maps.Same(old.Labels, pod.Labels))
        {
            yield return (PodChange.Labels, QueueEvents.PodLabels);
        }

        if (!ReferenceEquals(old.Shape, pod.Shape) && IsLess(pod.Shape.Requests, old.Shape.Requests))
        {
            yield return (PodChange.ScaledDown, QueueEvents.PodScaledDown);
        }

        if (old.IsGated && !pod.IsGated)
        {
            yield return (PodChange.GatesEliminated, QueueEvents.GatesEliminated);
        }

        if (old.Shape.Tolerations.Length != pod.Shape.Tolerations.Length)
        {
            yield return (PodChange.Tolerations, QueueEvents.PodTolerations);
        }

        if (!old.DeviceClaims.AsSpan().SequenceEqual(pod.DeviceClaims))
        {
            yield return (PodChange.Claims, QueueEvents.PodClaims);
        }
    }

    /// <summary>Less of one resource is enough.</summary>
    private static bool IsLess(PodRequests now, PodRequests before) => now.MilliCpu < before.MilliCpu
        || now.MemoryBytes < before.MemoryBytes
        || now.EphemeralStorageBytes < before.EphemeralStorageBytes
        || before.Scalars.Any(b => b.Amount > now.Scalars.FirstOrDefault(n => n.Resource == b.Resource).Amount);
}
