using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>Makes the parts of an expression, each with an id of its own; macros get theirs from it too.</summary>
internal abstract class ExprFactory(Issues issues)
{
    public Issues Issues { get; } = issues;

    /// <summary>What was written where a macro stands, by the id of what it became.</summary>
    public Dictionary<int, CallExpr> Written { get; } = [];

    protected int LastId { get; private set; }

    public int NextId() => ++LastId;

    public ConstExpr Const(int position, CelValue value) => new(NextId(), position, value);

    public IdentExpr Ident(int position, string name) => new(NextId(), position, name);

    public CallExpr Call(int position, string function, params Expr[] arguments) =>
        new(NextId(), position, function, null, arguments);

    public CallExpr Method(int position, Expr target, string function, params Expr[] arguments) =>
        new(NextId(), position, function, target, arguments);

    public ListExpr List(int position, params Expr[] elements) => new(NextId(), position, elements, null);
}
