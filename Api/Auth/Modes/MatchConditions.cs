using System.Text.Json;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>
/// Of which requests a webhook is asked: those for which all expressions are true (upstream's
/// <c>authorization/cel</c>).
/// </summary>
internal sealed class MatchConditions
{
    private const string Request = "request";
    private const int MaxConditions = 64;

    private static readonly CelSchema RequestSchema = MakeSchema();
    private static readonly CelEnvironment Environment =
        KubernetesCel.Environment.WithVariable(Request, RequestSchema);

    private readonly IReadOnlyList<CelProgram> _programs;
    private readonly bool _readsSelectors;

    private MatchConditions(IReadOnlyList<CelProgram> programs)
    {
        _programs = programs;
        _readsSelectors = programs.Any(static p => p.Selects("fieldSelector") || p.Selects("labelSelector"));
    }

    public bool Any => _programs.Count > 0;

    /// <summary>The expressions, compiled; what is wrong with them is told.</summary>
    public static MatchConditions Compile(IReadOnlyList<string> expressions, FieldPath path, FieldErrors errors)
    {
        var programs = new List<CelProgram>();
        if (expressions.Count > MaxConditions)
        {
            errors.TooMany(path, expressions.Count, MaxConditions);
            return new MatchConditions(programs);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, expression) in expressions.Index())
        {
            var at = path.Index(i).Child("expression");
            if (string.IsNullOrWhiteSpace(expression))
            {
                errors.Required(at);
            }
            else if (!seen.Add(expression))
            {
                errors.Duplicate(at, expression);
            }
            else if (Compile(expression, at, errors) is { } program)
            {
                programs.Add(program);
            }
        }

        return new MatchConditions(programs);
    }

    /// <summary>Whether all are true; why that is not known, when none is false and one fails.</summary>
    public (bool Matches, string Failure) Evaluate(AuthorizationAttributes attributes)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            AccessReviewWriter.WriteForExpressions(writer, attributes, _readsSelectors);
        }

        using var document = JsonDocument.Parse(buffer.ToArray());
        var values = Environment.Activate().Set(Request, CelJson.Of(document.RootElement, RequestSchema));
        var failures = new List<string>();
        foreach (var program in _programs)
        {
            var value = program.Evaluate(values).Value;
            if (value.IsError)
            {
                failures.Add(
                    $"cel evaluation error: expression '{program.Text}' resulted in error: {value.AsError.Message}");
            }
            else if (!value.IsTrue)
            {
                return (false, "");
            }
        }

        return GoErrors.Join(failures) is { } failure ? (false, failure) : (true, "");
    }

    private static CelProgram? Compile(string expression, FieldPath path, FieldErrors errors)
    {
        var (program, issues) = Environment.Compile(expression);
        if (program is null)
        {
            errors.Invalid(path, expression, $"compilation failed: {issues}");
            return null;
        }

        if (!program.ResultType.Equals(CelType.Bool))
        {
            errors.Invalid(path, expression, $"must evaluate to bool but got {program.ResultType}");
        }
        else if (program.Fault is { } fault)
        {
            errors.InternalError(path, $"program instantiation failed: {fault}");
        }
        else
        {
            return program;
        }

        return null;
    }

    private static CelSchema MakeSchema()
    {
        var text = new CelSchema(CelType.String);
        var texts = CelSchema.List(text);
        var requirement = CelSchema.Object(
            "kubernetes.SelectorRequirement", [new("key", text), new("operator", text), new("values", texts)]);
        var resource = CelSchema.PlainObject(
            "kubernetes.ResourceAttributes",
            [
                new("namespace", text), new("verb", text), new("group", text), new("version", text),
                new("resource", text), new("subresource", text), new("name", text),
                new("fieldSelector", Selector("kubernetes.FieldSelectorAttributes")),
                new("labelSelector", Selector("kubernetes.LabelSelectorAttributes")),
            ]);
        var path = CelSchema.Object("kubernetes.NonResourceAttributes", [new("path", text), new("verb", text)]);
        return CelSchema.Object(
            "kubernetes.SubjectAccessReviewSpec",
            [
                new("resourceAttributes", resource), new("nonResourceAttributes", path), new("user", text),
                new("groups", texts), new("extra", CelSchema.Map(text, texts)), new("uid", text),
            ]);

        CelSchema Selector(string name) =>
            CelSchema.Object(name, [new("rawSelector", text), new("requirements", CelSchema.List(requirement))]);
    }
}
