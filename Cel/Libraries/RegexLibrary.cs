using System.Text.RegularExpressions;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Patterns;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>Finding parts of texts by regular expressions.</summary>
internal static class RegexLibrary
{
    public static CelLibrary Library { get; } = new()
    {
        Functions =
        [
            CelFunction.Of("find", ("string_find_string", "string.(string) string", static a =>
                Re2.Find(a[1].AsString, out var complaint) is { } regex
                    ? CelValue.Of(regex.Match(a[0].AsString).Value)
                    : Illegal(complaint))),
            CelFunction.Of("findAll",
                ("string_find_all_string", "string.(string) list(string)", static a => FindAll(a, -1)),
                ("string_find_all_string_int", "string.(string, int) list(string)", static a =>
                    FindAll(a, a[2].AsInt))),
        ],
    };

    private static CelValue Illegal(string complaint) => CelValue.OfError($"Illegal regex: {complaint}");

    private static CelValue FindAll(ReadOnlySpan<CelValue> a, long limit)
    {
        if (Re2.Find(a[1].AsString, out var complaint) is not { } regex)
        {
            return Illegal(complaint);
        }

        var found = regex.Matches(a[0].AsString).Take(limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue));
        return CelValue.Of(CelList.Of([.. found.Select(static (Match m) => CelValue.Of(m.Value))]));
    }
}
