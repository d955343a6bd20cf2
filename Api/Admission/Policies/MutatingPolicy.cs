using k8s.Models;
using OrleansOrchestrator.Api.Admission.Expressions;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>A MutatingAdmissionPolicy, compiled.</summary>
internal sealed class MutatingPolicy
{
    private MutatingPolicy(string name, V1MutatingAdmissionPolicySpec spec)
    {
        Head = PolicyHead.Of(
            name, spec.MatchConstraints, spec.ParamKind, spec.FailurePolicy, spec.MatchConditions, spec.Variables);
        IsReinvoked = spec.ReinvocationPolicy == "IfNeeded";
        Mutations = [.. (spec.Mutations ?? []).Select(m => Mutation.Of(m, Head.Compiler))];
    }

    public PolicyHead Head { get; }

    /// <summary>It wants to be asked again when the object changes after it.</summary>
    public bool IsReinvoked { get; }

    /// <summary>What it does, in this order.</summary>
    public IReadOnlyList<Mutation> Mutations { get; }

    /// <summary>Compiled once for each version of the object.</summary>
    public static MutatingPolicy Of(ResourceObject item) => item.Facts(
        static i => new MutatingPolicy(i.Key.Name, i.As<V1MutatingAdmissionPolicy>().Spec));

    /// <summary>Whether the conditions hold, of which there are some.</summary>
    public ConditionsResult Matches(PolicySubject subject, TimeProvider time)
    {
        var activation = Head.Compiler.Plain.Activate();
        subject.Show(activation);
        return Head.Conditions.Match(activation, time);
    }

    /// <summary>What a mutation gives for an object: each sees what those before it have made.</summary>
    public ExpressionResult Compute(Mutation mutation, PolicySubject subject)
    {
        if (mutation.Expression.Complaint is { } complaint)
        {
            return new(default, complaint);
        }

        var activation = Head.Compiler.Environment.Activate();
        subject.Show(activation);
        var budget = new CostBudget(CostBudget.OfPolicy);
        new PolicyVariables(Head.Compiler.Variables, activation, budget).Show(activation);
        var result = new ExpressionRunner(activation, budget).Run(mutation.Expression);
        return budget.IsUsedUp ? new(default, CostBudget.UsedUp) : result;
    }
}
