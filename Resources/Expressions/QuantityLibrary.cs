using System.Globalization;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Expressions;

/// <summary>Amounts of resources in expressions.</summary>
internal static class QuantityLibrary
{
    private const string Name = "kubernetes.Quantity";

    /// <summary>The type of amounts.</summary>
    public static readonly CelType QuantityType = CelType.Opaque(Name);

    public static CelLibrary Library { get; } = new()
    {
        Types = [QuantityType],
        Functions =
        [
            CelFunction.Of("quantity", ("string_to_quantity", $"(string) {Name}", static a =>
                Quantity.TryParse(a[0].AsString, out var amount, out var complaint) ? Of(amount)
                    : CelValue.OfError(complaint))),
            CelFunction.Of("isQuantity", ("is_quantity_string", "(string) bool", static a =>
                CelValue.Of(Quantity.TryParse(a[0].AsString, out _)))),
            // A member by upstream's documentation, but not by its code.
            CelFunction.Of("sign", ("quantity_sign", $"({Name}) int", static a =>
                CelValue.Of((long)Amount(a[0]).Sign))),
            CelFunction.Of("isInteger", ("quantity_is_integer", $"{Name}.() bool", static a =>
                CelValue.Of(IsInteger(Amount(a[0]))))),
            CelFunction.Of("asInteger", ("quantity_as_integer", $"{Name}.() int", static a => IsInteger(Amount(a[0]))
                ? CelValue.Of(Amount(a[0]).Value)
                : CelValue.OfError("cannot convert value to integer"))),
            CelFunction.Of("asApproximateFloat", ("quantity_get_float", $"{Name}.() double", static a =>
                CelValue.Of(Approximate(Amount(a[0]))))),
            CelFunction.Of("add",
                ("quantity_add", $"{Name}.({Name}) {Name}", static a => Of(Amount(a[0]) + Amount(a[1]))),
                ("quantity_add_int", $"{Name}.(int) {Name}", static a => Of(Amount(a[0]) + Whole(a[1].AsInt)))),
            CelFunction.Of("sub",
                ("quantity_sub", $"{Name}.({Name}) {Name}", static a => Of(Amount(a[0]) - Amount(a[1]))),
                ("quantity_sub_int", $"{Name}.(int) {Name}", static a => Of(Amount(a[0]) - Whole(a[1].AsInt)))),
            CelFunction.Of("isLessThan", ("quantity_is_less_than", $"{Name}.({Name}) bool", static a =>
                CelValue.Of(Amount(a[0]) < Amount(a[1])))),
            CelFunction.Of("isGreaterThan", ("quantity_is_greater_than", $"{Name}.({Name}) bool", static a =>
                CelValue.Of(Amount(a[0]) > Amount(a[1])))),
            CelFunction.Of("compareTo", ("quantity_compare_to", $"{Name}.({Name}) int", static a =>
                CelValue.Of((long)Math.Sign(Amount(a[0]).CompareTo(Amount(a[1])))))),
        ],
    };

    /// <summary>An amount as a value, for what gives expressions capacities.</summary>
    public static CelValue Of(Quantity amount) => CelValue.Of(new QuantityValue(amount));

    private static Quantity Amount(in CelValue value) => ((QuantityValue)value.AsOpaque).Amount;

    private static Quantity Whole(long number) => Quantity.Parse(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Whole, and no more than 64 bits hold.</summary>
    private static bool IsInteger(Quantity amount) => amount.IsInteger && Whole(amount.Value).CompareTo(amount) == 0;

    private static double Approximate(Quantity amount)
    {
        var (digits, exponent) = amount.Exact;
        return (double)digits * Math.Pow(10, exponent) / 1e9;
    }

    private sealed class QuantityValue(Quantity amount) : CelOpaque, IEquatable<QuantityValue>
    {
        public Quantity Amount => amount;

        public override CelType Type => QuantityType;

        public bool Equals(QuantityValue? other) => other is not null && amount.CompareTo(other.Amount) == 0;

        public override bool Equals(object? obj) => Equals(obj as QuantityValue);

        public override int GetHashCode() => amount.Value.GetHashCode();

        public override string ToString() => amount.ToString();
    }
}
