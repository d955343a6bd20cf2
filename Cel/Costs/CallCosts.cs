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

    public static ulong Before(CelOverload overload, ReadOnlySpan<CelValue> values) => overload.CostRule switch
    {
        CostRule.Nominal => 1,
        CostRule.Traversal => OfTraversal(values[0]),
        CostRule.Text => Characters(SizeOf(values[0])),
        CostRule.TextTwice => Characters(SizeOf(values[0]) * 2),
        CostRule.Argument => Characters(SizeOf(values[1])),
        CostRule.Joining => 0,
        CostRule.Pattern => OfPattern(values[0], values[1]),
        CostRule.Contains => Product(Characters(SizeOf(values[0])), Characters(SizeOf(values[1]))),
        CostRule.Authorization => Authorization,
        CostRule.CidrContainsIp => Characters(SizeOf(values[0]) * 2)
            + (values[1].Kind == CelKind.String ? Characters(SizeOf(values[1])) : 0),
        CostRule.CidrContainsCidr => Characters(SizeOf(values[0]) * 2) + Characters(SizeOf(values[0])) + 1
            + (values[1].Kind == CelKind.String ? Characters(SizeOf(values[1])) : 0),
        CostRule.Collecting => ListCreation + SizeOf(values[0]),
        CostRule.Range => ListCreation + (values[0].Kind == CelKind.Int && values[0].AsInt > 0 ? (ulong)values[0].AsInt
            : 0),
        CostRule.Pairs => 1 + Product(SizeOf(values[0]), SizeOf(values[^1])),
        _ => throw new InvalidOperationException($"No cost for {overload.CostRule}."),
    };

    /// <summary>What is only known from the result.</summary>
    public static ulong After(CelOverload overload, in CelValue result) =>
        overload.CostRule == CostRule.Joining ? Characters(SizeOf(result) * 2) : 0;

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

    public static ulong OfPattern(in CelValue text, in CelValue pattern) => Product(
        Characters(SizeOf(text) + 1), (ulong)Math.Ceiling(SizeOf(pattern) * PerPatternCharacter));

    public static ulong Characters(ulong count) => (ulong)Math.Ceiling(count * PerCharacter);

    public static ulong SizeOf(in CelValue value) => (ulong)(CelSizes.Of(value) ?? 1);

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
