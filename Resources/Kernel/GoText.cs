using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using k8s;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>A value whose JSON is already written, for messages that show upstream's internal types.</summary>
/// <param name="Json">Compact JSON.</param>
public sealed record RawJson(string Json);

/// <summary>
/// Writes values in messages as Go's <c>%q</c>, <c>%v</c> and <c>encoding/json</c> would, since clients read those
/// texts.
/// </summary>
public static class GoText
{
    /// <summary>
    /// A rejected value: strings quoted, numbers and booleans bare, null as <c>null</c>, everything else as JSON.
    /// </summary>
    public static string Value(object? value) => value switch
    {
        null => "null",
        string text => Quote(text),
        RawJson raw => raw.Json,
        bool flag => flag ? "true" : "false",
        IFormattable number when number.GetType().IsPrimitive => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Json(value),
    };

    /// <summary>Go's <c>strconv.Quote</c>.</summary>
    public static string Quote(string text) => GoQuotes.Quote(text);

    /// <summary>What Go's <c>json.Marshal</c> writes: map keys sorted, HTML's special characters escaped.</summary>
    public static string Json(object? value)
    {
        var result = new StringBuilder();
        AppendJson(result, value);
        return result.ToString();
    }

    /// <summary>A list as Go's <c>%q</c> prints it: <c>["a" "b"]</c>.</summary>
    public static string Quoted(IEnumerable<string> values) => $"[{string.Join(' ', values.Select(Quote))}]";

    /// <summary>A list of strings as Go's <c>%#v</c> writes it: <c>[]string{"a", "b"}</c>.</summary>
    public static string Strings(IEnumerable<string> values) =>
        $"[]string{{{string.Join(", ", values.Select(Quote))}}}";

    /// <summary>Bytes as Go's <c>%#v</c> writes them: <c>[]byte{0xa, 0xb}</c>.</summary>
    public static string Bytes(byte[] bytes)
    {
        var result = new StringBuilder("[]byte{", 8 + (bytes.Length * 6));
        foreach (var (i, value) in bytes.Index())
        {
            result.Append(i == 0 ? "0x" : ", 0x").Append(value.ToString("x", CultureInfo.InvariantCulture));
        }

        return result.Append('}').ToString();
    }

    /// <summary>JSON as Go writes it, which escapes angle brackets and ampersands.</summary>
    public static string EscapeMarkup(string json) => json
        .Replace("<", "\\u003c", StringComparison.Ordinal)
        .Replace(">", "\\u003e", StringComparison.Ordinal)
        .Replace("&", "\\u0026", StringComparison.Ordinal);

    private static void AppendJson(StringBuilder result, object? value)
    {
        switch (value)
        {
            case null: result.Append("null"); break;
            case string text: AppendJsonString(result, text); break;
            case RawJson raw: result.Append(raw.Json); break;
            case JsonElement element: AppendElement(result, element); break;
            case bool flag: result.Append(flag ? "true" : "false"); break;
            case IFormattable number when number.GetType().IsPrimitive:
                result.Append(number.ToString(null, CultureInfo.InvariantCulture));
                break;
            case IDictionary<string, string> map:
                AppendList(result, '{', '}', map.OrderBy(p => p.Key, StringComparer.Ordinal), AppendPair);
                break;
            case IEnumerable<string> list: AppendList(result, '[', ']', list, AppendJsonString); break;
            case IEnumerable list: AppendList(result, '[', ']', list.Cast<object?>(), AppendJson); break;
            default: AppendModel(result, value); break;
        }
    }

    private static void AppendPair(StringBuilder result, KeyValuePair<string, string> pair)
    {
        AppendJsonString(result, pair.Key);
        result.Append(':');
        AppendJsonString(result, pair.Value);
    }

    private static void AppendModel(StringBuilder result, object value)
    {
        using var document = JsonDocument.Parse(KubernetesJson.Serialize(value));
        AppendElement(result, document.RootElement);
    }

    private static void AppendElement(StringBuilder result, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                AppendList(result, '{', '}', element.EnumerateObject(), static (to, property) =>
                {
                    AppendJsonString(to, property.Name);
                    to.Append(':');
                    AppendElement(to, property.Value);
                });
                break;
            case JsonValueKind.Array: AppendList(result, '[', ']', element.EnumerateArray(), AppendElement); break;
            case JsonValueKind.String: AppendJsonString(result, element.GetString()!); break;
            default: result.Append(element.GetRawText()); break;
        }
    }

    private static void AppendList<T>(
        StringBuilder result, char open, char close, IEnumerable<T> items, Action<StringBuilder, T> append)
    {
        result.Append(open);
        var first = true;
        foreach (var item in items)
        {
            if (!first)
            {
                result.Append(',');
            }

            first = false;
            append(result, item);
        }

        result.Append(close);
    }

    private static void AppendJsonString(StringBuilder result, string text)
    {
        result.Append('"');
        foreach (var c in text)
        {
            switch (c)
            {
                case '"': result.Append("\\\""); break;
                case '\\': result.Append("\\\\"); break;
                case '\b': result.Append("\\b"); break;
                case '\f': result.Append("\\f"); break;
                case '\n': result.Append("\\n"); break;
                case '\r': result.Append("\\r"); break;
                case '\t': result.Append("\\t"); break;
                case < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029':
                    result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    break;
                default: result.Append(c); break;
            }
        }

        result.Append('"');
    }
}
