using k8s.Models;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>A figure of a pod, in thousandths.</summary>
/// <param name="Value">How much.</param>
/// <param name="Time">When it was measured.</param>
/// <param name="Window">Over which time before that.</param>
public readonly record struct PodFigure(long Value, DateTimeOffset Time, TimeSpan Window);

/// <summary>Pods by what their figures are worth: upstream's <c>groupPods</c>.</summary>
/// <param name="Figures">Of the pods that count.</param>
/// <param name="Unready">Pods that are not up yet.</param>
/// <param name="Missing">Pods of which nobody knows anything.</param>
/// <param name="Ready">How many count.</param>
internal sealed record PodGroups(
    Dictionary<string, long> Figures, HashSet<string> Unready, HashSet<string> Missing, int Ready)
{
    /// <summary>What a pod uses while it starts says nothing.</summary>
    private static readonly TimeSpan CpuInitialization = TimeSpan.FromMinutes(5);

    /// <summary>A pod that turned unready so early has never been ready.</summary>
    private static readonly TimeSpan ReadinessDelay = TimeSpan.FromSeconds(30);

    public static PodGroups Of(
        IEnumerable<V1Pod> pods, IReadOnlyDictionary<string, PodFigure> figures, bool isCpu, DateTimeOffset now)
    {
        var counted = figures.ToDictionary(static f => f.Key, static f => f.Value.Value, StringComparer.Ordinal);
        var unready = new HashSet<string>(StringComparer.Ordinal);
        var missing = new HashSet<string>(StringComparer.Ordinal);
        var ready = 0;
        foreach (var pod in pods)
        {
            var name = pod.Metadata.Name;
            if (pod.Metadata.DeletionTimestamp is not null || pod.Status?.Phase == "Failed")
            {
                counted.Remove(name);
            }
            else if (pod.Status?.Phase == "Pending")
            {
                counted.Remove(name);
                unready.Add(name);
            }
            else if (!figures.TryGetValue(name, out var figure))
            {
                missing.Add(name);
            }
            else if (isCpu && IsUnready(pod, figure, now))
            {
                counted.Remove(name);
                unready.Add(name);
            }
            else
            {
                ready++;
            }
        }

        return new PodGroups(counted, unready, missing, ready);
    }

    private static bool IsUnready(V1Pod pod, PodFigure figure, DateTimeOffset now)
    {
        if (pod.Status?.Conditions?.FirstOrDefault(static c => c.Type == "Ready") is not { } condition
            || pod.Status.StartTime is not { } start)
        {
            return true;
        }

        var isFalse = condition.Status == "False";
        var changed = Utc(condition.LastTransitionTime ?? default);
        return Utc(start) + CpuInitialization > now
            ? isFalse || figure.Time < changed + figure.Window
            : isFalse && Utc(start) + ReadinessDelay > changed;
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
