using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>What a budget finds.</summary>
public sealed record PodDisruptionBudgetObserved
{
    public required V1PodDisruptionBudget Budget { get; init; }

    /// <summary>The pods that it selects.</summary>
    public required IReadOnlyList<PodFacts> Pods { get; init; }

    /// <summary>How many pods their controllers want; asked for only when the budget is a share of it.</summary>
    public PodScale Scale { get; init; } = new();
}

/// <summary>How many pods the controllers of some pods want in all.</summary>
public sealed record PodScale
{
    public int Sum { get; init; }

    /// <summary>Some of the pods have no controller.</summary>
    public bool HasUnmanaged { get; init; }

    /// <summary>Why nobody can say; null when the sum is right.</summary>
    public string? Failure { get; init; }
}

/// <summary>What a budget must do.</summary>
public sealed record PodDisruptionBudgetPlan
{
    /// <summary>The status to write; null when it is right.</summary>
    public V1PodDisruptionBudgetStatus? Status { get; init; }

    public IReadOnlyList<EventNote> Events { get; init; } = [];

    /// <summary>When the first of the granted evictions is overdue.</summary>
    public TimeSpan? NextCheck { get; init; }
}
