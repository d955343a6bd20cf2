using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// What a proxied request names: <c>NAME</c>, <c>NAME:PORT</c> or <c>SCHEME:NAME:PORT</c>, in which scheme and port may
/// be empty.
/// </summary>
public sealed record ProxyDestination(string Scheme, string Name, string Port)
{
    /// <summary>Null when it is none of these.</summary>
    public static ProxyDestination? Parse(string text) => text.Split(':') switch
    {
        [{ Length: > 0 } name] => new ProxyDestination("http", name, ""),
        [{ Length: > 0 } name, var port] => new ProxyDestination("http", name, port),
        ["", { Length: > 0 } name, var port] => new ProxyDestination("http", name, port),
        [("http" or "https") and var scheme, { Length: > 0 } name, var port] =>
            new ProxyDestination(scheme, name, port),
        _ => null,
    };
}

/// <summary>The path of a proxied request, cut behind <c>proxy</c>.</summary>
/// <param name="Prefix">Up to and with <c>proxy</c>: where the other side's root lies for the client.</param>
/// <param name="Rest">What the other side is asked for: unescaped, joined and escaped again as upstream does; empty for
/// the root without a slash.</param>
public sealed record ProxyPath(string Prefix, string Rest)
{
    /// <summary>Nothing, not even a slash, follows.</summary>
    public bool IsRoot => Rest.Length == 0;

    public static ProxyPath Of(HttpRequest request, RequestInfo info)
    {
        // The bytes as they came, unless they hold dots that the server has resolved already: then what was authorized
        // counts.
        var raw = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var query = raw.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? raw : raw[..query];
        if (!path.StartsWith('/') || HasDots(path))
        {
            path = request.Path.ToUriComponent();
        }

        var before = info.Path.Trim('/').Split('/').Length - info.Parts.Count + 3;
        var at = path.Length - path.TrimStart('/').Length - 1;
        for (var i = 0; i < before; i++)
        {
            at = NextSlash(path, at + 1);
            if (at < 0)
            {
                return new ProxyPath(path, "");
            }
        }

        var rest = GoUrl.TryUnescapePath(path[at..], out var unescaped)
            ? GoUrl.EscapePath(GoUrl.JoinPaths("", unescaped))
            : path[at..];
        return new ProxyPath(path[..at], rest);
    }

    /// <summary>The same with another path, given unescaped.</summary>
    public ProxyPath To(string path) =>
        this with { Rest = path.Length == 0 ? "" : GoUrl.EscapePath(GoUrl.JoinPaths("", path)) };

    private static int NextSlash(string path, int from)
    {
        var plain = path.IndexOf('/', from);
        var escaped = path.IndexOf("%2f", from, StringComparison.OrdinalIgnoreCase);
        return escaped >= 0 && (plain < 0 || escaped < plain) ? escaped : plain;
    }

    private static bool HasDots(string path) => path.Split('/').Any(s => WebUtility.UrlDecode(s) is "." or "..");
}
