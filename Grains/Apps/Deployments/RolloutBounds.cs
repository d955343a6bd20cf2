using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>How far a Deployment may stray from its number of replicas during a rollout.</summary>
/// <param name="Replicas">Wanted replicas.</param>
/// <param name="MaxSurge">How many more may exist.</param>
/// <param name="MaxUnavailable">How many fewer may be available.</param>
public readonly record struct RolloutBounds(int Replicas, int MaxSurge, int MaxUnavailable)
{
    public int MaxTotal => Replicas + MaxSurge;

    public int MinAvailable => Replicas - MaxUnavailable;

    /// <summary>
    /// Percentages are of the replicas; surge rounds up, unavailable down, and both zero would never move: then one may
    /// be unavailable.
    /// </summary>
    public static RolloutBounds Of(V1Deployment deployment)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        if (!IsRolling(deployment))
        {
            return new RolloutBounds(replicas, 0, 0);
        }

        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = Scale(rolling?.MaxSurge?.Value ?? "25%", replicas, Math.Ceiling);
        var unavailable = Scale(rolling?.MaxUnavailable?.Value ?? "25%", replicas, Math.Floor);
        if (surge == 0 && unavailable == 0)
        {
            unavailable = 1;
        }

        return new RolloutBounds(replicas, surge, Math.Min(unavailable, replicas));
    }

    public static bool IsRolling(V1Deployment deployment) =>
        deployment.Spec.Strategy?.Type is null or "" or "RollingUpdate";

    /// <summary>A number, or a percentage of one.</summary>
    public static int Scale(string value, int replicas, Func<double, double> round)
    {
        if (!value.EndsWith('%'))
        {
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        }

        return int.TryParse(value.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? (int)round(percent * (double)replicas / 100)
            : 0;
    }
}
