using k8s.Models;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>What puts a policy to work: for which writes, with which parameters, and to what end.</summary>
internal sealed record PolicyBinding
{
    public required string Name { get; init; }

    public required string Policy { get; init; }

    public required MatchCriteria Match { get; init; }

    /// <summary>Which objects parameterize the policy; null for none.</summary>
    public V1ParamRef? Params { get; init; }

    /// <summary>Of those objects, where no name says which.</summary>
    public required LabelSelector Selected { get; init; }

    /// <summary>What comes of a write that is not as it is to be.</summary>
    public IReadOnlyList<string> Actions { get; init; } = [];

    public static PolicyBinding OfValidating(ResourceObject item)
    {
        var spec = item.As<V1ValidatingAdmissionPolicyBinding>().Spec;
        return Of(item, spec.PolicyName, spec.ParamRef, spec.MatchResources) with
        {
            Actions = [.. spec.ValidationActions ?? []],
        };
    }

    public static PolicyBinding OfMutating(ResourceObject item)
    {
        var spec = item.As<V1MutatingAdmissionPolicyBinding>().Spec;
        return Of(item, spec.PolicyName, spec.ParamRef, spec.MatchResources);
    }

    private static PolicyBinding Of(
        ResourceObject item, string policy, V1ParamRef? parameters, V1MatchResources? match) => new()
    {
        Name = item.Key.Name, Policy = policy, Match = MatchCriteria.Of(match), Params = parameters,
        Selected = LabelSelector.Of(parameters?.Selector),
    };
}
