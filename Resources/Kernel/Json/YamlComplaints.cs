using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using YamlDotNet.Core;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// What is wrong with a YAML document, in the words of Go's library, which clients and people know. It says the line
/// only from the second on, and what its parser finds (unlike its scanner) one line too high.
/// </summary>
internal static class YamlComplaints
{
    private const string TabInsteadOfToken = "found character that cannot start any token";

    private const string TabInBlock = "found a tab character where an indentation space is expected";

    private static readonly SearchValues<char> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(static c => (char)c)
            .Where(static c => c is not ('\t' or '\n' or '\r' or '\u0085')), '\uFFFE', '\uFFFF']);

    /// <summary>Problems in our parser's words, and in Go's.</summary>
    private static readonly (string Ours, string Gos)[] Words =
    [
        ("found invalid mapping", "mapping values are not allowed in this context"),
        ("found value containing disallowed: []{},", "did not find expected alphabetic or numeric character"),
        ("did not find expected hexadecimal number", "did not find expected hexdecimal number"),
        ("found invalid Unicode surrogates", "found invalid Unicode character escape code"),
        ("did not find preceding <document end>", "found duplicate %YAML directive"),
        ("found a tab character that violate indentation", "found a tab character that violates indentation"),
    ];

    /// <summary>Why these bytes are no text of YAML; null when they are.</summary>
    public static string? OfBytes(ReadOnlySpan<byte> yaml)
    {
        if (Utf8.IsValid(yaml))
        {
            return null;
        }

        while (!yaml.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(yaml, out _, out var length) != OperationStatus.Done)
            {
                return $"yaml: {OfSequence(yaml)}";
            }

            yaml = yaml[length..];
        }

        return null;
    }

    /// <summary>Why a text holds characters that YAML does not have; null when it does not.</summary>
    public static string? OfText(ReadOnlySpan<char> text) =>
        text.ContainsAny(Controls) ? "yaml: control characters are not allowed" : null;

    /// <summary>What a parser found.</summary>
    public static string Of(YamlException bad, string text)
    {
        var problem = ProblemOf(bad.Message);
        if (problem == "found invalid tab as indentation")
        {
            return OfTab(text);
        }

        if (bad.Start.Line <= 1 && bad.End.Line <= 1)
        {
            return $"yaml: {problem}";
        }

        if (IsKeyWithoutColon(problem, bad, text))
        {
            return At(bad.End.Line + 1, "could not find expected ':'");
        }

        var isOfScanner = bad is SyntaxErrorException
            || problem.EndsWith("in this context", StringComparison.Ordinal);
        return At(isOfScanner ? bad.End.Line : bad.Start.Line - 1, problem);
    }

    /// <summary>A bracket that is not closed: what cannot stand in it begins behind the line read last.</summary>
    public static string OfOpenBracket(char closing, Mark readTo) =>
        At(readTo.Line, $"did not find expected ',' or '{closing}'");

    private static string At(long line, string problem) => line > 0
        ? string.Create(CultureInfo.InvariantCulture, $"yaml: line {line}: {problem}")
        : $"yaml: {problem}";

    private static string ProblemOf(string message)
    {
        var text = message.TrimEnd('.');
        var context = text.StartsWith("While ", StringComparison.Ordinal)
            ? text.IndexOf(',', StringComparison.Ordinal) : -1;
        text = text[(context + 1)..].TrimStart();
        var problem = text.Length == 0 ? message : char.ToLowerInvariant(text[0]) + text[1..];
        return Array.Find(Words, w => w.Ours == problem).Gos ?? problem;
    }

    /// <summary>
    /// A word that stands where the next key should begin, and has no colon behind it: Go's scanner notices it at the
    /// next line.
    /// </summary>
    private static bool IsKeyWithoutColon(string problem, YamlException bad, string text)
    {
        if (problem is not ("did not find expected key" or "did not find expected '-' indicator")
            || bad.End.Index <= bad.Start.Index || bad.End.Index > text.Length)
        {
            return false;
        }

        var (start, end) = ((int)bad.Start.Index, (int)bad.End.Index);
        var line = text.LastIndexOf('\n', Math.Max(start - 1, 0)) + 1;
        return text[start..end] != "-" && text.AsSpan(line, start - line).Trim(' ').IsEmpty;
    }

    /// <summary>A tab where the indentation ends, in a block of text or before anything else.</summary>
    private static string OfTab(string text)
    {
        var isInBlock = false;
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            var content = line.TrimStart(' ');
            if (content is ['\t', ..] && !content.Trim().IsEmpty)
            {
                return At(number > 1 ? number : 0, isInBlock ? TabInBlock : TabInsteadOfToken);
            }

            isInBlock = line.TrimEnd().TrimEnd("0123456789+-") is [.., '|' or '>'];
        }

        return $"yaml: {TabInsteadOfToken}";
    }

    private static string OfSequence(ReadOnlySpan<byte> bytes)
    {
        var width = bytes[0] switch
        {
            < 0x80 => 1,
            >= 0xC0 and < 0xE0 => 2,
            >= 0xE0 and < 0xF0 => 3,
            >= 0xF0 and < 0xF8 => 4,
            _ => 0,
        };
        if (width == 0)
        {
            return "invalid leading UTF-8 octet";
        }

        if (bytes.Length < width)
        {
            return "incomplete UTF-8 octet sequence";
        }

        foreach (var trailing in bytes[1..width])
        {
            if ((trailing & 0xC0) != 0x80)
            {
                return "invalid trailing UTF-8 octet";
            }
        }

        return width == 3 && bytes[0] == 0xED ? "invalid Unicode character" : "invalid length of a UTF-8 sequence";
    }
}
