using System.Globalization;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>One number of an endpoint in Prometheus' text format.</summary>
/// <param name="Name">The series' name.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Value">The number.</param>
/// <param name="Time">When it was measured; null where the endpoint does not say.</param>
internal readonly record struct PrometheusSample(
    string Name, IReadOnlyDictionary<string, string> Labels, double Value, DateTimeOffset? Time);

/// <summary>Reads Prometheus' text format (version 0.0.4). Lines that make no sense are left out.</summary>
internal static class PrometheusText
{
    private static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>All samples, in order.</summary>
    public static IEnumerable<PrometheusSample> Read(string text)
    {
        foreach (var range in Lines(text))
        {
            if (ReadLine(text.AsSpan()[range]) is { } sample)
            {
                yield return sample;
            }
        }
    }

    /// <summary>The sample of one line; null when it has none.</summary>
    /// <param name="line">With or without spaces around it.</param>
    /// <param name="wants">Whether a series of a name is wanted: of others nothing more is read; null for all.</param>
    public static PrometheusSample? ReadLine(ReadOnlySpan<char> line, Predicate<string>? wants = null)
    {
        line = line.Trim();
        if (line.IsEmpty || line[0] == '#')
        {
            return null;
        }

        var nameEnd = line.IndexOfAny("{ \t");
        if (nameEnd <= 0)
        {
            return null;
        }

        var name = line[..nameEnd].ToString();
        if (wants?.Invoke(name) == false)
        {
            return null;
        }

        var rest = line[nameEnd..];
        IReadOnlyDictionary<string, string> labels = NoLabels;
        if (rest[0] == '{')
        {
            if (ReadLabels(rest, out var length) is not { } read)
            {
                return null;
            }

            labels = read;
            rest = rest[length..];
        }

        rest = rest.Trim();
        var valueEnd = rest.IndexOfAny(' ', '\t');
        var time = valueEnd < 0 ? default : rest[valueEnd..].Trim();
        return ReadNumber(valueEnd < 0 ? rest : rest[..valueEnd]) is { } value
            ? new PrometheusSample(name, labels, value, ReadTime(time))
            : null;
    }

    private static IEnumerable<Range> Lines(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end;
            yield return start..end;
            start = end + 1;
        }
    }

    private static double? ReadNumber(ReadOnlySpan<char> text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    private static DateTimeOffset? ReadTime(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds)
        && milliseconds is > 0 and < 253_402_300_800_000
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <summary>Labels in braces; null when they do not end.</summary>
    private static Dictionary<string, string>? ReadLabels(ReadOnlySpan<char> text, out int length)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        length = 1;
        while (length < text.Length && text[length] != '}')
        {
            var equals = text[length..].IndexOf("=\"");
            if (equals < 0)
            {
                return null;
            }

            var name = text.Slice(length, equals).Trim(", \t").ToString();
            var start = length + equals + 2;
            var end = EndOfValue(text, start);
            if (end < 0)
            {
                return null;
            }

            labels[name] = Unescape(text[start..end]);
            length = end + 1;
            length += text[length..] is [',', ..] ? 1 : 0;
        }

        length++;
        return length <= text.Length ? labels : null;
    }

    private static int EndOfValue(ReadOnlySpan<char> text, int at)
    {
        for (; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                return at;
            }

            at += text[at] == '\\' ? 1 : 0;
        }

        return -1;
    }

    private static string Unescape(ReadOnlySpan<char> text) => text.Contains('\\')
        ? text.ToString()
            .Replace("\\\\", "\0", StringComparison.Ordinal)
            .Replace("\\\"", "\"", StringComparison.Ordinal)
            .Replace("\\n", "\n", StringComparison.Ordinal)
            .Replace('\0', '\\')
        : text.ToString();
}
