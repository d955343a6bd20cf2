using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>Validation of a validating policy's specification.</summary>
internal static class ValidatingPolicyRules
{
    private const int MaxAuditAnnotations = 20;
    private const int MaxAuditExpressionLength = 5 * 1024;
    private static readonly string[] Reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static void Validate(string name, V1ValidatingAdmissionPolicySpec spec, FieldErrors errors)
    {
        var compiler = new PolicyCompiler(spec.ParamKind is not null, spec.Variables is { Count: > 0 });
        AdmissionRules.ValidateRequiredChoice(
            spec.FailurePolicy, AdmissionRules.FailurePolicies, Spec.Child("failurePolicy"), errors);
        PolicyRules.ValidateParamKind(spec.ParamKind, Spec.Child("paramKind"), errors);
        MatchResourceRules.ValidateConstraints(spec.MatchConstraints, Spec.Child("matchConstraints"), errors);
        AdmissionRules.ValidateConditions(spec.MatchConditions, compiler, Spec.Child("matchConditions"), errors);
        PolicyRules.ValidateVariables(spec.Variables, compiler, Spec.Child("variables"), errors);
        if (spec.Validations is not { Count: > 0 } && spec.AuditAnnotations is not { Count: > 0 })
        {
            foreach (var field in (ReadOnlySpan<string>)["validations", "auditAnnotations"])
            {
                errors.Required(Spec.Child(field), "validations or auditAnnotations must contain at least one item");
            }

            return;
        }

        foreach (var (i, validation) in (spec.Validations ?? []).Index())
        {
            ValidateValidation(validation, compiler, Spec.Child("validations").Index(i), errors);
        }

        ValidateAuditAnnotations(
            name, spec.AuditAnnotations ?? [], compiler, Spec.Child("auditAnnotations"), errors);
    }

    private static void ValidateValidation(
        V1Validation validation, PolicyCompiler compiler, FieldPath path, FieldErrors errors)
    {
        PolicyRules.ValidateExpression(validation.Expression, "expression", compiler.Validation, path, errors);
        if (validation.MessageExpression is { Length: > 0 } text && string.IsNullOrWhiteSpace(text))
        {
            errors.Invalid(path.Child("messageExpression"), text, "must be non-empty if specified");
        }
        else if (validation.MessageExpression is { Length: > 0 } written)
        {
            AdmissionRules.ValidateCompiled(compiler.Message(written), path.Child("messageExpression"), errors);
        }

        var message = validation.Message ?? "";
        if (message.Length > 0 && string.IsNullOrWhiteSpace(message))
        {
            errors.Invalid(path.Child("message"), message, "must be non-empty if specified");
        }
        else if (message.Trim().AsSpan().ContainsAny('\n', '\r'))
        {
            // An expression of many lines without a message passes upstream, whatever its documentation says.
            errors.Invalid(path.Child("message"), message, "must not contain line breaks");
        }

        AdmissionRules.ValidateChoice(validation.Reason, Reasons, path.Child("reason"), errors);
    }

    private static void ValidateAuditAnnotations(
        string name, IList<V1AuditAnnotation> annotations, PolicyCompiler compiler, FieldPath path, FieldErrors errors)
    {
        if (annotations.Count > MaxAuditAnnotations)
        {
            errors.Invalid(
                path,
                annotations.Select(InternalForm.Shown),
                $"must not have more than {MaxAuditAnnotations} auditAnnotations");
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, annotation) in annotations.Index())
        {
            var key = annotation.Key ?? "";
            var keyPath = path.Index(i).Child("key");
            if (name.Length == 0)
            {
                errors.Invalid(keyPath, key, "requires metadata.name be non-empty");
            }
            else
            {
                errors.InvalidEach(keyPath, $"{name}/{key}", NameRules.QualifiedName($"{name}/{key}"));
            }

            if (NameRules.ByteCount((annotation.ValueExpression ?? "").Trim()) > MaxAuditExpressionLength)
            {
                errors.Required(
                    path.Index(i).Child("valueExpression"),
                    $"must not exceed {MaxAuditExpressionLength} bytes in length");
            }
            else
            {
                PolicyRules.ValidateExpression(
                    annotation.ValueExpression, "valueExpression", compiler.AuditValue, path.Index(i), errors);
            }

            if (!keys.Add(key))
            {
                errors.Duplicate(keyPath, key);
            }
        }
    }
}
