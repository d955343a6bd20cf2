using System.Globalization;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// <c>meta/v1 ListOptions</c>, read from a query. Of a parameter given twice the first counts, as upstream has it.
/// </summary>
public sealed record ListOptions
{
    public const string Exact = "Exact";
    public const string NotOlderThan = "NotOlderThan";

    public string LabelSelector { get; init; } = "";

    public string FieldSelector { get; init; } = "";

    public bool Watch { get; init; }

    public bool AllowWatchBookmarks { get; init; }

    public string ResourceVersion { get; init; } = "";

    public string ResourceVersionMatch { get; init; } = "";

    /// <summary>Null when the client set no bound.</summary>
    public long? TimeoutSeconds { get; init; }

    /// <summary>0 or less is no limit.</summary>
    public long Limit { get; init; }

    public string Continue { get; init; } = "";

    public bool? SendInitialEvents { get; init; }

    /// <summary>The options of a query; the refusal is the 400 that Go's converters give.</summary>
    public static Outcome<ListOptions> Read(IQueryCollection query)
    {
        long? timeout = null;
        if (First(query, "timeoutSeconds") is { } timeoutText)
        {
            if (!TryParse(timeoutText, out var seconds, out var refusal))
            {
                return refusal!;
            }

            timeout = seconds;
        }

        long limit = 0;
        if (First(query, "limit") is { } limitText && !TryParse(limitText, out limit, out var badLimit))
        {
            return badLimit!;
        }

        return new ListOptions
        {
            LabelSelector = First(query, "labelSelector") ?? "",
            FieldSelector = First(query, "fieldSelector") ?? "",
            Watch = Flag(query, "watch") ?? false,
            AllowWatchBookmarks = Flag(query, "allowWatchBookmarks") ?? false,
            ResourceVersion = First(query, "resourceVersion") ?? "",
            ResourceVersionMatch = First(query, "resourceVersionMatch") ?? "",
            TimeoutSeconds = timeout,
            Limit = limit,
            Continue = First(query, "continue") ?? "",
            SendInitialEvents = Flag(query, "sendInitialEvents"),
        };
    }

    /// <summary>Whether a query asks for a watch: everything but <c>false</c> and <c>0</c> does.</summary>
    public static bool IsWatch(IQueryCollection query) => Flag(query, "watch") ?? false;

    /// <summary>Combinations that the API forbids; null when all is well.</summary>
    public Status? Validate()
    {
        var causes = Watch ? WatchFindings() : ListFindings();
        if (causes.Count == 0)
        {
            return null;
        }

        var texts = causes.ConvertAll(c => $"{c.Field}: {c.Message}");
        return new Status
        {
            Code = 422,
            Reason = StatusReasons.Invalid,
            Message = $"ListOptions.meta.k8s.io \"\" is invalid: {(texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]")}",
            Details = new StatusDetails { Group = "meta.k8s.io", Kind = "ListOptions", Causes = causes },
        };
    }

    private List<StatusCause> ListFindings()
    {
        var causes = new List<StatusCause>();
        if (ResourceVersionMatch.Length > 0)
        {
            if (ResourceVersion.Length == 0)
            {
                causes.Add(ForbiddenMatch("resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }

            if (Continue.Length > 0)
            {
                causes.Add(ForbiddenMatch("resourceVersionMatch is forbidden when continue is provided"));
            }

            if (ResourceVersionMatch is not (Exact or NotOlderThan))
            {
                causes.Add(UnsupportedMatch("\"Exact\", \"NotOlderThan\", \"\""));
            }

            if (ResourceVersionMatch == Exact && ResourceVersion == "0")
            {
                causes.Add(ForbiddenMatch("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
            }
        }

        if (SendInitialEvents is not null)
        {
            causes.Add(Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }

        return causes;
    }

    private List<StatusCause> WatchFindings()
    {
        var causes = new List<StatusCause>();
        if (SendInitialEvents is not null && ResourceVersionMatch != NotOlderThan)
        {
            causes.Add(ForbiddenMatch($"sendInitialEvents requires setting resourceVersionMatch to {NotOlderThan}"));
        }

        if (ResourceVersionMatch.Length > 0)
        {
            if (SendInitialEvents is null)
            {
                causes.Add(
                    ForbiddenMatch("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
            }

            if (ResourceVersionMatch != NotOlderThan)
            {
                causes.Add(UnsupportedMatch("\"NotOlderThan\""));
            }
        }

        if (Continue.Length > 0)
        {
            causes.Add(ForbiddenMatch("resourceVersionMatch is forbidden when continue is provided"));
        }

        return causes;
    }

    private StatusCause UnsupportedMatch(string supported) => new(
        "FieldValueNotSupported",
        $"Unsupported value: {GoText.Quote(ResourceVersionMatch)}: supported values: {supported}",
        "resourceVersionMatch");

    private static StatusCause ForbiddenMatch(string why) => Forbidden("resourceVersionMatch", why);

    private static StatusCause Forbidden(string field, string why) =>
        new("FieldValueForbidden", $"Forbidden: {why}", field);

    private static string? First(IQueryCollection query, string name) =>
        query.TryGetValue(name, out var values) && values.Count > 0 ? values[0] ?? "" : null;

    private static bool? Flag(IQueryCollection query, string name) =>
        First(query, name) is { } text ? IsTrue(text) : null;

    /// <summary>Any value but 0 and false is true, and so is none.</summary>
    internal static bool IsTrue(string text) =>
        text != "0" && !text.Equals("false", StringComparison.OrdinalIgnoreCase);

    /// <summary>Go's <c>strconv.ParseInt</c> with its two complaints.</summary>
    internal static bool TryParse(string text, out long value, out Status? refusal)
    {
        refusal = null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value))
        {
            return true;
        }

        var digits = text.AsSpan(text.Length > 0 && text[0] is '+' or '-' ? 1 : 0);
        var why =
            digits.Length > 0 && !digits.ContainsAnyExceptInRange('0', '9') ? "value out of range" : "invalid syntax";
        refusal = StatusErrors.BadRequest($"strconv.ParseInt: parsing {GoText.Quote(text)}: {why}");
        return false;
    }
}
