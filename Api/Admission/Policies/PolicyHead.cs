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

    /// <summary>Compiles what all policies have.</summary>
    public static PolicyHead Of(
        string name, V1MatchResources? match, V1ParamKind? paramKind, string? failurePolicy,
        IList<V1MatchCondition>? conditions, IList<V1Variable>? variables)
    {
        var compiler = new PolicyCompiler(paramKind is not null, variables is { Count: > 0 });
        foreach (var variable in variables ?? [])
        {
            compiler.AddVariable(variable);
        }

        return new PolicyHead
        {
            Name = name,
            Match = MatchCriteria.Of(match),
            ParamKind = paramKind,
            IgnoresFailures = failurePolicy == "Ignore",
            Conditions = MatchConditions.Of(conditions, compiler),
            Compiler = compiler,
        };
    }
}

/// <summary>A policy with what puts it to work.</summary>
/// <typeparam name="T">The sort of policy.</typeparam>
internal sealed record BoundPolicy<T>(T Policy, IReadOnlyList<PolicyBinding> Bindings);
