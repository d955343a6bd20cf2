using System.Text.Json;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using Xunit;

namespace OrleansOrchestrator.Cel.Tests;

/// <summary>
/// The public vectors of the language; what is left out stands in Conformance/off.txt with its reason.
/// </summary>
public static class ConformanceTests
{
    private static readonly CelEnvironment Base = CelEnvironment.Standard
        .With(OptionalLibrary.Library)
        .With(StringLibrary.Library)
        .With(TwoVariableLibrary.Library)
        .With(BindingLibrary.Library);

    [Fact]
    public static void EachVectorGivesWhatItSays()
    {
        var failed = VectorFile.Read("vectors").Select(static v => (v.Name, Complaint: Complaint(v)))
            .Where(static r => r.Complaint is not null).Select(static r => $"{r.Name}: {r.Complaint}").ToList();
        Assert.True(failed.Count == 0, $"{failed.Count} failed:\n{string.Join("\n", failed)}");
    }

    private static string? Complaint(Vector vector)
    {
        var environment = vector.Declare(Base);
        var compiled = vector.DisableCheck ? environment.CompileUnchecked(vector.Expr)
            : environment.Compile(vector.Expr);
        if (compiled.Program is not { } program)
        {
            return vector.ExpectsError ? null : $"{vector.Expr} => {compiled.Issues}";
        }

        if (vector.DeducedType is { } type && program.ResultType.ToString() != type.ToString())
        {
            return $"{vector.Expr} is a {program.ResultType}, not a {type}";
        }

        if (vector.CheckOnly)
        {
            return null;
        }

        var value = program.Evaluate(vector.Bind(environment.Activate()), ulong.MaxValue).Value;
        if (vector.ExpectsError)
        {
            return value.IsError ? null : $"{vector.Expr} => {value}, not an error";
        }

        return vector.Expected is { } expected && !Same(value, expected)
            ? $"{vector.Expr} => {value} ({value.Kind}), not {expected} ({expected.Kind})"
            : null;
    }

    /// <summary>Of one type besides being equal; what is not a number is itself here.</summary>
    private static bool Same(CelValue value, CelValue expected) => value.Kind == expected.Kind
        && (value.Equals(expected) || (value.Kind == CelKind.Double && double.IsNaN(value.AsDouble)
            && double.IsNaN(expected.AsDouble)));
}
