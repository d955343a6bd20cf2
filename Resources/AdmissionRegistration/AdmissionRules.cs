using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration;

/// <summary>Defaults and validation of what webhooks and policies have in common.</summary>
internal static class AdmissionRules
{
    public static readonly string[] FailurePolicies = ["Fail", "Ignore"];
    public static readonly string[] MatchPolicies = ["Equivalent", "Exact"];
    public static readonly string[] ReinvocationPolicies = ["IfNeeded", "Never"];

    private const string Any = "*";
    private const int MaxConditions = 64;
    private static readonly string[] Operations = [Any, "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] Scopes = [Any, "Cluster", "Namespaced"];

    /// <summary>One of a few values, or none.</summary>
    public static void ValidateChoice(string? value, string[] choices, FieldPath path, FieldErrors errors)
    {
        if (value is not null && !choices.Contains(value))
        {
            errors.NotSupported(path, value, choices);
        }
    }

    /// <summary>One of a few values.</summary>
    public static void ValidateRequiredChoice(string? value, string[] choices, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path);
        }
        else
        {
            ValidateChoice(value, choices, path, errors);
        }
    }

    public static void Validate(OperationRule rule, FieldPath path, FieldErrors errors)
    {
        ValidateSome(rule.Operations, path.Child("operations"), "operations", errors);
        foreach (var (i, operation) in rule.Operations.Index())
        {
            ValidateChoice(operation, Operations, path.Child("operations").Index(i), errors);
        }

        ValidateSome(rule.Groups, path.Child("apiGroups"), "API groups", errors);
        ValidateSome(rule.Versions, path.Child("apiVersions"), "API versions", errors);
        foreach (var (i, version) in rule.Versions.Index())
        {
            if (version.Length == 0)
            {
                errors.Required(path.Child("apiVersions").Index(i));
            }
        }

        ValidateResources(rule.Resources, path.Child("resources"), errors);
        ValidateChoice(rule.Scope, Scopes, path.Child("scope"), errors);
    }

    /// <summary>An expression's complaint, if it has one.</summary>
    public static void ValidateCompiled(AdmissionExpression expression, FieldPath path, FieldErrors errors)
    {
        if (expression.Complaint is not { } complaint)
        {
            return;
        }

        if (expression.IsFaulty)
        {
            errors.InternalError(path, complaint);
        }
        else
        {
            errors.Invalid(path, expression.Text, complaint);
        }
    }

    /// <summary>Names of conditions are given, and each is there once.</summary>
    public static void ValidateConditions(
        IList<V1MatchCondition>? conditions, PolicyCompiler compiler, FieldPath path, FieldErrors errors)
    {
        if (conditions?.Count > MaxConditions)
        {
            errors.TooMany(path, conditions.Count, MaxConditions);
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, condition) in (conditions ?? []).Index())
        {
            if (string.IsNullOrWhiteSpace(condition.Expression))
            {
                errors.Required(path.Index(i).Child("expression"));
            }
            else
            {
                ValidateCompiled(
                    compiler.Condition(condition.Expression.Trim()), path.Index(i).Child("expression"), errors);
            }

            var namePath = path.Index(i).Child("name");
            if (condition.Name is not { Length: > 0 } name)
            {
                errors.Required(namePath);
                continue;
            }

            errors.InvalidEach(namePath, name, NameRules.QualifiedName(name));
            if (!names.Add(name))
            {
                errors.Duplicate(namePath, name);
            }
        }
    }

    private static void ValidateSome(IList<string> values, FieldPath path, string what, FieldErrors errors)
    {
        if (values.Count == 0)
        {
            errors.Required(path);
        }
        else if (values.Count > 1 && values.Contains(Any))
        {
            errors.Invalid(path, values, $"if '*' is present, must not specify other {what}");
        }
    }

    /// <summary>Resources and subresources; one that a wildcard has already is not named again.</summary>
    private static void ValidateResources(IList<string> resources, FieldPath path, FieldErrors errors)
    {
        if (resources.Count == 0)
        {
            errors.Required(path);
        }

        HashSet<string> whole = new(StringComparer.Ordinal), everywhere = new(StringComparer.Ordinal);
        var isPlain = false;
        foreach (var (i, text) in resources.Index())
        {
            if (text.Length == 0)
            {
                errors.Required(path.Index(i));
            }
            else if (text.Split('/', 2) is [var resource, var subresource])
            {
                ValidateSubresource(resource, subresource, whole, everywhere, path.Index(i), errors);
            }
            else
            {
                isPlain = text != Any;
            }
        }

        if (resources.Count > 1 && resources.Contains("*/*"))
        {
            errors.Invalid(path, resources, "if '*/*' is present, must not specify other resources");
        }

        if (isPlain && resources.Contains(Any))
        {
            errors.Invalid(path, resources, "if '*' is present, must not specify other resources without subresources");
        }
    }

    private static void ValidateSubresource(
        string resource, string subresource, HashSet<string> whole, HashSet<string> everywhere, FieldPath path,
        FieldErrors errors)
    {
        var text = $"{resource}/{subresource}";
        if (whole.Contains(resource))
        {
            errors.Invalid(path, text, $"if '{resource}/*' is present, must not specify {text}");
        }

        if (everywhere.Contains(subresource))
        {
            errors.Invalid(path, text, $"if '*/{subresource}' is present, must not specify {text}");
        }

        if (subresource == Any)
        {
            whole.Add(resource);
        }

        if (resource == Any)
        {
            everywhere.Add(subresource);
        }
    }
}
