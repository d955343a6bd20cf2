using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Evaluation;

/// <summary>What the operators compute. Arguments are no errors; results may be.</summary>
internal static class Arithmetic
{
    public static CelValue Add(in CelValue left, in CelValue right)
    {
        switch (left.Kind, right.Kind)
        {
            case (CelKind.Int, CelKind.Int):
                var sum = unchecked(left.AsInt + right.AsInt);
                return ((left.AsInt ^ sum) & (right.AsInt ^ sum)) < 0 ? CelError.IntegerOverflow : CelValue.Of(sum);
            case (CelKind.Uint, CelKind.Uint):
                var total = unchecked(left.AsUint + right.AsUint);
                return total < left.AsUint ? CelError.UnsignedOverflow : CelValue.Of(total);
            case (CelKind.Double, CelKind.Double):
                return CelValue.Of(left.AsDouble + right.AsDouble);
            case (CelKind.String, CelKind.String):
                return CelValue.Of(string.Concat(left.AsString, right.AsString));
            case (CelKind.Bytes, CelKind.Bytes):
                return CelValue.Of([.. left.AsBytes, .. right.AsBytes]);
            case (CelKind.List, CelKind.List):
                return CelValue.Of(ListSemantics.OfElements(left.AsList, right.AsList) is { } semantics
                    ? semantics.Join(left.AsList, right.AsList)
                    : JoinedList.Of(left.AsList, right.AsList));
            case (CelKind.Duration, CelKind.Duration):
                return Duration((Int128)left.AsNanoseconds + right.AsNanoseconds);
            case (CelKind.Timestamp, CelKind.Duration):
                return Moved(left.AsTimestamp, right.AsNanoseconds);
            case (CelKind.Duration, CelKind.Timestamp):
                return Moved(right.AsTimestamp, left.AsNanoseconds);
            default:
                return CelError.NoSuchOverload;
        }
    }

    public static CelValue Subtract(in CelValue left, in CelValue right)
    {
        switch (left.Kind, right.Kind)
        {
            case (CelKind.Int, CelKind.Int):
                var rest = unchecked(left.AsInt - right.AsInt);
                return ((left.AsInt ^ right.AsInt) & (left.AsInt ^ rest)) < 0 ? CelError.IntegerOverflow
                    : CelValue.Of(rest);
            case (CelKind.Uint, CelKind.Uint):
                return right.AsUint > left.AsUint ? CelError.UnsignedOverflow : CelValue.Of(left.AsUint - right.AsUint);
            case (CelKind.Double, CelKind.Double):
                return CelValue.Of(left.AsDouble - right.AsDouble);
            case (CelKind.Duration, CelKind.Duration):
                return Duration((Int128)left.AsNanoseconds - right.AsNanoseconds);
            case (CelKind.Timestamp, CelKind.Duration) when right.AsNanoseconds != long.MinValue:
                return Moved(left.AsTimestamp, -right.AsNanoseconds);
            case (CelKind.Timestamp, CelKind.Timestamp):
                return left.AsTimestamp.TrySubtract(right.AsTimestamp, out var difference)
                    ? CelValue.OfDuration(difference)
                    : CelError.IntegerOverflow;
            default:
                return CelError.NoSuchOverload;
        }
    }

    public static CelValue Multiply(in CelValue left, in CelValue right)
    {
        switch (left.Kind, right.Kind)
        {
            case (CelKind.Int, CelKind.Int):
                var high = Math.BigMul(left.AsInt, right.AsInt, out var product);
                return high != product >> 63 ? CelError.IntegerOverflow : CelValue.Of(product);
            case (CelKind.Uint, CelKind.Uint):
                return Math.BigMul(left.AsUint, right.AsUint, out var low) != 0 ? CelError.UnsignedOverflow
                    : CelValue.Of(low);
            case (CelKind.Double, CelKind.Double):
                return CelValue.Of(left.AsDouble * right.AsDouble);
            default:
                return CelError.NoSuchOverload;
        }
    }

    public static CelValue Divide(in CelValue left, in CelValue right) => (left.Kind, right.Kind) switch
    {
        (CelKind.Int, CelKind.Int) => right.AsInt == 0 ? CelError.DivisionByZero
            : right.AsInt == -1 && left.AsInt == long.MinValue ? CelError.IntegerOverflow
            : CelValue.Of(left.AsInt / right.AsInt),
        (CelKind.Uint, CelKind.Uint) =>
            right.AsUint == 0 ? CelError.DivisionByZero : CelValue.Of(left.AsUint / right.AsUint),
        (CelKind.Double, CelKind.Double) => CelValue.Of(left.AsDouble / right.AsDouble),
        _ => CelError.NoSuchOverload,
    };

