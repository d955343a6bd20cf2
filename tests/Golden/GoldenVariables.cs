using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Golden;

/// <summary>What a scenario has captured so far, and the literal text of its requests.</summary>
public sealed partial class GoldenVariables
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];

    public GoldenVariables(GoldenScenario scenario)
    {
        Literal = string.Join('\n', scenario.Steps.Select(s => s["request"]!).SelectMany(LiteralText));
    }

    /// <summary>All request text as written: values that occur in it are not placeholders.</summary>
    public string Literal { get; }

    /// <summary>Name and value in order of first capture.</summary>
    public IEnumerable<(string Name, string Value)> All => _order.Select(n => (n, _values[n]));

    public void Capture(string name, string value)
    {
        if (!_values.ContainsKey(name))
        {
            _order.Add(name);
        }

        _values[name] = value;
    }

    /// <summary>Fills in <c>${name}</c> and <c>${repeat:X:N}</c>.</summary>
    public string Substitute(string text)
    {
        text = Repeat().Replace(
            text, m => string.Concat(Enumerable.Repeat(m.Groups[1].Value, int.Parse(m.Groups[2].Value, null))));
        return Variable().Replace(text, m => _values.GetValueOrDefault(m.Groups[1].Value, m.Value));
    }

    private static IEnumerable<string> LiteralText(JsonNode request)
    {
        yield return (string)request["path"]!;
        if (request.AsObject().TryGetPropertyValue("body", out var body))
        {
            yield return body?.ToJsonString(GoldenJson.Relaxed) ?? "null";
        }

        if (request["bodyText"] is { } text)
        {
            yield return (string)text!;
        }
    }

    [GeneratedRegex(@"\$\{repeat:([^:}]+):(\d+)\}")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\$\{([A-Za-z0-9_]+)\}")]
    private static partial Regex Variable();
}
