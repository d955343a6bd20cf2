using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>Columns and validation of what the two kinds of bindings have in common.</summary>
internal static class PolicyBindingRules
{
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "PolicyName",
            "string",
            "",
            "PolicyName indicates the policy definition which the policy binding binded to"),
        new("ParamRef", "string", "", "ParamRef indicates the param resource which sets the configuration param"),
        TableColumns.Age,
    ];

    /// <summary>The cell that says which parameters a binding brings.</summary>
    public static string Shown(V1ParamRef? reference) => reference switch
    {
        null => "<unset>",
        { Name.Length: > 0, NamespaceProperty.Length: > 0 } => $"{reference.NamespaceProperty}/{reference.Name}",
        { Name.Length: > 0 } => $"*/{reference.Name}",
        { Selector: { } selector } => Shown(selector),
        _ => "<unset>",
    };

    /// <summary>Findings on a binding.</summary>
    /// <param name="policy">The policy that it binds.</param>
    /// <param name="parameters">What parameterizes the policy.</param>
    /// <param name="match">What it is about.</param>
    /// <param name="matchField">Where findings on <paramref name="match"/> are said to be.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(
        string? policy, V1ParamRef? parameters, V1MatchResources? match, string matchField, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(policy))
        {
            errors.Required(Spec.Child("policyName"));
        }
        else
        {
            errors.InvalidEach(Spec.Child("policyName"), policy, NameRules.DnsSubdomain(policy));
        }

        ValidateParameters(parameters, Spec.Child("paramRef"), errors);
        MatchResourceRules.Validate(match, Spec.Child(matchField), errors);
    }

    private static void ValidateParameters(V1ParamRef? reference, FieldPath path, FieldErrors errors)
    {
        const string Exclusive = "name and selector are mutually exclusive";
        if (reference is null)
        {
            return;
        }

        var isNamed = reference.Name is { Length: > 0 };
        if (isNamed)
        {
            errors.InvalidEach(path.Child("name"), reference.Name, NameRules.PathSegment(reference.Name));
            if (reference.Selector is not null)
            {
                errors.Forbidden(path.Child("name"), Exclusive);
            }
        }

        LabelSelectorRules.Validate(reference.Selector, path.Child("selector"), errors);
        if (isNamed && reference.Selector is not null)
        {
            errors.Forbidden(path.Child("selector"), Exclusive);
        }

        if (!isNamed && reference.Selector is null)
        {
            errors.Required(path, "one of name or selector must be specified");
        }

        AdmissionRules.ValidateRequiredChoice(
            reference.ParameterNotFoundAction, ["Deny", "Allow"], path.Child("parameterNotFoundAction"), errors);
    }

    /// <summary>As Go prints it.</summary>
    private static string Shown(V1LabelSelector selector)
    {
        var labels = (selector.MatchLabels ?? new Dictionary<string, string>())
            .OrderBy(l => l.Key, StringComparer.Ordinal)
            .Select(l => $"{l.Key}: {l.Value},");
        var expressions = (selector.MatchExpressions ?? []).Select(e =>
            $"LabelSelectorRequirement{{Key:{e.Key},Operator:{e.OperatorProperty},"
                + $"Values:[{string.Join(' ', e.Values ?? [])}],}},");
        return $"&LabelSelector{{MatchLabels:map[string]string{{{string.Concat(labels)}}}," +
            $"MatchExpressions:[]LabelSelectorRequirement{{{string.Concat(expressions)}}},}}";
    }
}
