using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>One clause of an Accept header.</summary>
/// <param name="Type">For example <c>application</c>; never empty.</param>
/// <param name="Subtype">For example <c>json</c>.</param>
/// <param name="Quality">The <c>q</c> parameter, 1 when absent, 0 when unreadable.</param>
/// <param name="Parameters">All others.</param>
public sealed record AcceptClause(
    string Type, string Subtype, double Quality, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Whether it covers a media type, by name or by wildcard.</summary>
    public bool Names(string type, string subtype) =>
        (Type == type && (Subtype == subtype || Subtype == "*")) || (Type == "*" && Subtype == "*");

    /// <summary>A parameter other than <c>q</c>; empty where it is not given.</summary>
    public string Parameter(string name) => Parameters.GetValueOrDefault(name, "");

    /// <summary>A form as it is written for who asked for it with this clause: indented if it says so.</summary>
    public ResponseFormat Written(ResponseFormat format) => Parameter("pretty") == "1" ? format.Indented() : format;
}

/// <summary>
/// Reads Accept headers the way the API server's libraries do, which is not quite RFC 9110: clients depend on it.
/// </summary>
public static class AcceptHeader
{
    /// <summary>A longer header is cut here: nobody lists more alternatives.</summary>
    public const int MaxClauses = 64;

    private const NumberStyles QualityStyle =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>
    /// The clauses, best first: by quality, but wildcards behind all that comes after them, else as written. That is no
    /// order (who is before whom depends on where they stand), so they are sorted as the library sorts so few.
    /// </summary>
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

        for (var i = 1; i < clauses.Count; i++)
        {
            for (var j = i; j > 0 && IsBefore(clauses[j], clauses[j - 1]); j--)
            {
                (clauses[j - 1], clauses[j]) = (clauses[j], clauses[j - 1]);
            }
        }

        return clauses;
    }

    /// <summary>The header of a request: of several lines, the first.</summary>
    public static string Of(HttpRequest request) => request.Headers.Accept is [{ } first, ..] ? first : "";

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
            if (parameter.Split('=') is not [var name, { Length: > 0 } value])
            {
                continue;
            }

            if (name.Trim() == "q")
            {
                quality = double.TryParse(value, QualityStyle, CultureInfo.InvariantCulture, out var q) ? q : 0.0;
            }
            else
            {
                parameters[name.Trim()] = value.Trim();
            }
        }

        return slash < 0
            ? new AcceptClause("*", "*", quality, parameters)
            : new AcceptClause(type[..slash].Trim(), type[(slash + 1)..].Trim(), quality, parameters);
    }

    private static bool IsBefore(AcceptClause clause, AcceptClause other) =>
        clause.Quality > other.Quality
        || (clause.Type != "*" && other.Type == "*")
        || (clause.Subtype != "*" && other.Subtype == "*");
}
