using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>A call that stands for an expression.</summary>
/// <param name="Expand">What it stands for; null when it is an ordinary call after all, or a mistake was told.</param>
internal sealed record Macro(string Name, bool IsMember, int Arguments, Func<ExprFactory, CallExpr, Expr?> Expand)
{
    /// <summary>The macros of the language itself.</summary>
    public static IReadOnlyList<Macro> Standard { get; } =
    [
        new("has", false, 1, Has),
        new("all", true, 2, static (f, c) => Quantify(f, c, All)),
        new("exists", true, 2, static (f, c) => Quantify(f, c, Exists)),
        new("exists_one", true, 2, static (f, c) => Quantify(f, c, ExistsOne)),
        new("existsOne", true, 2, static (f, c) => Quantify(f, c, ExistsOne)),
        new("map", true, 2, static (f, c) => Collect(f, c, null, c.Arguments[1])),
        new("map", true, 3, static (f, c) => Collect(f, c, c.Arguments[1], c.Arguments[2])),
        new("filter", true, 2, static (f, c) => Collect(f, c, c.Arguments[1], c.Arguments[0])),
    ];

    /// <summary>Those with two variables: index or key, and value.</summary>
    public static IReadOnlyList<Macro> TwoVariables { get; } =
    [
        new("all", true, 3, static (f, c) => QuantifyTwo(f, c, All)),
        new("exists", true, 3, static (f, c) => QuantifyTwo(f, c, Exists)),
        new("exists_one", true, 3, static (f, c) => QuantifyTwo(f, c, ExistsOne)),
        new("existsOne", true, 3, static (f, c) => QuantifyTwo(f, c, ExistsOne)),
        new("transformList", true, 3, static (f, c) => Transform(f, c, null, c.Arguments[2], ToList)),
        new("transformList", true, 4, static (f, c) => Transform(f, c, c.Arguments[2], c.Arguments[3], ToList)),
        new("transformMap", true, 3, static (f, c) => Transform(f, c, null, c.Arguments[2], ToMap)),
        new("transformMap", true, 4, static (f, c) => Transform(f, c, c.Arguments[2], c.Arguments[3], ToMap)),
        new("transformMapEntry", true, 3, static (f, c) => Transform(f, c, null, c.Arguments[2], ToEntries)),
        new("transformMapEntry", true, 4, static (f, c) => Transform(f, c, c.Arguments[2], c.Arguments[3], ToEntries)),
    ];

    /// <summary><c>cel.bind(name, value, result)</c>.</summary>
    public static IReadOnlyList<Macro> Bindings { get; } = [new("bind", true, 3, Bind)];

    public static IReadOnlyList<Macro> Optionals { get; } =
    [
        new("optMap", true, 2, static (f, c) => MapOptional(f, c, wraps: true)),
        new("optFlatMap", true, 2, static (f, c) => MapOptional(f, c, wraps: false)),
    ];

    private static Expr? Has(ExprFactory factory, CallExpr call)
    {
        if (call.Arguments[0] is SelectExpr { IsTest: false, IsOptional: false } select)
        {
            return new SelectExpr(factory.NextId(), call.Position, select.Operand, select.Field, isTest: true);
        }

        return Refuse(factory, call.Arguments[0], "invalid argument to has() macro");
    }

    private static Expr? Refuse(ExprFactory factory, Expr place, string message)
    {
        factory.Issues.Add(place.Position, message);
        return null;
    }

    private static string? Variable(ExprFactory factory, Expr expression, string complaint)
    {
        if (expression is not IdentExpr { Name: var name } || name.StartsWith('.'))
        {
            Refuse(factory, expression, complaint);
            return null;
        }

        if (name is Operators.Accumulator or "__result__")
        {
            Refuse(factory, expression, "iteration variable overwrites accumulator variable");
            return null;
        }

        return name;
    }

    private static FoldExpr? Quantify(
        ExprFactory factory, CallExpr call, Func<ExprFactory, CallExpr, Expr, string, string?, FoldExpr> make) =>
        Variable(factory, call.Arguments[0], "argument must be a simple name") is { } variable
            ? make(factory, call, call.Arguments[1], variable, null)
            : null;

    private static FoldExpr? QuantifyTwo(
        ExprFactory factory, CallExpr call, Func<ExprFactory, CallExpr, Expr, string, string?, FoldExpr> make) =>
        Variables(factory, call) is var (first, second) ? make(factory, call, call.Arguments[2], first, second) : null;

    private static (string First, string Second)? Variables(ExprFactory factory, CallExpr call)
    {
        if (Variable(factory, call.Arguments[0], "argument must be a simple name") is not { } first
            || Variable(factory, call.Arguments[1], "argument must be a simple name") is not { } second)
        {
            return null;
        }

        if (first == second)
        {
            Refuse(factory, call.Arguments[1], $"duplicate variable name: {first}");
            return null;
        }

        return (first, second);
    }

    private static FoldExpr All(ExprFactory f, CallExpr call, Expr predicate, string variable, string? second)
    {
        var at = call.Position;
        return Fold(f, call, variable, second, f.Const(at, CelValue.True),
            f.Call(at, Operators.NotStrictlyFalse, f.Ident(at, Operators.Accumulator)),
            f.Call(at, Operators.And, f.Ident(at, Operators.Accumulator), predicate),
            f.Ident(at, Operators.Accumulator));
    }

