using k8s.Models;

namespace OrleansOrchestrator.Resources.AdmissionRegistration;

/// <summary>What a webhook or a policy looks at: the same in two models.</summary>
internal readonly record struct OperationRule(
    IList<string> Operations, IList<string> Groups, IList<string> Versions, IList<string> Resources, string? Scope)
{
    public static OperationRule Of(V1RuleWithOperations rule) =>
        new(rule.Operations ?? [], rule.ApiGroups ?? [], rule.ApiVersions ?? [], rule.Resources ?? [], rule.Scope);

    public static OperationRule Of(V1NamedRuleWithOperations rule) =>
        new(rule.Operations ?? [], rule.ApiGroups ?? [], rule.ApiVersions ?? [], rule.Resources ?? [], rule.Scope);
}
