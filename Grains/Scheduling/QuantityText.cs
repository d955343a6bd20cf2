using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Reads Kubernetes quantities as whole numbers, rounding up, as scheduling arithmetic does.</summary>
internal static class QuantityText
{
    /// <summary>The value of a JSON string or number; in thousandths if asked. Saturates; unreadable text counts as 0.</summary>
    public static long Read(JsonElement value, bool inThousandths)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => "",
        };
        return Parse(text, inThousandths);
    }

    public static long Parse(string text, bool inThousandths)
    {
        var end = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        var suffix = text.AsSpan(end);
        if (!decimal.TryParse(text.AsSpan(0, end), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || Factor(suffix) is not { } factor)
        {
            return 0;
        }

        // The largest factor, 2^60, leaves decimal (7.9e28) room for 6.8e10 of them, far past what long can hold.
        if (Math.Abs(number) > 1e10m && factor > 1)
        {
            return number > 0 ? long.MaxValue : long.MinValue;
        }

        var exact = decimal.Ceiling(number * factor * (inThousandths ? 1000 : 1));
        return exact >= long.MaxValue ? long.MaxValue : exact <= long.MinValue ? long.MinValue : (long)exact;
    }

    private static decimal? Factor(ReadOnlySpan<char> suffix) => suffix switch
    {
        "" => 1m,
        "n" => 1e-9m,
        "u" => 1e-6m,
        "m" => 1e-3m,
        "k" => 1e3m,
        "M" => 1e6m,
        "G" => 1e9m,
        "T" => 1e12m,
        "P" => 1e15m,
        "E" => 1e18m,
        "Ki" => 1024m,
        "Mi" => 1024m * 1024,
        "Gi" => 1024m * 1024 * 1024,
        "Ti" => 1024m * 1024 * 1024 * 1024,
        "Pi" => 1024m * 1024 * 1024 * 1024 * 1024,
        "Ei" => 1024m * 1024 * 1024 * 1024 * 1024 * 1024,
        _ => null,
    };
}
