using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Costs;

/// <summary>
/// What calls cost when they run, in upstream's units: one is a simple operation, about 50 ns on its machines; a tenth
/// is a character looked at.
/// </summary>
internal static class CallCosts
{
    public const ulong ListCreation = 10;
    public const ulong MapCreation = 30;
    public const ulong StructCreation = 40;

    /// <summary>An authorization check: two fit into one expression.</summary>
    public const ulong Authorization = 350_000;

    public const double PerCharacter = 0.1;
    public const double PerPatternCharacter = 0.25;

    /// <summary>Of sorting and telling apart, for each pair of elements.</summary>
    public const double PerPair = 2;

    /// <summary>The longest regular expression of a named format, in characters.</summary>
    public const double MaxFormatPattern = 128;

    /// <summary>Of a call that makes a list.</summary>
    public const ulong ListCall = 1 + ListCreation;

    /// <summary>A requirement of a selector takes two characters at least.</summary>
    public const double RequirementsPerCharacter = 0.5;

    public const double PerRequirement = ListCreation + StructCreation;

    public static ulong Before(CelOverload overload, ReadOnlySpan<CelValue> values) => overload.CostRule switch
    {
        CostRule.Nominal => 1,
        CostRule.Traversal => OfTraversal(values[0]),
        CostRule.Text => Characters(SizeOf(values[0])),
        CostRule.TextTwice => Characters(SizeOf(values[0]) * 2),
        CostRule.Joining or CostRule.Collected => 0,
        CostRule.Pattern => OfPattern(values[0], values[1]),
        CostRule.Contains => Product(Characters(SizeOf(values[0])), Characters(SizeOf(values[1]))),
        CostRule.Authorization => Authorization,
        CostRule.CidrContainsIp => Characters(SizeOf(values[0]) * 2)
            + (values[1].Kind == CelKind.String ? Characters(SizeOf(values[1])) : 0),
        CostRule.CidrContainsCidr => Characters(SizeOf(values[0]) * 2) + Characters(SizeOf(values[0])) + 1
            + (values[1].Kind == CelKind.String ? Characters(SizeOf(values[1])) : 0),
        CostRule.Selector => OfSelector(SizeOf(values[1])),
        CostRule.Format => OfPattern(values[1], (ulong)values[0].AsOpaque.PatternLength),
        CostRule.Reversing => ListCall + SizeOf(values[0]),
        CostRule.Flattening => ListCall + Product(SizeOf(values[0]), values.Length > 1 ? Depth(values[1]) : 1),
        CostRule.Ordering => OfOrdering(values[^1]),
        CostRule.Pairs => 1 + Product(SizeOf(values[0]), SizeOf(values[1])),
        CostRule.PairsTwice => 1 + Product(2, Product(SizeOf(values[0]), SizeOf(values[1]))),
        _ => throw new InvalidOperationException($"No cost for {overload.CostRule}."),
    };

    /// <summary>Of a call with an argument that has failed: as if that and what comes of it were of size one.</summary>
    public static ulong OfFailure(CelOverload overload) => overload.CostRule switch
    {
        CostRule.Authorization => Authorization,
        CostRule.Collected or CostRule.Reversing or CostRule.Flattening => ListCall + 1,
        _ => 1,
    };

    /// <summary>What is only known from the result.</summary>
    public static ulong After(CelOverload overload, in CelValue result) => overload.CostRule switch
    {
        CostRule.Joining => Characters(SizeOf(result) * 2),
        CostRule.Collected => ListCall + SizeOf(result),
        _ => 0,
    };

    /// <summary>Of telling whether both are the same. Kubernetes' own types are compared at one price.</summary>
    public static ulong OfEquality(in CelValue left, in CelValue right) =>
        left.Kind == CelKind.Opaque && left.AsOpaque is not CelOptional ? 1 : OfComparison(left, right);

    /// <summary>Of comparing: as much as the smaller of both has.</summary>
    public static ulong OfComparison(in CelValue left, in CelValue right) =>
        Characters(Math.Min(SizeOf(left), SizeOf(right)));

    /// <summary>Of an order: scalars one, texts by their size.</summary>
    public static ulong OfOrder(in CelValue left, in CelValue right) =>
        left.Kind is CelKind.String or CelKind.Bytes ? OfComparison(left, right) : 1;

    public static ulong OfAddition(in CelValue left, in CelValue right) =>
        left.Kind is CelKind.String or CelKind.Bytes ? Characters(SizeOf(left) + SizeOf(right)) : 1;

    public static ulong OfIn(in CelValue element, in CelValue container) =>
        container.Kind == CelKind.List ? SizeOf(container) : 1;

    public static ulong OfPattern(in CelValue text, in CelValue pattern) => OfPattern(text, SizeOf(pattern));

    public static ulong Characters(ulong count) => (ulong)Math.Ceiling(count * PerCharacter);

    public static ulong SizeOf(in CelValue value) =>
        value.Kind == CelKind.Opaque && value.AsOpaque is CelOptional { HasValue: true } optional
            ? SizeOf(optional.Value)
            : (ulong)(CelSizes.Of(value) ?? 1);

    private static ulong OfPattern(in CelValue text, ulong length) => Product(
        Characters(SizeOf(text) + 1), (ulong)Math.Ceiling(length * PerPatternCharacter));

    private static ulong OfSelector(ulong length) => ListCreation + Characters(length)
        + (ulong)(Math.Ceiling(length * RequirementsPerCharacter) * PerRequirement);

    private static ulong Depth(in CelValue levels) => (ulong)Math.Max(levels.AsInt, 0);

    /// <summary>As much as comparing each element with each other, a little more of texts.</summary>
    private static ulong OfOrdering(in CelValue keys)
    {
        var count = SizeOf(keys);
        var isText = keys.AsList is { Count: > 0 } list && list[0].Kind is (CelKind.String or CelKind.Bytes);
        return ListCall + (ulong)(Product(count, count) * (isText ? PerPair + PerCharacter : PerPair));
    }

    private static ulong Product(ulong left, ulong right) => Math.BigMul(left, right, out var low) == 0 ? low
        : ulong.MaxValue;

    private static ulong OfTraversal(in CelValue value)
    {
        switch (value.Kind)
        {
            case CelKind.String or CelKind.Bytes:
                return (ulong)(SizeOf(value) * PerCharacter);
            case CelKind.List:
                ulong elements = 0;
                foreach (var element in value.AsList)
                {
                    elements += OfTraversal(element);
                }

                return elements;
            case CelKind.Map:
                ulong entries = 0;
                foreach (var (key, held) in value.AsMap)
                {
                    entries += OfTraversal(key) + OfTraversal(held);
                }

                return entries;
            default:
                return 1;
        }
    }
}
