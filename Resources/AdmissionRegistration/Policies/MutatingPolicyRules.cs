using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>Validation of a mutating policy's specification.</summary>
internal static class MutatingPolicyRules
{
    private const string Apply = "ApplyConfiguration";
    private const string Patch = "JSONPatch";

    /// <summary>What is deleted cannot be changed.</summary>
    private static readonly string[] Operations = ["*", "CONNECT", "CREATE", "UPDATE"];

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static void Validate(V1MutatingAdmissionPolicySpec spec, FieldErrors errors)
    {
        var compiler = new PolicyCompiler(spec.ParamKind is not null, spec.Variables is { Count: > 0 });
        AdmissionRules.ValidateRequiredChoice(
            spec.FailurePolicy, AdmissionRules.FailurePolicies, Spec.Child("failurePolicy"), errors);
        PolicyRules.ValidateParamKind(spec.ParamKind, Spec.Child("paramKind"), errors);
        var constraints = Spec.Child("matchConstraints");
        MatchResourceRules.ValidateConstraints(spec.MatchConstraints, constraints, errors);
        ValidateOperations(spec.MatchConstraints, constraints, errors);
        AdmissionRules.ValidateConditions(spec.MatchConditions, compiler, Spec.Child("matchConditions"), errors);
        PolicyRules.ValidateVariables(spec.Variables, compiler, Spec.Child("variables"), errors);
        if (spec.Mutations is not { Count: > 0 })
        {
            errors.Required(Spec.Child("mutations"), "mutations must contain at least one item");
        }

        foreach (var (i, mutation) in (spec.Mutations ?? []).Index())
        {
            ValidateMutation(mutation, compiler, Spec.Child("mutations").Index(i), errors);
        }

        AdmissionRules.ValidateRequiredChoice(
            spec.ReinvocationPolicy, AdmissionRules.ReinvocationPolicies, Spec.Child("reinvocationPolicy"), errors);
    }

    /// <summary>The operations a mutating policy, or a binding of one, may be about.</summary>
    public static void ValidateOperations(V1MatchResources? match, FieldPath path, FieldErrors errors)
    {
        foreach (var operation in (match?.ResourceRules ?? []).SelectMany(r => r.Operations ?? []))
        {
            if (!Operations.Contains(operation))
            {
                errors.NotSupported(path.Child("resourceRules", "operations"), operation, Operations);
            }
        }
    }

    private static void ValidateMutation(
        V1Mutation mutation, PolicyCompiler compiler, FieldPath path, FieldErrors errors)
    {
        AdmissionRules.ValidateRequiredChoice(mutation.PatchType, [Apply, Patch], path.Child("patchType"), errors);
        var apply = (
            Field: "applyConfiguration",
            Given: mutation.ApplyConfiguration is not null,
            mutation.ApplyConfiguration?.Expression);
        var patch = (Field: "jsonPatch", Given: mutation.JsonPatch is not null, mutation.JsonPatch?.Expression);
        switch (mutation.PatchType)
        {
            case Apply: ValidateOne(Apply, apply, patch, compiler.ApplyConfiguration, path, errors); break;
            case Patch: ValidateOne(Patch, patch, apply, compiler.JsonPatch, path, errors); break;
        }
    }

    private static void ValidateOne(
        string type,
        (string Field, bool Given, string? Expression) wanted,
        (string Field, bool Given, string? Expression) other,
        Func<string, AdmissionExpression> compile,
        FieldPath path,
        FieldErrors errors)
    {
        if (other.Given)
        {
            errors.Invalid(
                path.Child(other.Field), $"{{{other.Field}}}", $"must not be specified when patchType is {type}");
        }

        if (!wanted.Given)
        {
            errors.Required(path.Child(wanted.Field), $"must be specified when patchType is {type}");
        }
        else
        {
            PolicyRules.ValidateExpression(wanted.Expression, "expression", compile, path.Child(wanted.Field), errors);
        }
    }
}
