using OrleansOrchestrator.Cel.Evaluation;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>What lists can do beyond the language.</summary>
internal static class ListLibrary
{
    /// <summary>As upstream bounds it.</summary>
    private const long MaxRange = 10_000_000;

    private static readonly string[] Ordered =
        ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"];

    private static readonly string[] Summed = ["int", "uint", "double", "duration"];

    /// <summary>Kubernetes' own.</summary>
    public static CelLibrary Kubernetes { get; } = new()
    {
        Functions =
        [
            CelFunction.Of("isSorted", Each(Ordered, "is_sorted", "list({0}).() bool", IsSorted)),
            CelFunction.Of("sum", Each(Summed, "sum", "list({0}).() {0}", Sum)),
            CelFunction.Of("max", Each(Ordered, "max", "list({0}).() {0}", static a => Extreme(a, "max", 1))),
            CelFunction.Of("min", Each(Ordered, "min", "list({0}).() {0}", static a => Extreme(a, "min", -1))),
            CelFunction.Of("indexOf", ("list_a_index_of_int", "list(A).(A) int", static a =>
            {
                var list = a[0].AsList;
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i].Equals(a[1]))
                    {
                        return CelValue.Of((long)i);
                    }
                }

                return CelValue.Of(-1);
            })),
            CelFunction.Of("lastIndexOf", ("list_a_last_index_of_int", "list(A).(A) int", static a =>
            {
                var list = a[0].AsList;
                var at = list.Count - 1;
                while (at >= 0 && !list[at].Equals(a[1]))
                {
                    at--;
                }

                return CelValue.Of((long)at);
            })),
        ],
    };

    /// <summary>The language's extension, of version 3.</summary>
    public static CelLibrary Extended { get; } = new()
    {
        Macros = [new("sortBy", true, 2, SortBy)],
        Functions =
        [
            CelFunction.Of("slice", ("list_slice", "list(T).(int, int) list(T)", Slice)),
            CelFunction.Of("flatten",
                ("list_flatten", "list(list(T)).() list(T)", static a => Flattened(a[0].AsList, 1)),
                ("list_flatten_int", "list(dyn).(int) list(dyn)", static a => a[1].AsInt < 0
                    ? CelValue.OfError("level must be non-negative")
                    : Flattened(a[0].AsList, a[1].AsInt))),
            CelFunction.Of("sort", Each(Ordered, "sort", "list({0}).() list({0})", static a =>
                Sorted(a[0].AsList, a[0].AsList))),
            CelFunction.Of("@sortByAssociatedKeys", Each(Ordered, "sortByAssociatedKeys", "list(T).(list({0})) list(T)",
                static a => Sorted(a[0].AsList, a[1].AsList))),
            CelFunction.Of("lists.range", ("lists_range", "(int) list(int)", Range)),
            CelFunction.Of("reverse", ("list_reverse", "list(T).() list(T)", static a =>
                CelValue.Of(CelList.Of([.. a[0].AsList.Reverse()])))),
            CelFunction.Of("distinct", ("list_distinct", "list(T).() list(T)", static a =>
                CelValue.Of(CelList.Of([.. a[0].AsList.Distinct()])))),
        ],
    };

    private static (string, string, CelFunctionBody)[] Each(
        string[] types, string id, string signature, CelFunctionBody body) =>
        [.. types.Select(t => ($"list_{t}_{id}", signature.Replace("{0}", t, StringComparison.Ordinal), body))];

    private static CelValue IsSorted(ReadOnlySpan<CelValue> a)
    {
        var list = a[0].AsList;
        for (var i = 1; i < list.Count; i++)
        {
            if (CelEquality.Compare(list[i - 1], list[i]) is not { } order)
            {
                return CelError.NoSuchOverload;
            }

            if (order > 0)
            {
                return CelValue.False;
            }
        }

        return CelValue.True;
    }

    private static CelValue Sum(ReadOnlySpan<CelValue> a)
    {
        var list = a[0].AsList;
        if (list.Count == 0)
        {
            return CelValue.Of(0);
        }

        var sum = list[0];
        for (var i = 1; i < list.Count && !sum.IsError; i++)
        {
            sum = Arithmetic.Add(sum, list[i]);
        }

        return sum;
    }

    private static CelValue Extreme(ReadOnlySpan<CelValue> a, string name, int sign)
    {
        var list = a[0].AsList;
        if (list.Count == 0)
        {
            return CelValue.OfError($"{name} called on empty list");
        }

        var found = list[0];
        for (var i = 1; i < list.Count; i++)
        {
            if (CelEquality.Compare(list[i], found) is not { } order)
            {
                return CelError.NoSuchOverload;
            }

            found = order * sign > 0 ? list[i] : found;
        }

        return found;
    }

    private static CelValue Slice(ReadOnlySpan<CelValue> a)
    {
        var (list, start, end) = (a[0].AsList, a[1].AsInt, a[2].AsInt);
        return start < 0 || end < 0 ? CelValue.OfError($"cannot slice({start}, {end}), negative indexes not supported")
            : start > end ? CelValue.OfError(
                $"cannot slice({start}, {end}), start index must be less than or equal to end index")
            : end > list.Count ? CelValue.OfError($"cannot slice({start}, {end}), list is length {list.Count}")
            : CelValue.Of(CelList.Of([.. list.Skip((int)start).Take((int)(end - start))]));
    }

    private static CelValue Flattened(CelList list, long depth)
    {
        var flat = new GrowingList();
        Flatten(list, depth, flat);
        return CelValue.Of(flat);
    }

    private static void Flatten(CelList list, long depth, GrowingList flat)
    {
        foreach (var element in list)
        {
            if (element.Kind == CelKind.List && depth > 0)
            {
                Flatten(element.AsList, depth - 1, flat);
            }
            else
            {
                flat.Add(element);
            }
        }
    }

    private static CelValue Sorted(CelList list, CelList keys)
    {
        if (list.Count != keys.Count)
        {
            return CelValue.OfError(
                "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, "
                + $"but got {list.Count} and {keys.Count} elements respectively");
        }

        if (keys.Any(k => k.Kind != keys[0].Kind))
        {
            return CelValue.OfError("list elements must have the same type");
        }

        if (keys.Count > 0 && CelEquality.Compare(keys[0], keys[0]) is null && keys[0].Kind != CelKind.Double)
        {
            return CelValue.OfError("list elements must be comparable");
        }

        var order = Enumerable.Range(0, keys.Count)
            .OrderBy(i => keys[i], Comparer<CelValue>.Create(static (x, y) => CelEquality.Compare(x, y) ?? 0));
        return CelValue.Of(CelList.Of([.. order.Select(i => list[i])]));
    }

    private static CelValue Range(ReadOnlySpan<CelValue> a)
    {
        var count = a[0].AsInt;
        return count < 0 ? CelValue.OfError($"lists.range: size must be non-negative, got {count}")
            : count > MaxRange ? CelValue.OfError($"lists.range: size {count} exceeds maximum allowed ({MaxRange})")
            : CelValue.Of(new RangeList((int)count));
    }

    /// <summary><c>list.@sortByAssociatedKeys(list.map(name, key))</c>, with the list bound to a name.</summary>
    private static Expr? SortBy(ExprFactory f, CallExpr call)
    {
        const string Bound = "@__sortBy_input__";
        if (call.Target is not (ListExpr or IdentExpr or SelectExpr or CallExpr or FoldExpr))
        {
            f.Issues.Add(call.Target!.Position,
                "sortBy can only be applied to a list, identifier, comprehension, call or select expression");
            return null;
        }

        if (call.Arguments[0] is not IdentExpr { Name: var name })
        {
            f.Issues.Add(call.Arguments[0].Position, "argument is not an identifier");
            return null;
        }

        var at = call.Position;
        var input = f.Ident(at, Bound);
        var keys = new FoldExpr(f.NextId(), at)
        {
            Range = input,
            Variable = name,
            Accumulator = Operators.Accumulator,
            Start = f.List(at),
            Condition = f.Const(at, CelValue.True),
            Step = f.Call(at, Operators.Add, f.Ident(at, Operators.Accumulator), f.List(at, call.Arguments[1])),
            Result = f.Ident(at, Operators.Accumulator),
        };
        return new FoldExpr(f.NextId(), at)
        {
            Range = f.List(at),
            Variable = "#unused",
            Accumulator = Bound,
            Start = call.Target,
            Condition = f.Const(at, CelValue.False),
            Step = f.Ident(at, Bound),
            Result = f.Method(at, input, "@sortByAssociatedKeys", keys),
        };
    }

    private sealed class RangeList(int count) : CelList
    {
        public override int Count => count;

        public override CelValue this[int index] => CelValue.Of((long)index);
    }
}
