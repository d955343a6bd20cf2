using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// JSON values as Go's <c>fmt</c> writes them once decoded: integers of 64 bits stay such, other numbers are floats.
/// </summary>
public static class GoValues
{
    /// <summary>Floats from this power of ten on are written with an exponent.</summary>
    private const int MaxPlainExponent = 6;

    /// <summary><c>%v</c>.</summary>
    public static string Plain(JsonNode? node) => Write(node, Scalar);

    /// <summary><c>%s</c>, which shows the type of what is no text.</summary>
    public static string AsText(JsonNode? node) =>
        Write(node, scalar => scalar switch
        {
            null => "%!s(<nil>)",
            _ when scalar.GetValueKind() == JsonValueKind.String => Scalar(scalar),
            _ => $"%!s({TypeOf(scalar)}={Scalar(scalar)})",
        });

    /// <summary><c>%#v</c>.</summary>
    public static string Syntax(JsonNode? node) => node switch
    {
        JsonObject map => "map[string]interface {}{"
            + string.Join(", ", map.OrderBy(p => p.Key, StringComparer.Ordinal)
                .Select(p => $"{GoText.Quote(p.Key)}:{Syntax(p.Value)}"))
            + "}",
        JsonArray list => $"[]interface {{}}{{{string.Join(", ", list.Select(Syntax))}}}",
        null => "interface {}(nil)",
        _ when node.GetValueKind() == JsonValueKind.String => GoText.Quote(node.GetValue<string>()),
        _ => Scalar(node),
    };

    /// <summary>Name of the Go type that a value decodes to.</summary>
    public static string TypeOf(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Object => "map[string]interface {}",
        JsonValueKind.Array => "[]interface {}",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Number => IsWhole(node!.AsValue()) ? "int64" : "float64",
        _ => "%!s(<nil>)",
    };

    private static string Write(JsonNode? node, Func<JsonNode?, string> scalar) => node switch
    {
        JsonObject map =>
            $"map[{string.Join(' ', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{Write(p.Value, scalar)}"))}]",
        JsonArray list => $"[{string.Join(' ', list.Select(i => Write(i, scalar)))}]",
        _ => scalar(node),
    };

    private static string Scalar(JsonNode? node) => node?.GetValueKind() switch
    {
        null => "<nil>",
        JsonValueKind.String => node!.GetValue<string>(),
        JsonValueKind.Number when IsInteger(node!, out var integer) => integer.ToString(CultureInfo.InvariantCulture),
        JsonValueKind.Number => Float(double.Parse(node!.ToJsonString(), CultureInfo.InvariantCulture)),
        _ => node!.ToJsonString(),
    };

    /// <summary>Whether Go holds a number as an integer; 1.0 it does not, though it shows it as 1.</summary>
    private static bool IsWhole(JsonValue number) =>
        number.TryGetValue<long>(out _) || number.TryGetValue<int>(out _);

    private static bool IsInteger(JsonNode node, out long value) =>
        long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    /// <summary>The shortest digits that read back as the same number, with an exponent where Go writes one.</summary>
    internal static string Float(double value)
    {
        if (double.IsInfinity(value))
        {
            return value > 0 ? "+Inf" : "-Inf";
        }

        var text = Enumerable.Range(0, 17)
            .Select(digits => value.ToString($"E{digits}", CultureInfo.InvariantCulture))
            .First(t => double.Parse(t, CultureInfo.InvariantCulture).Equals(value));
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return exponent is >= -4 and < MaxPlainExponent
            ? decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
                .ToString(CultureInfo.InvariantCulture)
            : string.Create(
                CultureInfo.InvariantCulture, $"{text[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }
}
