using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// A pod as its Job sees it. The whole model is read only of pods that have ended and are not counted.
/// </summary>
public sealed class JobPod(PodFacts facts)
{
    public const string IndexKey = "batch.kubernetes.io/job-completion-index";
    public const string FailureCountKey = "batch.kubernetes.io/job-index-failure-count";
    public const string IgnoredFailureCountKey = "batch.kubernetes.io/job-index-ignored-failure-count";

    /// <summary>Index of a pod that has none.</summary>
    public const int NoIndex = -1;

    public PodFacts Facts => facts;

    public string Uid => facts.Uid;

    public V1Pod Model => facts.Item.As<V1Pod>();

    /// <summary>Has the tracking finalizer, which it loses only when it is counted.</summary>
    public bool IsTracked { get; } = JobTracking.IsTracked(facts.Item);

    public int Index { get; } = Number(facts, IndexKey) ?? NoIndex;

    public bool IsSucceeded => facts.Phase == PodPhase.Succeeded;

    /// <summary>Failures of the index before this pod that counted.</summary>
    public int FailureCount => Number(facts, FailureCountKey) ?? 0;

    /// <summary>Failures of the index before this pod that a policy ignored.</summary>
    public int IgnoredFailureCount => Number(facts, IgnoredFailureCountKey) ?? 0;

    /// <summary>All failures of the index, this pod's included.</summary>
    public int Failures => FailureCount + IgnoredFailureCount + 1;

    public DateTimeOffset FinishedAt => PodFinish.Of(Model);

    private static int? Number(PodFacts facts, string key) =>
        facts.Item.Metadata.Annotations.TryGetValue(key, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
