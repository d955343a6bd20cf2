using OrleansOrchestrator.Cel.Checking;
using OrleansOrchestrator.Cel.Costs;
using OrleansOrchestrator.Cel.Evaluation;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel;

/// <summary>What came of compiling a text.</summary>
/// <param name="Program">Null when there are issues.</param>
/// <param name="Issues">
/// As upstream prints them, one after the other: <c>ERROR: &lt;input&gt;:1:5: undefined field 'b'</c>, the line and a
/// caret below it. Empty when there are none. Callers put <c>compilation failed: </c> before it where upstream does.
/// </param>
public readonly record struct CelCompilation(CelProgram? Program, string Issues);

/// <summary>What an evaluation gave.</summary>
/// <param name="Value">An error when it failed: <see cref="CelError.Message"/> is what clients see.</param>
/// <param name="Cost">In upstream's units.</param>
public readonly record struct CelResult(CelValue Value, ulong Cost);

/// <summary>A compiled expression. It may be evaluated by many threads at once.</summary>
public sealed class CelProgram
{
    /// <summary>What upstream lets one evaluation cost.</summary>
    public const ulong PerCallLimit = 1_000_000;

    private readonly CelEnvironment _environment;
    private readonly CheckedExpr? _checked;
    private readonly Node _root;
    private readonly int _locals;
    private readonly HashSet<string> _variables;

    internal CelProgram(string text, CelEnvironment environment, ParsedExpr parsed, CheckedExpr? checkedExpr)
    {
        Text = text;
        _environment = environment;
        _checked = checkedExpr;
        ResultType = checkedExpr?.ResultType ?? CelType.Dyn;
        (_root, _locals, Fault) = Planner.Plan(parsed.Root, environment, checkedExpr?.References);
        _variables = checkedExpr is null
            ? []
            : [.. checkedExpr.References.Select(static r => r?.Variable?.Name).OfType<string>()];
    }

    public string Text { get; }

    /// <summary>The type of what it gives, as far as it is known ahead.</summary>
    public CelType ResultType { get; }

    /// <summary>
    /// Why it cannot be run, though its types are right: it converts a constant that does not convert. Null for
    /// nothing. Upstream refuses to make such a program: <c>program instantiation failed: …</c>.
    /// </summary>
    public string? Fault { get; }

    /// <summary>Whether the expression reads a variable.</summary>
    public bool Reads(string variable) => _variables.Contains(variable);

    /// <summary>Whether the expression names a field of a variable, <c>variable.field</c>, whatever for.</summary>
    public bool Selects(string variable, string field) => _checked is not null
        && ExprWalk.All(_checked.Parsed.Root).OfType<SelectExpr>().Any(
            s => s.Field == field && s.Operand is IdentExpr operand && operand.Name == variable);

    /// <summary>Whether the expression names a field of anything: <c>….field</c>.</summary>
    public bool Selects(string field) => _checked is not null
        && ExprWalk.All(_checked.Parsed.Root).OfType<SelectExpr>().Any(s => s.Field == field);

    /// <summary>Evaluates the expression.</summary>
    /// <param name="activation">What variables hold; of the program's environment or one extended from it.</param>
    /// <param name="costLimit">
    /// Beyond it the result is the error <c>operation cancelled: actual cost limit exceeded</c>. Time and memory grow
    /// with the cost, so there always is a limit.
    /// </param>
    public CelResult Evaluate(CelActivation activation, ulong costLimit = PerCallLimit)
    {
        var frame = new Frame(activation, _locals, costLimit);
        var value = _root.Evaluate(frame);
        return new CelResult(frame.IsOver ? CelError.CostExceeded : value, frame.Cost);
    }

    /// <summary>
    /// What an evaluation can cost at least and at most, by the sizes that the variables' schemas allow.
    /// </summary>
    public CelCost EstimateCost() => _checked is null
        ? CelCost.Unknown
        : CostEstimator.Estimate(_checked, _environment.Schemas);
}
