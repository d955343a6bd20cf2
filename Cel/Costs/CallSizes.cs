using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Costs;

/// <summary>What a call can cost, from how large its inputs can be, without what the inputs themselves cost.</summary>
internal readonly struct CallSizes(CostEstimator sizes, Expr? target, Expr[] arguments)
{
    /// <summary>The longest name of a format, in characters.</summary>
    private const ulong MaxFormatName = 64;

    public readonly record struct Estimate(CelCost Cost, CelCost? Size = null);

    /// <summary>Null when the call costs one and the size of what it gives is not known.</summary>
    public Estimate? Of(string function, string overload) => overload switch
    {
        "starts_with_string" or "ends_with_string" when arguments.Length == 1 => new(Text(Argument(0))),
        "string_to_bytes" => new(Text(Argument(0)), new CelCost(Argument(0).Min, CelCost.Product(Argument(0).Max, 4))),
        "bytes_to_string" => new(Text(Argument(0)), new CelCost(Argument(0).Min / 4, Argument(0).Max)),
        "string_format" => new(Text(Target())),
        "strings_quote" => new(Text(Argument(0)), OfQuoted(Argument(0))),
        "in_list" => new(Argument(1)),
        "matches_string" or "matches" => OfPattern(),
        "contains_string" => new(Text(Target()) * Text(Argument(0))),
        "equals" when OfEquality() is { } equality => new(equality),
        "equals" or "not_equals" or "less_string" or "less_bytes" or "less_equals_string" or "less_equals_bytes"
            or "greater_string" or "greater_bytes" or "greater_equals_string" or "greater_equals_bytes" =>
                OfComparison(),
        "cidr_ip" => new(CelCost.Of(1)),
        _ => OfFunction(function, overload),
    };

    private Estimate? OfFunction(string function, string overload) => function switch
    {
        "check" => new(CelCost.Of(CallCosts.Authorization)),
        "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" when target is not null => OfTraversal(),
        "url" or "jsonpatch.escapeKey" => new(Text(Argument(0)), Argument(0)),
        "fieldSelector" or "labelSelector" => new(OfSelector(Argument(0))),
        "lowerAscii" or "upperAscii" or "substring" or "trim" when target is not null => new(Text(Target()), Target()),
        "replace" when arguments.Length >= 2 => OfReplace(),
        "split" when target is not null => OfSplit(),
        "join" when target is not null => OfJoin(),
        "find" or "findAll" => OfPattern() is var found ? found with { Size = new CelCost(0, Target().Max) } : null,
        "cidr" or "isIP" or "isCIDR" or "ip" or "quantity" or "isQuantity" or "semver" or "isSemver"
            when arguments.Length > 0 => new(Text(Argument(0))),
        "ip.isCanonical" => new(Argument(0).Times(2 * CallCosts.PerCharacter)),
        "validate" => new(Text(Argument(0)).Times(CallCosts.MaxFormatPattern * CallCosts.PerPatternCharacter)),
        "containsIP" => new(OfAddresses(0, overload == "cidr_contains_ip_string")),
        "containsCIDR" => new(OfAddresses(1, overload == "cidr_contains_cidr_string")),
        "slice" => OfList(1, CelCost.Of(unchecked(Written(1, Target().Max) - Written(0, 0)))),
        "reverse" => OfList(1, Target()),
        "flatten" => OfList(arguments.Length == 0 ? 1 : Written(0, ulong.MaxValue), Target()),
        "distinct" => OfList(CallCosts.PerPair, Target() * Target()),
        "sort" => OfOrdering(overload, Target()),
        "@sortByAssociatedKeys" => OfOrdering(overload, Argument(0)),
        "lists.range" => OfList(1, CelCost.Of(Written(0, ulong.MaxValue))),
        "sets.contains" or "sets.intersects" => new((Argument(0) * Argument(1)) + CelCost.Of(1)),
        "sets.equivalent" => new((Argument(0) * Argument(1)).Times(2) + CelCost.Of(1)),
        _ => null,
    };

    private CelCost Target() => target is null ? sizes.SizeOrUnknown(arguments[0]) : sizes.SizeOrUnknown(target);

    private CelCost Argument(int index) => sizes.SizeOrUnknown(arguments[index]);

    private static CelCost Text(CelCost size) => size.Times(CallCosts.PerCharacter);

    /// <summary>Between two texts, each character may have got a backslash.</summary>
    private static CelCost OfQuoted(CelCost size) =>
        new(CelCost.Sum(size.Min, 2), CelCost.Sum(CelCost.Product(size.Max, 2), 2));

    private static CelCost OfSelector(CelCost length) => CelCost.Of(CallCosts.ListCreation) + Text(length)
        + length.Times(CallCosts.RequirementsPerCharacter).Times(CallCosts.PerRequirement);

    /// <summary>
    /// Of comparing values of one of Kubernetes' own types; null of others. Of formats it is by their names, of URLs by
    /// the one on the right, when its text is known.
    /// </summary>
    private CelCost? OfEquality()
    {
        var type = sizes.TypeOf(arguments[0]);
        if (type.Kind != CelTypeKind.Opaque || type.IsOptional || !type.Equals(sizes.TypeOf(arguments[1])))
        {
            return null;
        }

        return type.Name switch
        {
            "kubernetes.NamedFormat" => Text(new CelCost(1, MaxFormatName)),
            "kubernetes.URL" => Text(new CelCost(1, sizes.KnownSizeOf(arguments[1])?.Max ?? 1)),
            _ => CelCost.Of(1),
        };
    }

    private Estimate OfComparison()
    {
        var most = Math.Min(Argument(0).Max, Argument(1).Max);
        return new(Text(new CelCost(most > 0 ? 1UL : 0, most)));
    }

    private Estimate OfPattern()
    {
        var pattern = sizes.SizeOrUnknown(target is null ? arguments[1] : arguments[0]);
        return new(Text(Target() + CelCost.Of(1)) * pattern.Times(CallCosts.PerPatternCharacter));
    }

    private Estimate OfTraversal()
    {
        var list = sizes.TypeOf(target!);
        if (list.Parameters.Count == 0)
        {
            return new(Text(Target()));
        }

        var element = list.Parameters[0].Kind is CelTypeKind.String or CelTypeKind.Bytes
            ? CelCost.Of(1) + Text(ElementSize())
            : CelCost.Of(1);
        return new(Target() * element);
    }

    private CelCost ElementSize() => sizes.PathOf(target!) is { Length: > 0 } path
        && sizes.SizeAt([.. path, "@items"]) is { } known ? known : CelCost.Unknown;

    /// <summary>The longest result replaces the smallest parts by the largest, the shortest the other way.</summary>
    private Estimate OfReplace()
    {
        var (text, from, to) = (Target(), Argument(0), Argument(1));
        var (mostCount, mostKept) = from.Min == 0 ? (CelCost.Sum(text.Max, 1), text.Max)
            : to.Max <= from.Min ? (0UL, text.Max)
            : ((ulong)Math.Ceiling((double)text.Max / from.Min), 0UL);
        var (leastCount, leastKept) = from.Max == 0 ? (CelCost.Sum(text.Min, 1), text.Min)
            : from.Max <= to.Min ? (0UL, text.Min)
            : ((ulong)Math.Ceiling((double)text.Min / from.Max), 0UL);
        var size = (new CelCost(leastCount, mostCount) * to) + new CelCost(leastKept, mostKept);
        return new(text.Times(2 * CallCosts.PerCharacter), size);
    }

    private Estimate OfSplit()
    {
        var most = arguments is [_, ConstExpr { Value: { Kind: CelKind.Int, AsInt: >= 0 and var limit } }]
            ? (ulong)limit
            : Target().Max;
        return new(Target().Times(2 * CallCosts.PerCharacter), new CelCost(0, most));
    }

    private Estimate OfJoin()
    {
        var list = Target();
        var size = sizes.TypeOf(target!).Parameters.Count > 0 ? list * ElementSize() : default;
        if (arguments.Length > 0)
        {
            size += Argument(0) * new CelCost(list.Min > 0 ? list.Min - 1 : 0, list.Max > 0 ? list.Max - 1 : 0);
        }

        return new(Text(size), size);
    }

    /// <summary>Addresses are 4 to 16 bytes, looked at twice, once more for a mask; a text is read besides.</summary>
    private CelCost OfAddresses(ulong masks, bool isText)
    {
        var bytes = new CelCost(4, 16);
        var cost = Text(bytes + bytes);
        cost = masks > 0 ? cost + Text(bytes) + CelCost.Of(1) : cost;
        return isText ? cost + Text(Argument(0)) : cost;
    }

    /// <summary>Of making a list: so much for each element, and of a size that upstream takes it to have.</summary>
    private static Estimate OfList(double perElement, CelCost size) =>
        new(size.Times(perElement) + CelCost.Of(CallCosts.ListCall), size);

    private static Estimate OfOrdering(string overload, CelCost keys) => OfList(
        overload.StartsWith("list_string_", StringComparison.Ordinal)
        || overload.StartsWith("list_bytes_", StringComparison.Ordinal)
            ? CallCosts.PerPair + CallCosts.PerCharacter
            : CallCosts.PerPair, keys * keys);

    /// <summary>A number that the expression says itself; a default of others, none below zero.</summary>
    private ulong Written(int index, ulong otherwise) =>
        arguments[index] is ConstExpr { Value: { Kind: CelKind.Int, AsInt: var number } }
            ? (ulong)Math.Max(number, 0)
            : otherwise;
}
