using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>The target, as its scale shows it.</summary>
/// <param name="Replicas">How many it wants.</param>
/// <param name="Actual">How many it has.</param>
/// <param name="Selector">Which pods are its own, as text.</param>
public sealed record TargetScale(int Replicas, int Actual, string Selector);

/// <summary>A pod of the target.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Usage">What it uses; null while nobody knows.</param>
public sealed record MeasuredPod(V1Pod Pod, PodUsage? Usage);

/// <summary>What an autoscaler finds.</summary>
public sealed record AutoscalerObserved
{
    public required V2HorizontalPodAutoscaler Autoscaler { get; init; }

    /// <summary>The target; null when it cannot be read.</summary>
    public TargetScale? Scale { get; init; }

    /// <summary>Why the target cannot be read.</summary>
    public string ScaleFailure { get; init; } = "";

    /// <summary>The pods that the target's selector selects.</summary>
    public IReadOnlyList<MeasuredPod> Pods { get; init; } = [];

    /// <summary>All autoscalers, this one included, that pods of the selector belong to.</summary>
    public IReadOnlyList<string> Sharers { get; init; } = [];

    /// <summary>False when nobody measures pods.</summary>
    public bool HasResourceMetrics { get; init; }

    /// <summary>Where figures other than of processor and memory come from.</summary>
    public ICustomMetrics Custom { get; init; } = NoCustomMetrics.Instance;
}

/// <summary>What an autoscaler remembers from step to step; as upstream's, it is gone with its process.</summary>
public sealed record AutoscalerMemory
{
    /// <summary>What was wanted, and when: the past that stabilization looks at.</summary>
    public IReadOnlyList<Recommendation> Recommendations { get; init; } = [];

    /// <summary>Replicas added, and when.</summary>
    public IReadOnlyList<Recommendation> Ups { get; init; } = [];

    /// <summary>Replicas taken away, and when.</summary>
    public IReadOnlyList<Recommendation> Downs { get; init; } = [];
}

/// <summary>A number of replicas at a time.</summary>
public readonly record struct Recommendation(int Replicas, DateTimeOffset Time);

/// <summary>What an autoscaler must do.</summary>
public sealed record AutoscalerPlan
{
    /// <summary>The status after the step; what comes of a rescale is not in it.</summary>
    public required V2HorizontalPodAutoscalerStatus Status { get; init; }

    /// <summary>How many replicas the target is to want; null to leave it.</summary>
    public int? Replicas { get; init; }

    /// <summary>Why, for the event.</summary>
    public string Reason { get; init; } = "";

    public IReadOnlyList<EventNote> Events { get; init; } = [];

    public required AutoscalerMemory Memory { get; init; }
}