    private static FoldExpr Exists(ExprFactory f, CallExpr call, Expr predicate, string variable, string? second)
    {
        var at = call.Position;
        var none = f.Call(at, Operators.Not, f.Ident(at, Operators.Accumulator));
        return Fold(f, call, variable, second, f.Const(at, CelValue.False),
            f.Call(at, Operators.NotStrictlyFalse, none),
            f.Call(at, Operators.Or, f.Ident(at, Operators.Accumulator), predicate),
            f.Ident(at, Operators.Accumulator));
    }

    private static FoldExpr ExistsOne(ExprFactory f, CallExpr call, Expr predicate, string variable, string? second)
    {
        var at = call.Position;
        var one = f.Call(at, Operators.Add, f.Ident(at, Operators.Accumulator), f.Const(at, CelValue.Of(1)));
        return Fold(f, call, variable, second, f.Const(at, CelValue.Of(0)), f.Const(at, CelValue.True),
            f.Call(at, Operators.Conditional, predicate, one, f.Ident(at, Operators.Accumulator)),
            f.Call(at, Operators.Equal, f.Ident(at, Operators.Accumulator), f.Const(at, CelValue.Of(1))));
    }

    private static FoldExpr? Collect(ExprFactory f, CallExpr call, Expr? filter, Expr element)
    {
        if (Variable(f, call.Arguments[0], "argument is not an identifier") is not { } variable)
        {
            return null;
        }

        return Fold(f, call, variable, null, f.List(call.Position), f.Const(call.Position, CelValue.True),
            Filtered(f, call, filter, ToList(f, call, element, variable)),
            f.Ident(call.Position, Operators.Accumulator));
    }

    private static FoldExpr? Transform(
        ExprFactory f, CallExpr call, Expr? filter, Expr element, Func<ExprFactory, CallExpr, Expr, string, Expr> step)
    {
        if (Variables(f, call) is not var (first, second))
        {
            return null;
        }

        Expr start = call.Function == "transformList"
            ? f.List(call.Position)
            : new MapExpr(f.NextId(), call.Position, []);
        return Fold(f, call, first, second, start, f.Const(call.Position, CelValue.True),
            Filtered(f, call, filter, step(f, call, element, first)), f.Ident(call.Position, Operators.Accumulator));
    }

    private static Expr Filtered(ExprFactory f, CallExpr call, Expr? filter, Expr step) => filter is null
        ? step
        : f.Call(call.Position, Operators.Conditional, filter, step, f.Ident(call.Position, Operators.Accumulator));

    private static CallExpr ToList(ExprFactory f, CallExpr call, Expr element, string variable) => f.Call(
        call.Position, Operators.Add, f.Ident(call.Position, Operators.Accumulator), f.List(call.Position, element));

    private static CallExpr ToMap(ExprFactory f, CallExpr call, Expr element, string variable) => f.Call(
        call.Position, "cel.@mapInsert", f.Ident(call.Position, Operators.Accumulator),
        f.Ident(call.Position, variable), element);

    private static CallExpr ToEntries(ExprFactory f, CallExpr call, Expr element, string variable) => f.Call(
        call.Position, "cel.@mapInsert", f.Ident(call.Position, Operators.Accumulator), element);

    private static FoldExpr Fold(
        ExprFactory f, CallExpr call, string variable, string? second, Expr start, Expr condition, Expr step,
            Expr result) =>
        new(f.NextId(), call.Position)
        {
            Range = call.Target!,
            Variable = variable,
            SecondVariable = second,
            Accumulator = Operators.Accumulator,
            Start = start,
            Condition = condition,
            Step = step,
            Result = result,
        };

    private static FoldExpr? Bind(ExprFactory f, CallExpr call)
    {
        if (call.Target is not IdentExpr { Name: "cel" })
        {
            return null;
        }

        if (call.Arguments[0] is not IdentExpr { Name: var name })
        {
            Refuse(f, call.Arguments[0], "cel.bind() variable names must be simple identifiers");
            return null;
        }

        return Let(f, call, name, call.Arguments[1], call.Arguments[2]);
    }

    private static FoldExpr Let(ExprFactory f, CallExpr call, string name, Expr value, Expr result) =>
        new(f.NextId(), call.Position)
        {
            Range = f.List(call.Position),
            Variable = "#unused",
            Accumulator = name,
            Start = value,
            Condition = f.Const(call.Position, CelValue.False),
            Step = f.Ident(call.Position, name),
            Result = result,
        };

    /// <summary><c>target.hasValue() ? optional.of(result with target.value() named) : optional.none()</c>.</summary>
    private static Expr? MapOptional(ExprFactory f, CallExpr call, bool wraps)
    {
        if (call.Arguments[0] is not IdentExpr { Name: var name })
        {
            return Refuse(f, call.Arguments[0], $"{call.Function}() variable name must be a simple identifier");
        }

        var at = call.Position;
        var target = call.Target!;
        var mapped = Let(f, call, name, f.Method(at, target, "value"), call.Arguments[1]);
        var optional = f.Ident(at, "optional");
        return f.Call(at, Operators.Conditional, f.Method(at, target, "hasValue"),
            wraps ? f.Method(at, optional, "of", mapped) : mapped, f.Method(at, optional, "none"));
    }
}
