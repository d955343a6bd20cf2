using System.Globalization;
using System.Text;
using k8s;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Writes values in messages as Go's <c>%q</c> and <c>%v</c> would, since clients read those texts.</summary>
public static class GoText
{
    /// <summary>A rejected value: strings quoted, numbers and booleans bare, null as <c>null</c>, everything else as JSON.</summary>
    public static string Value(object? value) => value switch
    {
        null => "null",
        string text => Quote(text),
        bool flag => flag ? "true" : "false",
        IFormattable number when number.GetType().IsPrimitive => number.ToString(null, CultureInfo.InvariantCulture),
        _ => KubernetesJson.Serialize(value),
    };

    /// <summary>Go's <c>strconv.Quote</c>.</summary>
    public static string Quote(string text)
    {
        var result = new StringBuilder(text.Length + 2).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            AppendQuoted(result, rune);
        }

        return result.Append('"').ToString();
    }

    private static void AppendQuoted(StringBuilder result, Rune rune)
    {
        switch (rune.Value)
        {
            case '"': result.Append("\\\""); break;
            case '\\': result.Append("\\\\"); break;
            case '\a': result.Append("\\a"); break;
            case '\b': result.Append("\\b"); break;
            case '\f': result.Append("\\f"); break;
            case '\n': result.Append("\\n"); break;
            case '\r': result.Append("\\r"); break;
            case '\t': result.Append("\\t"); break;
            case '\v': result.Append("\\v"); break;
            case < 0x20 or 0x7f: result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"); break;
            default: result.Append(rune.ToString()); break;
        }
    }
}
