using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>Validation and cells of what the two kinds of policies have in common.</summary>
internal static partial class PolicyRules
{
    private const string LabelAdvice = "may have mixed case, but should otherwise match: ";

    private static readonly HashSet<string> ReservedWords = new(StringComparer.Ordinal)
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    };

    /// <summary>The cell that says what parameterizes a policy.</summary>
    public static string Shown(V1ParamKind? kind) => kind is null ? "<unset>" : $"{kind.ApiVersion}/{kind.Kind}";

    public static TableColumn ParamKindColumn { get; } = new(
        "ParamKind", "string", "", "ParamKind specifies the kind of resources used to parameterize this policy");

    public static void ValidateParamKind(V1ParamKind? kind, FieldPath path, FieldErrors errors)
    {
        if (kind is null)
        {
            return;
        }

        ValidateVersion(kind.ApiVersion ?? "", path.Child("apiVersion"), errors);
        if (string.IsNullOrEmpty(kind.Kind))
        {
            errors.Required(path.Child("kind"));
        }
        else if (string.Join(",", NameRules.Dns1035Label(kind.Kind.ToLowerInvariant())) is { Length: > 0 } complaints)
        {
            errors.Invalid(path.Child("kind"), kind.Kind, LabelAdvice + complaints);
        }
    }

    /// <summary>An expression must be there, and be one.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="field">The field that holds it.</param>
    /// <param name="compile">How it is compiled.</param>
    /// <param name="path">What has the field.</param>
    /// <param name="errors">Where findings go.</param>
    public static void ValidateExpression(
        string? expression, string field, Func<string, AdmissionExpression> compile, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(expression))
        {
            errors.Required(path.Child(field), $"{field} is not specified");
        }
        else
        {
            AdmissionRules.ValidateCompiled(compile(expression), path.Child(field), errors);
        }
    }

    /// <summary>Names and expressions of variables; the compiler has them afterwards.</summary>
    public static void ValidateVariables(
        IList<V1Variable>? variables, PolicyCompiler compiler, FieldPath path, FieldErrors errors)
    {
        foreach (var (i, variable) in (variables ?? []).Index())
        {
            if (string.IsNullOrWhiteSpace(variable.Name))
            {
                errors.Required(path.Index(i).Child("name"), "name is not specified");
            }
            else if (!Identifier().IsMatch(variable.Name) || ReservedWords.Contains(variable.Name))
            {
                errors.Invalid(path.Index(i).Child("name"), variable.Name, "must be a valid CEL identifier");
            }

            ValidateExpression(
                variable.Expression, "expression", _ => compiler.AddVariable(variable), path.Index(i), errors);
        }
    }

    private static void ValidateVersion(string text, FieldPath path, FieldErrors errors)
    {
        if (text.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (text.Count(c => c == '/') > 1)
        {
            errors.Invalid(path, text, $"unexpected GroupVersion string: {text}");
            return;
        }

        var (group, version) = text == "/" ? ("", "")
            : text.Split('/') is [var head, var tail] ? (head, tail)
            : ("", text);
        if (group.Length > 0 && string.Join(",", NameRules.DnsSubdomain(group)) is { Length: > 0 } wrongGroup)
        {
            errors.Invalid(path, group, wrongGroup);
        }

        if (version.Length == 0)
        {
            errors.Invalid(path, text, "version must be specified");
        }
        else if (string.Join(",", NameRules.Dns1035Label(version)) is { Length: > 0 } wrongVersion)
        {
            errors.Invalid(path, version, wrongVersion);
        }
    }

    [GeneratedRegex("^[_a-zA-Z][_a-zA-Z0-9]*\\z")]
    private static partial Regex Identifier();
}
