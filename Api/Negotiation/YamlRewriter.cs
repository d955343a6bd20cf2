using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Rewrites JSON as block YAML with sorted keys, as Kubernetes prints it. Strings stay plain only where no YAML reader,
/// old or new, could take them for something else.
/// </summary>
public static class YamlRewriter
{
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "null", "~", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "-.inf", "+.inf", "=", "<<",
    };

    private static readonly SearchValues<char> PlainCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+=%$^()~\\;<@ :,");

    private static readonly SearchValues<char> LineBreakers = SearchValues.Create("\r\u0085\u2028\u2029\ufeff\u007f");

    public static void Write(IBufferWriter<byte> output, ReadOnlyMemory<byte> json)
    {
        using var document = JsonTree.ParseCommitted(json);
        var text = new StringBuilder(json.Length + (json.Length / 4));
        WriteBlock(text, document.RootElement, indent: 0, inSequence: false);
        Encoding.UTF8.GetBytes(text.ToString(), output);
    }

    /// <summary>A value on lines of its own; the cursor stands where its first line goes.</summary>
    private static void WriteBlock(StringBuilder text, JsonElement value, int indent, bool inSequence)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when value.EnumerateObject().Any():
                WriteMapping(text, value, indent, inSequence);
                break;
            case JsonValueKind.Array when value.GetArrayLength() > 0:
                WriteSequence(text, value, indent, inSequence);
                break;
            default:
                WriteScalar(text, value, indent);
                text.Append('\n');
                break;
        }
    }

    private static void WriteMapping(StringBuilder text, JsonElement value, int indent, bool inSequence)
    {
        var first = inSequence;
        foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            text.Append(' ', first ? 0 : indent);
            first = false;
            AppendKey(text, property.Name);
            text.Append(':');
            if (property.Value.ValueKind == JsonValueKind.Object && property.Value.EnumerateObject().Any())
            {
                text.Append('\n');
                WriteMapping(text, property.Value, indent + 2, inSequence: false);
            }
            else if (property.Value.ValueKind == JsonValueKind.Array && property.Value.GetArrayLength() > 0)
            {
                text.Append('\n');
                WriteSequence(text, property.Value, indent, inSequence: false);
            }
            else
            {
                text.Append(' ');
                WriteScalar(text, property.Value, indent + 2);
                text.Append('\n');
            }
        }
    }

    private static void WriteSequence(StringBuilder text, JsonElement value, int indent, bool inSequence)
    {
        var first = inSequence;
        foreach (var item in value.EnumerateArray())
        {
            text.Append(' ', first ? 0 : indent).Append("- ");
            first = false;
            WriteBlock(text, item, indent + 2, inSequence: true);
        }
    }

    private static void WriteScalar(StringBuilder text, JsonElement value, int indent)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object: text.Append("{}"); break;
            case JsonValueKind.Array: text.Append("[]"); break;
            case JsonValueKind.String: AppendString(text, value.GetString()!, indent); break;
            default: text.Append(value.GetRawText()); break;
        }
    }

    private static void AppendKey(StringBuilder text, string key)
    {
        if (IsPlain(key))
        {
            text.Append(key);
        }
        else
        {
            AppendQuoted(text, key);
        }
    }

    private static void AppendString(StringBuilder text, string value, int indent)
    {
        if (IsPlain(value))
        {
            text.Append(value);
        }
        else if (IsLiteral(value))
        {
            AppendLiteral(text, value, indent);
        }
        else
        {
            AppendQuoted(text, value);
        }
    }

    private static bool IsPlain(string value) =>
        value.Length > 0 && !Reserved.Contains(value) && !value.AsSpan().ContainsAnyExcept(PlainCharacters) &&
        (char.IsAsciiLetter(value[0]) || value[0] is '/' or '_' or '$' or '(') && value[^1] is not (' ' or ':') &&
        !value.Contains(": ", StringComparison.Ordinal) && !value.Contains(" #", StringComparison.Ordinal);

    /// <summary>Several lines of printable text without trailing blanks read best as a literal block.</summary>
    private static bool IsLiteral(string value) =>
        value.Contains('\n', StringComparison.Ordinal) && value[0] is not (' ' or '\n' or '\t') &&
        !value.Contains(" \n", StringComparison.Ordinal) && value[^1] != ' ' &&
        !value.AsSpan().ContainsAnyInRange('\0', '\u0008') && !value.AsSpan().ContainsAny(LineBreakers) &&
        !value.AsSpan().ContainsAnyInRange('\u000b', '\u001f') && !value.AsSpan().ContainsAnyInRange('\ud800', '\udfff');

    private static void AppendLiteral(StringBuilder text, string value, int indent)
    {
        var body = value.TrimEnd('\n');
        var trailing = value.Length - body.Length;
        text.Append(trailing switch { 0 => "|-", 1 => "|", _ => "|+" });
        foreach (var line in body.Split('\n'))
        {
            text.Append('\n').Append(' ', line.Length == 0 ? 0 : Math.Max(indent, 2)).Append(line);
        }

        text.Append('\n', Math.Max(0, trailing - 1));
    }

    private static void AppendQuoted(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            switch (c)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case < ' ' or '\u007f' or '\u0085' or '\u2028' or '\u2029' or '\ufeff':
                    text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    break;
                default: text.Append(c); break;
            }
        }

        text.Append('"');
    }
}
