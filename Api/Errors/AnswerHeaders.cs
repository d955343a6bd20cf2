using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Errors;

/// <summary>
/// The headers that every answer has, whoever gives it: errors, refusals of unknown users and streams too.
/// </summary>
public static class AnswerHeaders
{
    private const string AuditId = "Audit-Id";
    private const string FlowSchema = "X-Kubernetes-Pf-Flowschema-Uid";
    private const string PriorityLevel = "X-Kubernetes-Pf-Prioritylevel-Uid";

    /// <summary>
    /// Comes before everything that answers. A client may name its request itself, in characters that may be in an
    /// answer: the server throws at others.
    /// </summary>
    /// <param name="app">What answers.</param>
    /// <param name="transportSecurity">What browsers are told of TLS here; empty for nothing.</param>
    public static IApplicationBuilder UseAnswerHeaders(
        this IApplicationBuilder app, string transportSecurity = "") => app.Use((context, next) =>
    {
        if (transportSecurity.Length > 0)
        {
            context.Response.Headers.StrictTransportSecurity = transportSecurity;
        }

        var given = context.Request.Headers[AuditId].ToString();
        Set(context.Response, given.Length > 0 && !given.AsSpan().ContainsAnyExceptInRange(' ', '~') ? given : Chance.NewId().ToString("D"));
        return next(context);
    });

    /// <summary>Takes back what was to be answered, but for these headers.</summary>
    public static void Restart(HttpResponse response)
    {
        var headers = response.Headers;
        var (id, schema, level) = (headers[AuditId], headers[FlowSchema], headers[PriorityLevel]);
        var security = headers.StrictTransportSecurity;
        var origins = CrossOriginOf(headers);
        response.Clear();
        Set(response, id);
        headers.StrictTransportSecurity = security;
        foreach (var (name, value) in origins)
        {
            headers[name] = value;
        }

        SetFlow(response, schema, level);
    }

    /// <summary>Says by which rules of priority and fairness a request was let in, or was not.</summary>
    public static void SetFlow(HttpResponse response, StringValues schemaUid, StringValues levelUid)
    {
        if (schemaUid.Count > 0)
        {
            response.Headers[FlowSchema] = schemaUid;
            response.Headers[PriorityLevel] = levelUid;
        }
    }

    private static KeyValuePair<string, StringValues>[] CrossOriginOf(IHeaderDictionary headers) =>
        [.. headers.Where(static h => h.Key.StartsWith(CrossOrigin.HeaderPrefix, StringComparison.Ordinal))];

    private static void Set(HttpResponse response, StringValues id)
    {
        response.Headers[AuditId] = id;
        response.Headers.CacheControl = "no-cache, private";
    }
}
