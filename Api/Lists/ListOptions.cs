using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary><c>meta/v1 ListOptions</c>, read from a query.</summary>
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
        var reader = new QueryReader(query);
        var options = new ListOptions
        {
            LabelSelector = reader.Text("labelSelector"),
            FieldSelector = reader.Text("fieldSelector"),
            Watch = reader.Flag("watch"),
            AllowWatchBookmarks = reader.Flag("allowWatchBookmarks"),
            ResourceVersion = reader.Text("resourceVersion"),
            ResourceVersionMatch = reader.Text("resourceVersionMatch"),
            TimeoutSeconds = reader.Number("timeoutSeconds"),
            Limit = reader.Number("limit") ?? 0,
            Continue = reader.Text("continue"),
            SendInitialEvents = reader.OptionalFlag("sendInitialEvents"),
        };
        return reader.Refusal is { } refusal ? refusal : options;
    }

    /// <summary>
    /// Combinations that the API forbids; null when all is well. Selectors that cannot be read are refused before them,
    /// as upstream reads them together with the query, but not fields that a kind has not.
    /// </summary>
    public Status? Validate()
    {
        var causes = Watch ? WatchFindings() : ListFindings();
        if (causes.Count == 0)
        {
            return null;
        }

        if (Resources.Kernel.LabelSelector.Parse(LabelSelector) is { Succeeded: false } labels)
        {
            return labels.Error;
        }

        if (Resources.Kernel.FieldSelector.FindError(FieldSelector) is { } unreadable)
        {
            return unreadable;
        }

        return new Status
        {
            Code = 422,
            Reason = StatusReasons.Invalid,
            Message = "ListOptions.meta.k8s.io \"\" is invalid: " +
                GoErrors.Join(causes.Select(static c => $"{c.Field}: {c.Message}")),
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

            if (Continue.Length > 0)
            {
                causes.Add(ForbiddenMatch("resourceVersionMatch is forbidden when continue is provided"));
            }
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
}
