using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>The rules of ValidatingAdmissionPolicyBindings.</summary>
public sealed class ValidatingAdmissionPolicyBindingStrategy : AdmissionStrategy<V1ValidatingAdmissionPolicyBinding>
{
    private static readonly string[] Actions = ["Audit", "Deny", "Warn"];

    public override IReadOnlyList<TableColumn> Columns => PolicyBindingRules.Columns;

    public override IReadOnlyList<object?> Cells(V1ValidatingAdmissionPolicyBinding item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.PolicyName ?? "",
        PolicyBindingRules.Shown(item.Spec.ParamRef),
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1ValidatingAdmissionPolicyBinding item)
    {
        item.Spec ??= new V1ValidatingAdmissionPolicyBindingSpec();
        ModelShape.Normalize(item);
        MatchResourceRules.SetDefaults(item.Spec.MatchResources);
    }

    public override void Validate(V1ValidatingAdmissionPolicyBinding item, FieldErrors errors)
    {
        PolicyBindingRules.Validate(
            item.Spec.PolicyName, item.Spec.ParamRef, item.Spec.MatchResources, "matchResources", errors);
        ValidateActions(item.Spec.ValidationActions ?? [], errors);
    }

    public override void PrepareForUpdate(
        V1ValidatingAdmissionPolicyBinding item, V1ValidatingAdmissionPolicyBinding old, string subresource) =>
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);

    private static void ValidateActions(IList<string> actions, FieldErrors errors)
    {
        var path = FieldPath.Of("spec", "validationActions");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, action) in actions.Index())
        {
            AdmissionRules.ValidateChoice(action, Actions, path.Index(i), errors);
            if (!seen.Add(action))
            {
                errors.Duplicate(path.Index(i), action);
            }
        }

        if (actions.Contains("Deny") && actions.Contains("Warn"))
        {
            errors.Invalid(
                path,
                actions,
                "must not contain both Deny and Warn (repeating the same validation failure information in the API " +
                "response and headers serves no purpose)");
        }

        if (actions.Count == 0)
        {
            errors.Required(path, "at least one validation action is required");
        }
    }
}
