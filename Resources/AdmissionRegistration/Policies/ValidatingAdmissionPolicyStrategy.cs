using k8s.Models;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>The rules of ValidatingAdmissionPolicies.</summary>
public sealed class ValidatingAdmissionPolicyStrategy : AdmissionStrategy<V1ValidatingAdmissionPolicy>
{
    private static readonly FieldPath Status = FieldPath.Of("status");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Validations", "integer", "",
            "Validations indicates the number of validation rules defined in this configuration"),
        PolicyRules.ParamKindColumn,
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1ValidatingAdmissionPolicy item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.Validations?.Count ?? 0,
        PolicyRules.Shown(item.Spec.ParamKind),
        TableColumns.AgeOf(item, now),
    ];

    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "status" ? FieldFilter.NoSpecNorMetadata : base.OwnableFields(subresource);

    public override void SetDefaults(V1ValidatingAdmissionPolicy item)
    {
        item.Spec ??= new V1ValidatingAdmissionPolicySpec();
        item.Status ??= new V1ValidatingAdmissionPolicyStatus();
        ModelShape.Normalize(item);
        item.Spec.FailurePolicy ??= "Fail";
        MatchResourceRules.SetDefaults(item.Spec.MatchConstraints);
    }

    public override void PrepareForCreate(V1ValidatingAdmissionPolicy item)
    {
        item.Status = new V1ValidatingAdmissionPolicyStatus();
        base.PrepareForCreate(item);
    }

    public override void Validate(V1ValidatingAdmissionPolicy item, FieldErrors errors) =>
        ValidatingPolicyRules.Validate(item.Metadata.Name ?? "", item.Spec, errors);

    public override void PrepareForUpdate(
        V1ValidatingAdmissionPolicy item, V1ValidatingAdmissionPolicy old, string subresource)
    {
        if (subresource == "status")
        {
            ObjectMetaRules.Keep(item.Metadata, old.Metadata);
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void ValidateUpdate(
        V1ValidatingAdmissionPolicy item, V1ValidatingAdmissionPolicy old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ValidateStatus(item.Status ?? new(), errors);
            return;
        }

        base.ValidateUpdate(item, old, subresource, errors);
    }

    private static void ValidateStatus(V1ValidatingAdmissionPolicyStatus status, FieldErrors errors)
    {
        var path = Status.Child("typeChecking", "expressionWarnings");
        foreach (var (i, warning) in (status.TypeChecking?.ExpressionWarnings ?? []).Index())
        {
            if (string.IsNullOrEmpty(warning.Warning))
            {
                errors.Required(path.Index(i).Child("warning"));
            }

            ValidateFieldRef(warning.FieldRef?.Trim() ?? "", path.Index(i).Child("fieldRef"), errors);
        }

        ConditionRules.Validate(status.Conditions, Status.Child("conditions"), errors);
    }

    /// <summary>A path, whether or not there is anything where it leads: upstream's are of any release.</summary>
    private static void ValidateFieldRef(string fieldRef, FieldPath path, FieldErrors errors)
    {
        if (fieldRef.Length == 0)
        {
            errors.Required(path);
        }
        else if (JsonPath.Complaint(fieldRef) is { Length: > 0 } complaint)
        {
            errors.Invalid(path, fieldRef, $"invalid JSONPath: {complaint}");
        }
    }
}
