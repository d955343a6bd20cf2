using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>What Go's <c>encoding/json</c> says about bytes that are no JSON. Exact at the start of a value, where broken tokens break.</summary>
internal static class GoJsonComplaint
{
    private static readonly string[] Literals = ["null", "true", "false"];

    /// <summary>Null when the bytes are valid JSON.</summary>
    public static string? Find(ReadOnlySpan<byte> json)
    {
        var start = json.Length - json.TrimStart(" \t\r\n"u8).Length;
        if (start == json.Length)
        {
            return "unexpected end of JSON input";
        }

        var first = json[start];
        foreach (var literal in Literals)
        {
            if (first == literal[0])
            {
                return InLiteral(json[start..], literal) ?? Rest(json);
            }
        }

        var begins = first is (byte)'{' or (byte)'[' or (byte)'"' or (byte)'-' or (>= (byte)'0' and <= (byte)'9');
        return begins ? Rest(json) : $"invalid character {Quote(json[start..])} looking for beginning of value";
    }

    private static string? InLiteral(ReadOnlySpan<byte> json, string literal)
    {
        for (var i = 1; i < literal.Length; i++)
        {
            if (i >= json.Length)
            {
                return "unexpected end of JSON input";
            }

            if (json[i] != literal[i])
            {
                return $"invalid character {Quote(json[i..])} in literal {literal} (expecting '{literal[i]}')";
            }
        }

        return null;
    }

    private static string? Rest(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                // Reading is the check.
            }

            return null;
        }
        catch (JsonException)
        {
            var at = (int)Math.Min(reader.BytesConsumed, json.Length);
            var trouble = json[at..].TrimStart(" \t\r\n"u8);
            return trouble.IsEmpty ? "unexpected end of JSON input" : $"invalid character {Quote(trouble)} after object key:value pair";
        }
    }

    /// <summary>Go's quoting of one byte, as its scanner does: what is no ASCII appears as Latin-1.</summary>
    private static string Quote(ReadOnlySpan<byte> at) => at[0] switch
    {
        (byte)'\'' => "'\\''",
        (byte)'"' => "'\"'",
        (byte)'\n' => "'\\n'",
        (byte)'\r' => "'\\r'",
        (byte)'\t' => "'\\t'",
        < 0x20 or 0x7f => $"'\\x{at[0].ToString("x2", CultureInfo.InvariantCulture)}'",
        < 0x80 => $"'{(char)at[0]}'",
        >= 0xa0 and not 0xad => $"'{(char)at[0]}'",
        _ => $"'\\u{((int)at[0]).ToString("x4", CultureInfo.InvariantCulture)}'",
    };
}
