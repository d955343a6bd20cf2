using CsCheck;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Cel.Tests;

/// <summary>A tree that is printed is read back as the same tree.</summary>
public static class PrinterTests
{
    private static readonly CelEnvironment Environment =
        CelEnvironment.Kubernetes.With(BindingLibrary.Library);

    [Fact]
    public static void VectorsSurvivePrinting()
    {
        foreach (var vector in VectorFile.Read("vectors"))
        {
            Survives(vector.Expr);
        }
    }

    [Fact]
    public static void RandomExpressionsSurvivePrinting() => RandomExpressions.Gen.Check(Survives, cases: 2000);

    private static void Survives(string text)
    {
        var issues = new Issues(text);
        var parsed = Environment.Parse(text, issues);
        if (issues.Any)
        {
            return;
        }

        var printed = Printer.Print(parsed);
        var again = Environment.Parse(printed, new Issues(printed));
        Assert.Equal(Shape(parsed.Root), Shape(again.Root));
    }

    /// <summary>The tree without ids and places.</summary>
    private static string Shape(Expr expression) => expression switch
    {
        ConstExpr c => $"{c.Value.Kind}:{c.Value}",
        IdentExpr i => i.Name,
        SelectExpr s => $"({Shape(s.Operand)}.{s.Field}{(s.IsTest ? "!" : "")}{(s.IsOptional ? "?" : "")})",
        CallExpr { Target: { } target } c => $"{Shape(target)}.{c.Function}({Shapes(c.Arguments)})",
        CallExpr c => $"{c.Function}({Shapes(c.Arguments)})",
        ListExpr l => $"[{string.Join(',', l.Elements.Select((e, i) => (l.IsOptional(i) ? "?" : "") + Shape(e)))}]",
        MapExpr m => $"{{{string.Join(',', m.Entries.Select(e => $"{e.IsOptional}{Shape(e.Key)}:{Shape(e.Value)}"))}}}",
        StructExpr s =>
            $"{s.TypeName}{{{string.Join(',', s.Fields.Select(f => $"{f.IsOptional}{f.Name}:{Shape(f.Value)}"))}}}",
        FoldExpr f => $"fold({Shape(f.Range)},{f.Variable},{f.SecondVariable},{f.Accumulator},{Shape(f.Start)},"
            + $"{Shape(f.Condition)},{Shape(f.Step)},{Shape(f.Result)})",
        _ => throw new InvalidOperationException(),
    };

    private static string Shapes(IEnumerable<Expr> expressions) => string.Join(',', expressions.Select(Shape));
}
