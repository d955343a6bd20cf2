using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>The rules of MutatingAdmissionPolicies.</summary>
public sealed class MutatingAdmissionPolicyStrategy : AdmissionStrategy<V1MutatingAdmissionPolicy>
{
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Mutations",
            "integer",
            "",
            "Mutation indicates the number of mutations rules defined in this configuration"),
        PolicyRules.ParamKindColumn,
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1MutatingAdmissionPolicy item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.Mutations?.Count ?? 0,
        PolicyRules.Shown(item.Spec.ParamKind),
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1MutatingAdmissionPolicy item)
    {
        item.Spec ??= new V1MutatingAdmissionPolicySpec();
        ModelShape.Normalize(item);
        item.Spec.FailurePolicy ??= "Fail";
        MatchResourceRules.SetDefaults(item.Spec.MatchConstraints);
    }

    public override void Validate(V1MutatingAdmissionPolicy item, FieldErrors errors) =>
        MutatingPolicyRules.Validate(item.Spec, errors);

    public override void PrepareForUpdate(
        V1MutatingAdmissionPolicy item, V1MutatingAdmissionPolicy old, string subresource) =>
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
}
