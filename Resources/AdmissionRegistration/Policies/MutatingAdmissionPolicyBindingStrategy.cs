using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>The rules of MutatingAdmissionPolicyBindings.</summary>
public sealed class MutatingAdmissionPolicyBindingStrategy : AdmissionStrategy<V1MutatingAdmissionPolicyBinding>
{
    public override IReadOnlyList<TableColumn> Columns => PolicyBindingRules.Columns;

    public override IReadOnlyList<object?> Cells(V1MutatingAdmissionPolicyBinding item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.PolicyName ?? "",
        PolicyBindingRules.Shown(item.Spec.ParamRef),
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1MutatingAdmissionPolicyBinding item)
    {
        item.Spec ??= new V1MutatingAdmissionPolicyBindingSpec();
        ModelShape.Normalize(item);
        MatchResourceRules.SetDefaults(item.Spec.MatchResources);
    }

    public override void Validate(V1MutatingAdmissionPolicyBinding item, FieldErrors errors)
    {
        // The misspelt field is upstream's, which only the other kind of binding got rid of.
        PolicyBindingRules.Validate(
            item.Spec.PolicyName, item.Spec.ParamRef, item.Spec.MatchResources, "matchResouces", errors);
        MutatingPolicyRules.ValidateOperations(
            item.Spec.MatchResources, FieldPath.Of("spec").Child("matchResources"), errors);
    }

    public override void PrepareForUpdate(
        V1MutatingAdmissionPolicyBinding item, V1MutatingAdmissionPolicyBinding old, string subresource) =>
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
}
