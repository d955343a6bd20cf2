using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Reads query parameters as upstream converts <c>url.Values</c> to options: of a parameter given twice the first
/// counts, a flag is true unless it says <c>false</c> or <c>0</c>, and numbers and times are refused in Go's words.
/// What is read first is refused first, so read in the order of the option's fields.
/// </summary>
public sealed class QueryReader(IQueryCollection query)
{
    /// <summary>The 400 for the first value that could not be read; null when all could.</summary>
    public Status? Refusal { get; private set; }

    /// <summary>Lets a request's query be parsed as Go does: names are told apart by case, and what cannot be unescaped
    /// is as if it were not there.</summary>
    public static void Use(HttpContext context)
    {
        if (context.Request.QueryString.HasValue)
        {
            context.Features.Set<IQueryFeature>(new QueryFeature(Parse(context.Request.QueryString.Value)));
        }
    }

    /// <summary>The query of a path that came by no request.</summary>
    /// <param name="query">With its question mark; or empty.</param>
    public static QueryReader Of(string query) => new(query.Length == 0 ? QueryCollection.Empty : Parse(query));

    /// <summary>Whether it is there, with a value or without.</summary>
    public bool Has(string name) => query.ContainsKey(name);

    /// <summary>Empty when it is absent.</summary>
    public string Text(string name) => OptionalText(name) ?? "";

    public string? OptionalText(string name) => All(name) is [var first, ..] ? first ?? "" : null;

    /// <summary>All values of a parameter that is a list.</summary>
    public StringValues All(string name) => query.TryGetValue(name, out var values) ? values : StringValues.Empty;

    public bool Flag(string name) => OptionalFlag(name) ?? false;

    public bool? OptionalFlag(string name) =>
        OptionalText(name) is { } text
            ? text != "0" && !text.Equals("false", StringComparison.OrdinalIgnoreCase) : null;

    public long? Number(string name)
    {
        if (OptionalText(name) is not { } text)
        {
            return null;
        }

        var digits = text.AsSpan(text is ['+' or '-', ..] ? 1 : 0);
        if (IsDigits(digits)
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        Refuse(NumberFailure("ParseInt", text, digits));
        return null;
    }

    /// <summary>A time, cut to whole seconds; nothing and <c>null</c> are the beginning of time.</summary>
    public DateTime? Time(string name)
    {
        if (OptionalText(name) is not { } text)
        {
            return null;
        }

        if (text is "" or "null")
        {
            return DateTime.MinValue;
        }

        if (GoTime.TryParse(text, hasMicroseconds: false, out var time, out var error))
        {
            return time;
        }

        Refuse(error);
        return null;
    }

    /// <summary>Ports, several of which may stand in one value with commas between them.</summary>
    public IReadOnlyList<int> Ports(string name)
    {
        var ports = new List<int>();
        foreach (var text in All(name).SelectMany(v => (v ?? "").Split(',')))
        {
            if (!IsDigits(text)
                || !ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            {
                Refuse($"cannot convert to []int32: {NumberFailure("ParseUint", text, text)}");
                return [];
            }

            ports.Add(port);
        }

        return ports;
    }

    private void Refuse(string message) => Refusal ??= StatusErrors.BadRequest(message);

    /// <summary>What Go's <c>strconv</c> says of a text that is no number.</summary>
    private static string NumberFailure(string function, string text, ReadOnlySpan<char> digits)
    {
        var why = IsDigits(digits) ? "value out of range" : "invalid syntax";
        return $"strconv.{function}: parsing {GoText.Quote(text)}: {why}";
    }

    private static bool IsDigits(ReadOnlySpan<char> text) =>
        text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');

    private static QueryCollection Parse(string text)
    {
        var values = new Dictionary<string, StringValues>(StringComparer.Ordinal);
        foreach (var pair in text[1..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (!pair.Contains(';', StringComparison.Ordinal)
                && GoUrl.TryUnescapeQuery(equals < 0 ? pair : pair[..equals], out var name)
                && GoUrl.TryUnescapeQuery(equals < 0 ? "" : pair[(equals + 1)..], out var value))
            {
                values[name] = StringValues.Concat(values.GetValueOrDefault(name), value);
            }
        }

        return new QueryCollection(values);
    }
}
