using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden.Rights;

/// <summary>Something that may be allowed or not.</summary>
/// <param name="Verb">The verb.</param>
/// <param name="Target">A resource, with its group, subresource and name as the table writes them, or a path.</param>
internal readonly record struct Right(string Verb, string Target);

/// <summary>
/// What a table says that upstream allows whom (<c>default-rights.txt</c>, whose head explains its words).
/// </summary>
internal sealed class ExpectedRights
{
    private const string Letters = "glwcupdD";

    /// <summary>The verbs of all requests for objects.</summary>
    public static readonly string[] Verbs =
        ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

    private readonly Dictionary<string, HashSet<Right>> _rights = new(StringComparer.Ordinal);

    public ExpectedRights()
    {
        foreach (var line in File.ReadLines(Repository.PathOf("tests", "Golden", "Rights", "default-rights.txt"))
            .Where(static l => l.Length > 0 && l[0] != '#'))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            _rights.Add(line[..colon], [.. line[(colon + 2)..].Split("; ").SelectMany(Read)]);
        }
    }

    public IEnumerable<string> Subjects => _rights.Keys;

    /// <summary>All that is named anywhere.</summary>
    public IEnumerable<string> Targets =>
        _rights.Values.SelectMany(static r => r).Select(static r => r.Target).Where(static t => !t.Contains('*'))
            .Distinct(StringComparer.Ordinal);

    /// <summary>Verbs of none of the usual kinds.</summary>
    public IEnumerable<Right> Special => _rights.Values.SelectMany(static r => r)
        .Where(static r => !Verbs.Contains(r.Verb)).Distinct();

    public bool Allows(string subject, Right asked)
    {
        var rights = _rights[subject];
        return rights.Contains(asked)
            || (!asked.Target.StartsWith('/') && (rights.Contains(asked with { Target = "*" })
                || (asked.Target.EndsWith("/scale", StringComparison.Ordinal)
                    && rights.Contains(asked with { Target = "*/scale" }))
                || (asked.Target.Split('=') is [var all, _] && rights.Contains(asked with { Target = all }))));
    }

    private IEnumerable<Right> Read(string part)
    {
        if (part[0] == '+')
        {
            return _rights[part[1..]];
        }

        var words = part.Split(' ');
        var verbs = words[0].All(Letters.Contains)
            ? words[0].Select(static c => Verbs[Letters.IndexOf(c, StringComparison.Ordinal)])
            : [words[0]];
        return verbs.SelectMany(v => words[1].Split(',').SelectMany(Both).Select(t => new Right(v, t)));
    }

    private static IEnumerable<string> Both(string target) => target switch
    {
        "events" => ["events", "events.events.k8s.io"],
        ".events" => ["events"],
        _ => [target],
    };
}
