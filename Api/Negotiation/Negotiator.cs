using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Chooses the form of an answer from the Accept header, in upstream's two steps: the router's (any offered type named
/// at all?), then the serializers' (first clause that can be met). Each step refuses with its own 406.
/// </summary>
public static class Negotiator
{
    private static readonly string[] Offered =
        ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    private static readonly ResponseFormat Yaml = new() { Wire = Wire.Yaml, ContentType = "application/yaml" };

    private static readonly Status UnknownOnObject = NoRepresentation(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf");

    private static readonly Status UnknownOnCollection = NoRepresentation(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, " +
        "application/vnd.kubernetes.protobuf;stream=watch");

    private static readonly Status NoneAccepted = NotAccepted(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf");

    /// <summary>
    /// Protobuf is offered by upstream but not written here: a client that takes nothing else is told what it can have.
    /// </summary>
    private static readonly Status OnlyText = NotAccepted("application/json, application/yaml");

    /// <summary>The form in which to answer a request.</summary>
    public static Outcome<ResponseFormat> Negotiate(HttpRequest request, EndpointKind endpoint)
    {
        var pretty = WantsPretty(request);
        var outcome = Negotiate(request.Headers.Accept.ToString(), endpoint);
        return pretty && outcome.Succeeded && !outcome.Value.Pretty ? outcome.Value with { Pretty = true } : outcome;
    }

    /// <summary>The same for a bare header.</summary>
    public static Outcome<ResponseFormat> Negotiate(string accept, EndpointKind endpoint)
    {
        if (accept.Length == 0 || accept is "application/json" or "*/*" or "application/json, */*")
        {
            return ResponseFormat.PlainJson;
        }

        if (!AcceptHeader.MentionsAny(accept, Offered))
        {
            return endpoint == EndpointKind.Collection ? UnknownOnCollection : UnknownOnObject;
        }

        var protobuf = false;
        foreach (var clause in AcceptHeader.Parse(accept))
        {
            if (Meet(clause, endpoint) is { } format)
            {
                return format;
            }

            protobuf |= clause.Subtype == "vnd.kubernetes.protobuf";
        }

        return protobuf ? OnlyText : NoneAccepted;
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
        if (request.QueryString.HasValue && request.Query["pretty"].ToString() is { Length: > 0 } asked)
        {
            return asked is "1" or "t" or "T" or "true" or "TRUE" or "True";
        }

        var agent = request.Headers.UserAgent.ToString();
        return agent.StartsWith("curl", StringComparison.Ordinal)
            || agent.StartsWith("Wget", StringComparison.Ordinal) ||
            agent.StartsWith("Mozilla/5.0", StringComparison.Ordinal);
    }

    private static ResponseFormat? Meet(AcceptClause clause, EndpointKind endpoint)
    {
        var wire = (clause.Type, clause.Subtype) switch
        {
            ("application", "json" or "*") or ("*", "*") => Wire.Json,
            ("application", "yaml") => Wire.Yaml,
            _ => (Wire?)null,
        };
        if (wire is null)
        {
            return null;
        }

        var format = wire == Wire.Json ? ResponseFormat.PlainJson : Yaml;
        if (clause.Parameters.TryGetValue("stream", out var stream) && stream.Length > 0 && stream != "watch")
        {
            return null;
        }

        if (clause.Parameters.TryGetValue("pretty", out var pretty) && pretty == "1")
        {
            format = format with { Pretty = true };
        }

        var kind = clause.Parameters.GetValueOrDefault("as", "");
        if (kind.Length == 0)
        {
            return format;
        }

        return Transform(
            format,
            kind,
            clause.Parameters.GetValueOrDefault("g", ""),
            clause.Parameters.GetValueOrDefault("v", ""),
            endpoint);
    }

    private static ResponseFormat? Transform(
        ResponseFormat format, string kind, string group, string version, EndpointKind endpoint)
    {
        if (endpoint == EndpointKind.AggregatedDiscovery)
        {
            return (group, version, kind) == ("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList")
                ? format with { Form = ObjectForm.AggregatedDiscovery }
                : null;
        }

        if (endpoint == EndpointKind.Discovery || group != "meta.k8s.io" || version is not ("v1" or "v1beta1"))
        {
            return null;
        }

        return kind switch
        {
            "Table" => format with { Form = ObjectForm.Table, MetaVersion = version },
            "PartialObjectMetadata" => format with { Form = ObjectForm.PartialObjectMetadata, MetaVersion = version },
            "PartialObjectMetadataList" =>
                format with { Form = ObjectForm.PartialObjectMetadataList, MetaVersion = version },
            _ => null,
        };
    }

    private static Status NoRepresentation(string offered) => new()
    {
        Code = 406,
        Reason = StatusReasons.NotAcceptable,
        Message = $"406: Not Acceptable\n\nAvailable representations: {offered}",
        Details = new StatusDetails(),
    };

    private static Status NotAccepted(string offered) => new()
    {
        Code = 406,
        Reason = StatusReasons.NotAcceptable,
        Message = $"only the following media types are accepted: {offered}",
    };
}
