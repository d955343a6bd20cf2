using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>A part of an expression. It never changes; what is found out about it lies beside it, by its id.</summary>
/// <param name="id">Counts from 1 within one expression.</param>
/// <param name="position">The UTF-16 place in the text that messages about it point to.</param>
internal abstract class Expr(int id, int position)
{
    public int Id { get; } = id;

    public int Position { get; } = position;
}

internal sealed class ConstExpr(int id, int position, CelValue value) : Expr(id, position)
{
    public CelValue Value { get; } = value;
}

internal sealed class IdentExpr(int id, int position, string name) : Expr(id, position)
{
    /// <summary>With a leading dot it is looked for outside any container and any variable of a macro.</summary>
    public string Name { get; } = name;
}

internal sealed class SelectExpr(int id, int position, Expr operand, string field, bool isTest = false,
    bool isOptional = false)
    : Expr(id, position)
{
    public Expr Operand { get; } = operand;

    public string Field { get; } = field;

    /// <summary>Whether it only asks if the field is there: <c>has(operand.field)</c>.</summary>
    public bool IsTest { get; } = isTest;

    /// <summary>Written with <c>.?</c>: the result is an optional.</summary>
    public bool IsOptional { get; } = isOptional;
}

internal sealed class CallExpr(int id, int position, string function, Expr? target, Expr[] arguments)
    : Expr(id, position)
{
    public string Function { get; } = function;

    /// <summary>What a method is called on; null of a function.</summary>
    public Expr? Target { get; } = target;

    public Expr[] Arguments { get; } = arguments;
}

/// <param name="optional">Which of them are left out when they are absent; null when none is so written.</param>
internal sealed class ListExpr(int id, int position, Expr[] elements, bool[]? optional) : Expr(id, position)
{
    public Expr[] Elements { get; } = elements;

    public bool IsOptional(int index) => optional is not null && optional[index];
}

internal sealed record EntryExpr(int Id, int Position, Expr Key, Expr Value, bool IsOptional);

internal sealed class MapExpr(int id, int position, EntryExpr[] entries) : Expr(id, position)
{
    public EntryExpr[] Entries { get; } = entries;
}

internal sealed record FieldExpr(int Id, int Position, string Name, Expr Value, bool IsOptional);

internal sealed class StructExpr(int id, int position, string typeName, FieldExpr[] fields) : Expr(id, position)
{
    public string TypeName { get; } = typeName;

    public FieldExpr[] Fields { get; } = fields;
}

/// <summary>
/// What the macros over lists and maps become: a fold with a start, a condition, a step and a result.
/// </summary>
internal sealed class FoldExpr(int id, int position) : Expr(id, position)
{
    public required Expr Range { get; init; }

    public required string Variable { get; init; }

    /// <summary>The second variable: then the first is index or key. Null when there is one only.</summary>
    public string? SecondVariable { get; init; }

    public required string Accumulator { get; init; }

    public required Expr Start { get; init; }

    public required Expr Condition { get; init; }

    public required Expr Step { get; init; }

    public required Expr Result { get; init; }

    /// <summary>Whether it only names a value for use in the result.</summary>
    public bool IsBinding => Range is ListExpr { Elements.Length: 0 } && Accumulator != Operators.Accumulator;
}

/// <summary>The names that operators have as functions.</summary>
internal static class Operators
{
    /// <summary>The accumulator of macros; no expression can write it.</summary>
    public const string Accumulator = "@result";

    public const string Conditional = "_?_:_";
    public const string And = "_&&_";
    public const string Or = "_||_";
    public const string Not = "!_";
    public const string Negate = "-_";
    public const string Equal = "_==_";
    public const string NotEqual = "_!=_";
    public const string Less = "_<_";
    public const string LessOrEqual = "_<=_";
    public const string Greater = "_>_";
    public const string GreaterOrEqual = "_>=_";
    public const string Add = "_+_";
    public const string Subtract = "_-_";
    public const string Multiply = "_*_";
    public const string Divide = "_/_";
    public const string Modulo = "_%_";
    public const string Index = "_[_]";
    public const string OptionalIndex = "_[?_]";
    public const string In = "@in";
    public const string NotStrictlyFalse = "@not_strictly_false";

    /// <summary>As they are written, and how tightly they bind.</summary>
    public static readonly Dictionary<string, (string Text, int Strength)> Binary = new(StringComparer.Ordinal)
    {
        [Or] = ("||", 1),
        [And] = ("&&", 2),
        [Equal] = ("==", 3),
        [NotEqual] = ("!=", 3),
        [Less] = ("<", 3),
        [LessOrEqual] = ("<=", 3),
        [Greater] = (">", 3),
        [GreaterOrEqual] = (">=", 3),
        [In] = ("in", 3),
        [Add] = ("+", 4),
        [Subtract] = ("-", 4),
        [Multiply] = ("*", 5),
        [Divide] = ("/", 5),
        [Modulo] = ("%", 5),
    };
}