    public static CelValue Modulo(in CelValue left, in CelValue right) => (left.Kind, right.Kind) switch
    {
        (CelKind.Int, CelKind.Int) => right.AsInt == 0 ? CelError.ModulusByZero
            : right.AsInt == -1 ? left.AsInt == long.MinValue ? CelError.IntegerOverflow : CelValue.Of(0)
            : CelValue.Of(left.AsInt % right.AsInt),
        (CelKind.Uint, CelKind.Uint) =>
            right.AsUint == 0 ? CelError.ModulusByZero : CelValue.Of(left.AsUint % right.AsUint),
        _ => CelError.NoSuchOverload,
    };

    public static CelValue Negate(in CelValue value) => value.Kind switch
    {
        CelKind.Int => value.AsInt == long.MinValue ? CelError.IntegerOverflow : CelValue.Of(-value.AsInt),
        CelKind.Double => CelValue.Of(-value.AsDouble),
        CelKind.Duration when value.AsNanoseconds != long.MinValue => CelValue.OfDuration(-value.AsNanoseconds),
        _ => CelError.NoSuchOverload,
    };

    public static CelValue Not(in CelValue value) =>
        value.Kind == CelKind.Bool ? CelValue.Of(!value.IsTrue) : CelError.NoSuchOverload;

    public static CelValue Less(in CelValue left, in CelValue right) => Ordered(left, right, static c => c < 0);

    public static CelValue LessOrEqual(in CelValue left, in CelValue right) => Ordered(left, right, static c => c <= 0);

    public static CelValue Greater(in CelValue left, in CelValue right) => Ordered(left, right, static c => c > 0);

    public static CelValue GreaterOrEqual(in CelValue left, in CelValue right) =>
        Ordered(left, right, static c => c >= 0);

    private static CelValue Ordered(in CelValue left, in CelValue right, Func<int, bool> holds)
    {
        if (CelEquality.Compare(left, right) is { } order)
        {
            return CelValue.Of(holds(order));
        }

        // What is not a number has no order with any.
        return left.IsNumber && right.IsNumber ? CelValue.False : CelError.NoSuchOverload;
    }

    public static CelValue In(in CelValue element, in CelValue container)
    {
        if (container.Kind == CelKind.Map)
        {
            return CelValue.Of(container.AsMap.Contains(element));
        }

        if (container.Kind != CelKind.List)
        {
            return CelError.NoSuchOverload;
        }

        var list = container.AsList;
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i].Equals(element))
            {
                return CelValue.True;
            }
        }

        return CelValue.False;
    }

    public static CelValue Index(in CelValue container, in CelValue index)
    {
        switch (container.Kind)
        {
            case CelKind.Map:
                return IsKey(index.Kind) ? container.AsMap.TryGet(index, out var found) ? found
                    : CelError.NoSuchKey(index)
                    : CelValue.OfError($"unsupported key type: {index.Type.Name}");
            case CelKind.List:
                if (WholeNumber(index) is not { } place)
                {
                    return CelValue.OfError($"unsupported index type '{index.Type.Name}' in list");
                }

                var list = container.AsList;
                return place >= 0 && place < list.Count
                    ? list[(int)place]
                    : CelValue.OfError($"index out of bounds: {place}");
            case CelKind.Opaque when container.AsOpaque is CelOptional optional:
                return optional.HasValue ? OptionalIndex(optional.Value, index) : container;
            default:
                return CelError.NoSuchOverload;
        }
    }

    /// <summary>What is there as an optional; nothing where nothing is.</summary>
    public static CelValue OptionalIndex(in CelValue container, in CelValue index)
    {
        if (container.Kind == CelKind.Opaque && container.AsOpaque is CelOptional optional)
        {
            return optional.HasValue ? OptionalIndex(optional.Value, index) : container;
        }

        if (container.Kind == CelKind.Map)
        {
            return container.AsMap.TryGet(index, out var found) ? Some(found) : CelValue.Of(CelOptional.None);
        }

        return container.Kind == CelKind.List && WholeNumber(index) is { } place
            ? place >= 0 && place < container.AsList.Count
                ? Some(container.AsList[(int)place])
                : CelValue.Of(CelOptional.None)
            : CelError.NoSuchOverload;
    }

    public static CelValue Some(in CelValue value) => value.IsError ? value : CelValue.Of(CelOptional.Of(value));

    public static bool IsKey(CelKind kind) =>
        kind is CelKind.String or CelKind.Int or CelKind.Uint or CelKind.Bool or CelKind.Double;

    private static long? WholeNumber(in CelValue index) => index.Kind switch
    {
        CelKind.Int => index.AsInt,
        CelKind.Uint => index.AsUint <= long.MaxValue ? (long)index.AsUint : -1,
        CelKind.Double when index.AsDouble == Math.Floor(index.AsDouble) && Math.Abs(index.AsDouble) < 1e18 =>
            (long)index.AsDouble,
        _ => null,
    };

    private static CelValue Duration(Int128 nanoseconds) =>
        nanoseconds == (long)nanoseconds ? CelValue.OfDuration((long)nanoseconds) : CelError.IntegerOverflow;

    private static CelValue Moved(CelTimestamp moment, long nanoseconds) =>
        moment.TryAdd(nanoseconds, out var sum) ? CelValue.Of(sum) : CelError.TimestampOverflow;
}
