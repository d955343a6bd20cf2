using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>
/// What a scenario has learned so far: captured values, hashes in order of first appearance; and what it says itself:
/// the literal text of its requests and the names in them.
/// </summary>
public sealed partial class ControlVariables
{
    private const string Safe = "[bcdfghjklmnpqrstvwxz2456789]";
    private const string Nothing = "(?!)";

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private readonly Dictionary<string, string> _hashes = new(StringComparer.Ordinal);

    public ControlVariables(ControlScenario scenario)
    {
        Literal = string.Join('\n', LiteralText(scenario));
        var names = new HashSet<string>(Strings(scenario.Header["names"]), StringComparer.Ordinal);
        foreach (var body in scenario.Steps.Select(s => s["request"]?["body"]))
        {
            CollectNames(body, names);
        }

        var any = names.Count == 0
            ? Nothing
            : string.Join(
                '|',
                names.OrderByDescending(n => n.Length).ThenBy(n => n, StringComparer.Ordinal).Select(Regex.Escape));
        Minutes = new Regex($@"(?<![A-Za-z0-9-])({any})-(\d{{8}})(?![A-Za-z0-9])");
        Hashed = new Regex($@"(?<![A-Za-z0-9-])({any})-({Safe}{{6,10}})(?![A-Za-z0-9])");
        Generated =
            new Regex($@"(?<![A-Za-z0-9-])((?:{any})(?:-<minutes>)?(?:-\d+)?)-([a-z0-9]{{5}})(?![A-Za-z0-9-])");
    }

    private ControlVariables(ControlVariables other)
    {
        (Literal, Minutes, Hashed, Generated) = (other.Literal, other.Minutes, other.Hashed, other.Generated);
        _values = new(other._values, StringComparer.Ordinal);
        _order = [.. other._order];
        _hashes = new(other._hashes, StringComparer.Ordinal);
    }

    /// <summary>All request text as written: what occurs in it is no placeholder.</summary>
    public string Literal { get; }

    /// <summary>A name and eight digits: the job of a cron job.</summary>
    public Regex Minutes { get; }

    /// <summary>A name and what may be a hash.</summary>
    public Regex Hashed { get; }

    /// <summary>A name and five characters.</summary>
    public Regex Generated { get; }

    /// <summary>Name and value in order of first capture.</summary>
    public IEnumerable<(string Name, string Value)> All => _order.Select(n => (n, _values[n]));

    /// <summary>Hashes and their placeholders.</summary>
    public IReadOnlyDictionary<string, string> Hashes => _hashes;

    /// <summary>A copy that learns on its own.</summary>
    public ControlVariables Clone() => new(this);

    public void Capture(string name, string value)
    {
        if (!_values.ContainsKey(name))
        {
            _order.Add(name);
        }

        _values[name] = value;
    }

    public void LearnHash(string hash) => _hashes.TryAdd(hash, $"<hash:{_hashes.Count + 1}>");

    /// <summary>
    /// Fills in <c>${name}</c>, <c>${repeat:X:N}</c>, and the time in <c>${time:N}</c> and <c>${microtime:N}</c>.
    /// </summary>
    public string Substitute(string text, IReadOnlyDictionary<string, string>? more = null)
    {
        text = Time().Replace(text, static m => Clock(
            m.Groups[2].Success ? int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture) : 0,
            m.Groups[1].Value == "time" ? "yyyy-MM-ddTHH:mm:ssZ" : "yyyy-MM-ddTHH:mm:ss.ffffffZ"));
        text = Repeat().Replace(text, static m => string.Concat(
            Enumerable.Repeat(m.Groups[1].Value, int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture))));
        return Variable().Replace(text, m =>
            more?.GetValueOrDefault(m.Groups[1].Value) ?? _values.GetValueOrDefault(m.Groups[1].Value, m.Value));
    }

    /// <summary>The time so many seconds from now, as the API writes it.</summary>
    public static string Clock(int seconds, string format) =>
        TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToString(format, CultureInfo.InvariantCulture);

    private static IEnumerable<string> LiteralText(ControlScenario scenario)
    {
        yield return scenario.Header["fixtures"]?.ToJsonString(GoldenJson.Relaxed) ?? "";
        foreach (var step in scenario.Steps)
        {
            if (step["request"] is JsonObject request)
            {
                yield return (string)request["path"]!;
                yield return request["body"]?.ToJsonString(GoldenJson.Relaxed) ?? "";
                yield return (string?)request["bodyText"] ?? "";
            }

            yield return step["fixture"]?.ToJsonString(GoldenJson.Relaxed) ?? "";
        }
    }

    private static void CollectNames(JsonNode? body, HashSet<string> names)
    {
        switch (body)
        {
            case JsonObject map:
                if (map["metadata"] is JsonObject metadata)
                {
                    JsonNode?[] found = [metadata["name"], metadata["generateName"]];
                    names.UnionWith(found.OfType<JsonValue>().Select(static n => n.ToString().TrimEnd('-'))
                        .Where(static n => n.Length > 0 && !n.Contains('$', StringComparison.Ordinal)));
                }

                foreach (var (_, value) in map)
                {
                    CollectNames(value, names);
                }

                break;
            case JsonArray list:
                foreach (var item in list)
                {
                    CollectNames(item, names);
                }

                break;
        }
    }

    private static IEnumerable<string> Strings(JsonNode? list) =>
        (list as JsonArray ?? []).Select(static i => (string)i!);

    [GeneratedRegex(@"\$\{(time|microtime)(?::([+-]?\d+))?\}")]
    private static partial Regex Time();

    [GeneratedRegex(@"\$\{repeat:([^:}]+):(\d+)\}")]
    private static partial Regex Repeat();

    [GeneratedRegex(@"\$\{([A-Za-z0-9_]+)\}")]
    private static partial Regex Variable();
}
