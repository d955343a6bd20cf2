using k8s.Models;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>What all policies have, whatever they do with a write.</summary>
internal sealed record PolicyHead
{
    public required string Name { get; init; }

    public required MatchCriteria Match { get; init; }

    /// <summary>The kind of the objects that parameterize it; null for none.</summary>
    public V1ParamKind? ParamKind { get; init; }

    /// <summary>What goes wrong with it is no reason to refuse a write.</summary>
    public bool IgnoresFailures { get; init; }

    public required MatchConditions Conditions { get; init; }

    /// <summary>Has compiled everything, the variables first.</summary>
    public required PolicyCompiler Compiler { get; init; }
}

/// <summary>A policy with what puts it to work.</summary>
/// <typeparam name="T">The sort of policy.</typeparam>
internal sealed record BoundPolicy<T>(T Policy, IReadOnlyList<PolicyBinding> Bindings);
