using System.Numerics;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Tests;

/// <summary>
/// Computes what <see cref="RandomExpressions"/> writes straight from the tree, in numbers without bounds, which are
/// checked at the end of each step. Null is any error.
/// </summary>
internal sealed class NaiveInterpreter(IReadOnlyDictionary<string, CelValue> variables)
{
    private Dictionary<string, CelValue?> _locals = [];

    public CelValue? Run(Expr expression) => expression switch
    {
        ConstExpr c => c.Value,
        IdentExpr i => _locals.TryGetValue(i.Name, out var local) ? local : variables[i.Name],
        SelectExpr s => Select(s),
        ListExpr l => All(l.Elements) is { } elements ? CelValue.Of(CelList.Of(elements)) : null,
        MapExpr m => m.Entries.Length == 0 ? CelValue.Of(CelMap.Empty)
            : Run(m.Entries[0].Value) is { } held ? CelValue.Of(CelMap.Of(("k", held))) : null,
        FoldExpr f => Fold(f),
        CallExpr c => Call(c),
        _ => throw new InvalidOperationException(),
    };

    private CelValue[]? All(Expr[] expressions)
    {
        var values = expressions.Select(Run).ToList();
        return values.Contains(null) ? null : [.. values.Select(static v => v!.Value)];
    }

    private CelValue? Select(SelectExpr select) => Run(select.Operand) switch
    {
        { Kind: CelKind.Map } map => select.IsTest ? CelValue.Of(map.AsMap.TryGetField(select.Field, out _))
            : map.AsMap.TryGetField(select.Field, out var value) ? value : null,
        _ => null,
    };

    private CelValue? Fold(FoldExpr fold)
    {
        if (Run(fold.Range) is not { Kind: CelKind.List } list)
        {
            return null;
        }

        // Folds inside use the same names.
        var outer = new Dictionary<string, CelValue?>(_locals);
        var collected = Run(fold.Start);
        foreach (var element in list.AsList)
        {
            (_locals[fold.Variable], _locals[fold.Accumulator]) = (element, collected);
            if (Run(fold.Condition) is { IsTrue: false })
            {
                break;
            }

            collected = Run(fold.Step);
        }

        _locals[fold.Accumulator] = collected;
        var result = Run(fold.Result);
        _locals = outer;
        return result;
    }

    private CelValue? Call(CallExpr call)
    {
        Expr[] parts = call.Target is null ? call.Arguments : [call.Target, .. call.Arguments];
        switch (call.Function)
        {
            case Operators.And or Operators.Or:
                return Logic(Run(parts[0]), Run(parts[1]), call.Function == Operators.Or);
            case Operators.Conditional:
                return Run(parts[0]) is { Kind: CelKind.Bool } chosen ? Run(parts[chosen.IsTrue ? 1 : 2]) : null;
            case Operators.NotStrictlyFalse:
                return CelValue.Of(Run(parts[0]) is not { IsFalse: true });
        }

        if (All(parts) is not { } values)
        {
            return null;
        }

        return values.Length == 1 ? Unary(call.Function, values[0]) : Binary(call.Function, values[0], values[1]);
    }

    private static CelValue? Logic(CelValue? left, CelValue? right, bool settles) =>
        left is { Kind: CelKind.Bool } && left.Value.IsTrue == settles ? left
        : right is { Kind: CelKind.Bool } && right.Value.IsTrue == settles ? right
        : left is { Kind: CelKind.Bool } && right is { Kind: CelKind.Bool } ? right
        : null;

    private static CelValue? Unary(string function, CelValue value) => (function, value.Kind) switch
    {
        (Operators.Not, CelKind.Bool) => CelValue.Of(!value.IsTrue),
        (Operators.Negate, CelKind.Int) => Int(-(BigInteger)value.AsInt),
        (Operators.Negate, CelKind.Double) => CelValue.Of(-value.AsDouble),
        ("dyn", _) => value,
        ("size", CelKind.List) => CelValue.Of((long)value.AsList.Count),
        ("size", CelKind.String) => CelValue.Of((long)value.AsString.EnumerateRunes().Count()),
        _ => null,
    };

