using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>Validation of ResourceQuotas.</summary>
internal static class ResourceQuotaRules
{
    private const string UnsupportedScope = "unsupported scope";
    private const string UnsupportedForResource = "unsupported scope applied to resource";

    private static readonly FieldPath Scopes = FieldPath.Of("spec", "scopes");
    private static readonly FieldPath Expressions = FieldPath.Of("spec", "scopeSelector", "matchExpressions");

    public static void ValidateSpec(V1ResourceQuotaSpec spec, FieldErrors errors)
    {
        Amounts(spec.Hard, FieldPath.Of("spec", "hard"), errors);
        ValidateScopes(spec, errors);
        ValidateSelector(spec, errors);
    }

    public static void ValidateStatus(V1ResourceQuotaStatus status, FieldErrors errors)
    {
        Amounts(status.Hard, FieldPath.Of("status", "hard"), errors);
        Amounts(status.Used, FieldPath.Of("status", "used"), errors);
    }

    private static void Amounts(IDictionary<string, ResourceQuantity>? amounts, FieldPath path, FieldErrors errors)
    {
        foreach (var (name, model) in amounts ?? new Dictionary<string, ResourceQuantity>())
        {
            errors.InvalidEach(path.Key(name), name, ResourceNames.Complaints(name));
            if (ResourceNames.IsPlain(name) && !ResourceNames.IsStandardForQuotas(name))
            {
                errors.Invalid(path.Key(name), name, "must be a standard resource for quota");
            }

            var amount = Quantity.Of(model);
            if (amount.Sign < 0)
            {
                errors.Invalid(path.Key(name), amount.ToString(), FieldErrors.NotNegative);
            }

            if (ResourceNames.IsInteger(name) && !amount.IsInteger)
            {
                errors.Invalid(path.Key(name), amount.ToString(), "must be an integer");
            }
        }
    }

    private static void ValidateScopes(V1ResourceQuotaSpec spec, FieldErrors errors)
    {
        var judged = Judged(spec);
        foreach (var scope in spec.Scopes ?? [])
        {
            if (!QuotaScopes.IsKnown(scope))
            {
                errors.Invalid(Scopes, spec.Scopes, UnsupportedScope);
            }

            foreach (var _ in Misfits(judged, scope))
            {
                errors.Invalid(Scopes, spec.Scopes, UnsupportedForResource);
            }
        }

        Conflicts(spec.Scopes ?? [], Scopes, spec.Scopes, errors);
    }

    /// <summary>
    /// Bounded resources that a scope may not fit, as many as findings are kept: a quota may have many scopes as well.
    /// </summary>
    private static List<string> Judged(V1ResourceQuotaSpec spec) =>
        [.. (spec.Hard?.Keys ?? []).Where(ResourceNames.IsStandardForQuotas).Take(FieldErrors.MaxKept)];

    /// <summary>Resources that are bounded and mean nothing in a scope.</summary>
    private static IEnumerable<string> Misfits(List<string> judged, string? scope) =>
        judged.Where(name => !QuotaScopes.Fits(scope, name));

    private static void Conflicts(ICollection<string> scopes, FieldPath path, IList<string>? shown, FieldErrors errors)
    {
        foreach (var (one, other) in new[]
        {
            (QuotaScopes.BestEffort, QuotaScopes.NotBestEffort), (QuotaScopes.Terminating, QuotaScopes.NotTerminating),
        })
        {
            if (scopes.Contains(one) && scopes.Contains(other))
            {
                errors.Invalid(path, shown, "conflicting scopes");
            }
        }
    }

    private static void ValidateSelector(V1ResourceQuotaSpec spec, FieldErrors errors)
    {
        var requirements = spec.ScopeSelector?.MatchExpressions ?? [];
        var judged = Judged(spec);
        foreach (var requirement in requirements)
        {
            if (!QuotaScopes.IsKnown(requirement.ScopeName))
            {
                errors.Invalid(Expressions.Child("scopeName"), requirement.ScopeName ?? "", UnsupportedScope);
            }

            foreach (var _ in Misfits(judged, requirement.ScopeName))
            {
                errors.Invalid(Expressions, InternalForm.Shown(spec.ScopeSelector), UnsupportedForResource);
            }

            if (QuotaScopes.IsPlain(requirement.ScopeName) && requirement.OperatorProperty != "Exists")
            {
                errors.Invalid(
                    Expressions.Child("operator"),
                    requirement.OperatorProperty ?? "",
                    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, " +
                    "ResourceQuotaScopeNotTerminating, " +
                    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or " +
                    "ResourceQuotaScopeCrossNamespacePodAffinity");
            }

            ValidateOperator(requirement, errors);
        }

        Conflicts([.. requirements.Select(r => r.ScopeName)], Expressions, spec.Scopes, errors);
    }

    private static void ValidateOperator(V1ScopedResourceSelectorRequirement requirement, FieldErrors errors)
    {
        var values = requirement.Values ?? [];
        switch (requirement.OperatorProperty)
        {
            case "In" or "NotIn" when values.Count == 0:
                errors.Required(
                    Expressions.Child("values"),
                    "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                break;
            case "Exists" or "DoesNotExist" when values.Count != 0:
                errors.Invalid(
                    Expressions.Child("values"),
                    values,
                    "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
                break;
            default:
                errors.Invalid(
                    Expressions.Child("operator"), requirement.OperatorProperty ?? "", "not a valid selector operator");
                break;
        }
    }
}
