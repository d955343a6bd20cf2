using System.Globalization;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>What a number is measured by, and how messages show that.</summary>
internal readonly record struct NumberBound(double Value, string Text);

/// <summary>How upstream compares numbers with what a schema says of them.</summary>
internal static class NumberRules
{
    /// <summary>Relative error up to which a quotient is whole: a tenth is no sum of powers of two.</summary>
    private const double Tolerance = 1e-9;

    /// <summary>A whole number is compared with the whole part of a bound.</summary>
    public static NumberBound Bound(double given, bool isWhole) => isWhole && Math.Truncate(given) is var whole
        ? new(whole, ((long)whole).ToString(CultureInfo.InvariantCulture))
        : new(given, GoValues.Float(given));

    public static bool IsInteger(double number) =>
        Math.Floor(number).Equals(number) && number is >= long.MinValue and <= long.MaxValue;

    public static bool IsMultiple(double number, double factor)
    {
        var quotient = factor < 1 ? 1 / factor * number : number / factor;
        var difference = Math.Abs(quotient - Math.Truncate(quotient));
        return difference == 0 || difference / (2 * Math.Abs(quotient)) < Tolerance;
    }
}