    private static CelValue? Binary(string function, CelValue left, CelValue right)
    {
        switch (function)
        {
            case Operators.Equal:
                return CelValue.Of(left.Equals(right));
            case Operators.NotEqual:
                return CelValue.Of(!left.Equals(right));
            case Operators.In:
                return right.Kind switch
                {
                    CelKind.List => CelValue.Of(right.AsList.Contains(left)),
                    CelKind.Map => CelValue.Of(right.AsMap.Any(e => e.Key.Equals(left))),
                    _ => null,
                };
            case Operators.Index:
                return left.Kind == CelKind.List && right.Kind == CelKind.Int && right.AsInt >= 0
                    && right.AsInt < left.AsList.Count ? left.AsList[(int)right.AsInt] : null;
            case Operators.Less or Operators.LessOrEqual or Operators.Greater or Operators.GreaterOrEqual:
                return Ordered(function, left, right);
            default:
                return Computed(function, left, right);
        }
    }

    private static CelValue? Ordered(string function, CelValue left, CelValue right)
    {
        int? order = (left.Kind, right.Kind) switch
        {
            (CelKind.String, CelKind.String) => string.CompareOrdinal(left.AsString, right.AsString),
            (CelKind.Bool, CelKind.Bool) => left.IsTrue.CompareTo(right.IsTrue),
            _ when Number(left) is { } a && Number(right) is { } b => a.CompareTo(b),
            _ => null,
        };
        return order is not { } o ? null : CelValue.Of(function switch
        {
            Operators.Less => o < 0,
            Operators.LessOrEqual => o <= 0,
            Operators.Greater => o > 0,
            _ => o >= 0,
        });
    }

    private static double? Number(CelValue value) => value.Kind switch
    {
        CelKind.Int => value.AsInt,
        CelKind.Uint => value.AsUint,
        CelKind.Double => value.AsDouble,
        _ => null,
    };

    private static CelValue? Computed(string function, CelValue left, CelValue right)
    {
        if (left.Kind != right.Kind)
        {
            return null;
        }

        return left.Kind switch
        {
            CelKind.Int => Whole(function, left.AsInt, right.AsInt) is { } whole ? Int(whole) : null,
            CelKind.Uint => Whole(function, left.AsUint, right.AsUint) is { } size && size >= 0
                && size <= ulong.MaxValue
                ? CelValue.Of((ulong)size) : null,
            CelKind.Double => function switch
            {
                Operators.Add => CelValue.Of(left.AsDouble + right.AsDouble),
                Operators.Subtract => CelValue.Of(left.AsDouble - right.AsDouble),
                Operators.Multiply => CelValue.Of(left.AsDouble * right.AsDouble),
                Operators.Divide => CelValue.Of(left.AsDouble / right.AsDouble),
                _ => null,
            },
            CelKind.String when function == Operators.Add => CelValue.Of(left.AsString + right.AsString),
            CelKind.List when function == Operators.Add => CelValue.Of(CelList.Of([.. left.AsList, .. right.AsList])),
            _ => null,
        };
    }

    private static BigInteger? Whole(string function, BigInteger left, BigInteger right) => function switch
    {
        Operators.Add => left + right,
        Operators.Subtract => left - right,
        Operators.Multiply => left * right,
        Operators.Divide when right != 0 => BigInteger.Divide(left, right),
        // What upstream refuses: the remainder of the smallest number by -1 would overflow on the way.
        Operators.Modulo when right != 0 && !(left == long.MinValue && right == -1) =>
            BigInteger.Remainder(left, right),
        _ => null,
    };

    private static CelValue? Int(BigInteger number) =>
        number >= long.MinValue && number <= long.MaxValue ? CelValue.Of((long)number) : null;
}
