using System.Globalization;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>One clause of an Accept header.</summary>
/// <param name="Type">For example <c>application</c>; never empty.</param>
/// <param name="Subtype">For example <c>json</c>.</param>
/// <param name="Quality">The <c>q</c> parameter, 1 when absent or unreadable.</param>
/// <param name="Parameters">All others.</param>
public sealed record AcceptClause(
    string Type, string Subtype, double Quality, IReadOnlyDictionary<string, string> Parameters);

/// <summary>
/// Reads Accept headers the way the API server's libraries do, which is not quite RFC 9110: clients depend on it.
/// </summary>
public static class AcceptHeader
{
    /// <summary>A longer header is cut here: nobody lists more alternatives.</summary>
    public const int MaxClauses = 64;

    /// <summary>The clauses, best first: by quality, then by how specific they are, then as written.</summary>
    public static IReadOnlyList<AcceptClause> Parse(string header)
    {
        var clauses = new List<AcceptClause>();
        foreach (var part in header.Split(','))
        {
            if (clauses.Count < MaxClauses && ParseClause(part) is { } clause)
            {
                clauses.Add(clause);
            }
        }

        return [.. clauses.OrderByDescending(c => c.Quality).ThenByDescending(Specificity)];
    }

    /// <summary>
    /// The router's coarser test, which comes first: some clause, parameters and quality ignored, is one of the types
    /// or <c>*/*</c>.
    /// </summary>
    public static bool MentionsAny(string header, ReadOnlySpan<string> types)
    {
        foreach (var range in header.AsSpan().Split(','))
        {
            var clause = header.AsSpan(range);
            var end = clause.IndexOf(';');
            var type = (end < 0 ? clause : clause[..end]).Trim();
            if (type.SequenceEqual("*/*"))
            {
                return true;
            }

            foreach (var known in types)
            {
                if (type.SequenceEqual(known))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static AcceptClause? ParseClause(string text)
    {
        var parts = text.Split(';');
        var type = parts[0].Trim();
        var slash = type.IndexOf('/', StringComparison.Ordinal);
        if (type.Length == 0 || (slash < 0 && type != "*"))
        {
            return null;
        }

        var quality = 1.0;
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in parts.AsSpan(1))
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                continue;
            }

            var name = parameter[..equals].Trim();
            var value = parameter[(equals + 1)..].Trim();
            if (name == "q")
            {
                quality = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var q) ? q : 1.0;
            }
            else
            {
                parameters[name] = value;
            }
        }

        return slash < 0
            ? new AcceptClause("*", "*", quality, parameters)
            : new AcceptClause(type[..slash].Trim(), type[(slash + 1)..].Trim(), quality, parameters);
    }

    private static int Specificity(AcceptClause clause) =>
        (clause.Type == "*" ? 0 : 2) + (clause.Subtype == "*" ? 0 : 1);
}
