using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Chooses the form of an answer from the Accept header, in upstream's two steps: the router's (any offered type named
/// at all?), then the serializers' (first clause that can be met). Each step refuses with its own 406.
/// </summary>
public static class Negotiator
{
    private static readonly string[] Offered =
        ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    /// <summary>In the order in which a wildcard tries them.</summary>
    private static readonly (string Subtype, ResponseFormat Format)[] Formats =
    [
        ("json", ResponseFormat.PlainJson), ("yaml", ResponseFormat.Yaml),
        ("vnd.kubernetes.protobuf", ResponseFormat.Protobuf),
    ];

    private static readonly Status UnknownOnObject = NoRepresentation(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf");

    private static readonly Status UnknownOnCollection = NoRepresentation(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, " +
        "application/vnd.kubernetes.protobuf;stream=watch");

    private static readonly Status NoneAccepted = NotAccepted(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf");

    /// <summary>The form in which to answer a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="endpoint">What it asks.</param>
    /// <param name="hasMessage">False for what protobuf has no form of but its metadata: custom resources.</param>
    public static Outcome<ResponseFormat> Negotiate(HttpRequest request, EndpointKind endpoint, bool hasMessage = true)
    {
        var outcome = Negotiate(AcceptHeader.Of(request), endpoint, hasMessage);
        return outcome is { Succeeded: true, Value: { Pretty: false, Wire: Wire.Json } format } && WantsPretty(request)
            ? format.Indented()
            : outcome;
    }

    /// <summary>The same for a bare header.</summary>
    public static Outcome<ResponseFormat> Negotiate(string accept, EndpointKind endpoint, bool hasMessage = true)
    {
        if (accept.Length == 0 || accept is "application/json" or "*/*" or "application/json, */*")
        {
            return ResponseFormat.PlainJson;
        }

        if (!AcceptHeader.MentionsAny(accept, Offered))
        {
            return endpoint == EndpointKind.Collection ? UnknownOnCollection : UnknownOnObject;
        }

        // Who names the aggregated form at all gets it, however little it is wanted.
        var clauses = AcceptHeader.Parse(accept);
        var met = endpoint == EndpointKind.AggregatedDiscovery
            ? MeetAny(clauses, endpoint, hasMessage) ?? MeetAny(clauses, EndpointKind.Discovery, hasMessage)
            : MeetAny(clauses, endpoint, hasMessage);
        return met is null ? NoneAccepted : met;
    }

    /// <summary>
    /// Refusal of a metadata form that does not fit what is answered: a list form for one object, or the reverse.
    /// </summary>
    public static Status WrongForm(string requested, bool isList, string goType) => new()
    {
        Code = 406,
        Reason = StatusReasons.NotAcceptable,
        Message =
            $"you requested {requested}, but the requested object is {(isList ? "a list" : "not a list")} ({goType})",
    };

    /// <summary>Browsers and command-line fetchers get indented JSON unless they say otherwise.</summary>
    public static bool WantsPretty(HttpRequest request)
    {
        if (request.QueryString.HasValue && new QueryReader(request.Query).Text("pretty") is { Length: > 0 } asked)
        {
            return GoBooleans.Parse(asked) == true;
        }

        var agent = request.Headers.UserAgent.ToString();
        return agent.StartsWith("curl", StringComparison.Ordinal)
            || agent.StartsWith("Wget", StringComparison.Ordinal) ||
            agent.StartsWith("Mozilla/5.0", StringComparison.Ordinal);
    }

    private static ResponseFormat? MeetAny(
        IReadOnlyList<AcceptClause> clauses, EndpointKind endpoint, bool hasMessage)
    {
        foreach (var clause in clauses)
        {
            foreach (var (subtype, format) in Formats)
            {
                if (clause.Names("application", subtype) && Meet(clause, format, endpoint, hasMessage) is { } met)
                {
                    return met;
                }
            }
        }

        return null;
    }

    private static ResponseFormat? Meet(
        AcceptClause clause, ResponseFormat format, EndpointKind endpoint, bool hasMessage)
    {
        var isProtobuf = format.Wire == Wire.Protobuf;
        var stream = clause.Parameter("stream");
        if (stream.Length > 0
            && (stream != "watch" || format.Wire == Wire.Yaml || endpoint == EndpointKind.Discovery))
        {
            return null;
        }

        format = clause.Written(format);
        var (kind, group, version) = (clause.Parameter("as"), clause.Parameter("g"), clause.Parameter("v"));
        if ((kind, group, version) is ("", "", ""))
        {
            return endpoint == EndpointKind.AggregatedDiscovery || (isProtobuf && !hasMessage) ? null : format;
        }

        return FormOf(kind, group, version, endpoint) is { } form && !(isProtobuf && form == ObjectForm.Table)
            ? format with { Form = form, MetaVersion = version }
            : null;
    }

    private static ObjectForm? FormOf(string kind, string group, string version, EndpointKind endpoint) =>
        (endpoint, group, version, kind) switch
        {
            (EndpointKind.AggregatedDiscovery, "apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList") =>
                ObjectForm.AggregatedDiscovery,
            (EndpointKind.AggregatedDiscovery or EndpointKind.Discovery, _, _, _) => null,
            (EndpointKind.Answer, _, _, "Table") => null,
            (_, "meta.k8s.io", "v1" or "v1beta1", "Table") => ObjectForm.Table,
            (_, "meta.k8s.io", "v1" or "v1beta1", "PartialObjectMetadata") => ObjectForm.PartialObjectMetadata,
            (_, "meta.k8s.io", "v1" or "v1beta1", "PartialObjectMetadataList") => ObjectForm.PartialObjectMetadataList,
            _ => null,
        };

    private static Status NoRepresentation(string offered) => new()
    {
        Code = 406,
        Reason = StatusReasons.NotAcceptable,
        Message = $"406: Not Acceptable\n\nAvailable representations: {offered}",
        Details = new StatusDetails(),
    };

    /// <summary>Refusal (406) of a header that no offered type meets.</summary>
    internal static Status NotAccepted(string offered) => new()
    {
        Code = 406,
        Reason = StatusReasons.NotAcceptable,
        Message = $"only the following media types are accepted: {offered}",
    };
}
