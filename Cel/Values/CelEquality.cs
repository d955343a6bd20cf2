namespace OrleansOrchestrator.Cel.Values;

/// <summary>Which values are equal, which come first.</summary>
internal static class CelEquality
{
    private const double TwoTo63 = 9223372036854775808.0;
    private const double TwoTo64 = 18446744073709551616.0;

    /// <summary>Containers nested deeper are compared no further: data that a parser bounds never gets there.</summary>
    private const int MaxDepth = 1000;

    public static bool AreEqual(in CelValue left, in CelValue right) => AreEqual(left, right, 0);

    /// <summary>What lies between two numbers, texts and so on; null when they have no order.</summary>
    public static int? Compare(in CelValue left, in CelValue right)
    {
        if (left.IsNumber && right.IsNumber)
        {
            return CompareNumbers(left, right);
        }

        if (left.Kind != right.Kind)
        {
            return null;
        }

        return left.Kind switch
        {
            CelKind.String => CompareText(left.AsString, right.AsString),
            CelKind.Bool => left.AsInt.CompareTo(right.AsInt),
            CelKind.Bytes => left.AsBytes.AsSpan().SequenceCompareTo(right.AsBytes),
            CelKind.Timestamp => left.AsTimestamp.CompareTo(right.AsTimestamp),
            CelKind.Duration => left.AsNanoseconds.CompareTo(right.AsNanoseconds),
            _ => null,
        };
    }

    public static int Hash(in CelValue value)
    {
        switch (value.Kind)
        {
            case CelKind.Int:
                return HashOf(value.AsInt);
            case CelKind.Uint:
                return HashOf(value.AsUint);
            case CelKind.Double:
                return HashOf(value.AsDouble);
            case CelKind.Bool:
                return value.IsTrue ? 1 : 2;
            case CelKind.String:
                return value.AsString.GetHashCode(StringComparison.Ordinal);
            case CelKind.Bytes:
                var hash = default(HashCode);
                hash.AddBytes(value.AsBytes);
                return hash.ToHashCode();
            case CelKind.Timestamp:
                return value.AsTimestamp.GetHashCode();
            case CelKind.Duration:
                return value.AsNanoseconds.GetHashCode();
            case CelKind.Type:
                return value.AsType.Name.GetHashCode(StringComparison.Ordinal);
            case CelKind.Opaque:
                return value.AsOpaque.GetHashCode();
            case CelKind.List:
                return value.AsList.Count;
            case CelKind.Map:
                return value.AsMap.Count;
            default:
                return 0;
        }
    }

    /// <summary>Numbers that are equal have one, whatever their type; both zeros are one number.</summary>
    private static int HashOf(double number) => number == 0 ? 0 : number.GetHashCode();

    private static bool AreEqual(in CelValue left, in CelValue right, int depth)
    {
        if (left.Kind != right.Kind)
        {
            return left.IsNumber && right.IsNumber && CompareNumbers(left, right) == 0;
        }

        return left.Kind switch
        {
            CelKind.Null => true,
            CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.Duration => left.AsInt == right.AsInt,
            CelKind.Double => left.AsDouble == right.AsDouble,
            CelKind.String => string.Equals(left.AsString, right.AsString, StringComparison.Ordinal),
            CelKind.Bytes => left.AsBytes.AsSpan().SequenceEqual(right.AsBytes),
            CelKind.Timestamp => left.AsTimestamp == right.AsTimestamp,
            CelKind.List => depth < MaxDepth && SameList(left.AsList, right.AsList, depth + 1),
            CelKind.Map => depth < MaxDepth && SameMap(left.AsMap, right.AsMap, depth + 1),
            CelKind.Type => left.AsType.Name == right.AsType.Name,
            CelKind.Opaque => left.AsOpaque.Equals(right.AsOpaque),
            _ => false,
        };
    }

    private static bool SameList(CelList left, CelList right, int depth)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        if (ListSemantics.OfElements(left, right) is { } semantics)
        {
            return semantics.AreEqual(left, right);
        }

        for (var i = 0; i < left.Count; i++)
        {
            if (!AreEqual(left[i], right[i], depth))
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameMap(CelMap left, CelMap right, int depth)
    {
        if (left.Size != right.Size || (left is CelObject or CelObject && left.Type.Name != right.Type.Name))
        {
            return false;
        }

        foreach (var (key, value) in left)
        {
            if (!right.TryGet(key, out var other) || !AreEqual(value, other, depth))
            {
                return false;
            }
        }

        return left.HidesTheSame(right);
    }

    /// <summary>By code points, as bytes of UTF-8 sort, which differs from UTF-16 beyond the basic plane.</summary>
    private static int CompareText(string left, string right)
    {
        var length = Math.Min(left.Length, right.Length);
        for (var i = 0; i < length; i++)
        {
            var (a, b) = (left[i], right[i]);
            if (a != b)
            {
                return char.IsSurrogate(a) != char.IsSurrogate(b) ? (char.IsSurrogate(a) ? 1 : -1) : a.CompareTo(b);
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    /// <summary>Null when one is not a number.</summary>
    private static int? CompareNumbers(in CelValue left, in CelValue right) => (left.Kind, right.Kind) switch
    {
        (CelKind.Int, CelKind.Int) => left.AsInt.CompareTo(right.AsInt),
        (CelKind.Uint, CelKind.Uint) => left.AsUint.CompareTo(right.AsUint),
        (CelKind.Int, CelKind.Uint) => left.AsInt < 0 ? -1 : ((ulong)left.AsInt).CompareTo(right.AsUint),
        (CelKind.Uint, CelKind.Int) => right.AsInt < 0 ? 1 : left.AsUint.CompareTo((ulong)right.AsInt),
        (CelKind.Double, CelKind.Double) => Doubles(left.AsDouble, right.AsDouble),
        (CelKind.Int, CelKind.Double) => -IntBelow(right.AsDouble, left.AsInt),
        (CelKind.Double, CelKind.Int) => IntBelow(left.AsDouble, right.AsInt),
        (CelKind.Uint, CelKind.Double) => -UintBelow(right.AsDouble, left.AsUint),
        _ => UintBelow(left.AsDouble, right.AsUint),
    };

    private static int? Doubles(double left, double right) =>
        double.IsNaN(left) || double.IsNaN(right) ? null : left < right ? -1 : left > right ? 1 : 0;

    /// <summary>How a double lies to an integer; within the range of integers they are compared as doubles.</summary>
    private static int? IntBelow(double number, long other) =>
        number < -TwoTo63 ? -1 : number > TwoTo63 ? 1 : Doubles(number, other);

    private static int? UintBelow(double number, ulong other) =>
        number < 0 ? -1 : number > TwoTo64 ? 1 : Doubles(number, other);
}
