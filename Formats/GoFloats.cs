using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.Formats;

/// <summary>
/// Floats as Go's encoding/json writes them: the shortest digits that read back as the number, with an exponent only
/// where it is tiny or huge. Clients tell whole numbers from others by that: 1e15 is a float to them, 1000000000000000
/// is not.
/// </summary>
public static class GoFloats
{
    /// <summary>Smaller ones have an exponent.</summary>
    private const double LeastPlain = 1e-6;

    /// <summary>This and larger ones have an exponent.</summary>
    private const double FirstWithExponent = 1e21;

    /// <summary>Writes a finite number.</summary>
    public static void Write(Utf8JsonWriter writer, double value)
    {
        // So far .NET writes them in the same way.
        if (Math.Abs(value) is 0 or (>= 1e-4 and < 1e15))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteRawValue(Text(value), skipInputValidation: true);
        }
    }

    /// <summary>A finite number.</summary>
    public static string Text(double value)
    {
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        return Math.Abs(value) is >= LeastPlain and < FirstWithExponent
            ? decimal.Parse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture)
                .ToString(CultureInfo.InvariantCulture)
            : shortest.Replace("E-0", "e-", StringComparison.Ordinal).Replace('E', 'e');
    }
}
