using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>
/// Looks at the path as it was sent: the server has already resolved dots and given up on broken escapes, which
/// upstream refuses.
/// </summary>
internal static class RawPath
{
    /// <summary>The refusal of a path that cannot be read as it stands; null when all is well.</summary>
    public static Task? Refuse(HttpContext context)
    {
        var path = PathOf(context);
        if (HasBrokenEscape(path))
        {
            return PlainText.BadRequestAsync(context);
        }

        return (path.IndexOf("/.") >= 0 && HasDotSegment(path))
            || (IsEscaped(path) && HasDotSegment(Read(context.Request)))
            ? StatusJson.WriteAsync(context, Refusals.UnknownResource)
            : null;
    }

    /// <summary>
    /// The path of a request with all its escapes resolved, as upstream takes it apart. The server leaves escaped
    /// slashes as they came, and goes where escaped dots lead.
    /// </summary>
    public static string Read(HttpRequest request)
    {
        var path = PathOf(request.HttpContext);
        return path is ['/', ..] && IsEscaped(path) && GoUrl.TryUnescapePath(path.ToString(), out var bytes)
            ? Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes))
            : request.Path.Value ?? "/";
    }

    private static ReadOnlySpan<char> PathOf(HttpContext context)
    {
        var target = (context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "").AsSpan();
        var query = target.IndexOf('?');
        return query < 0 ? target : target[..query];
    }

    private static bool IsEscaped(ReadOnlySpan<char> path) =>
        path.Contains('%')
        && (path.Contains("%2f", StringComparison.OrdinalIgnoreCase)
            || path.Contains("%2e", StringComparison.OrdinalIgnoreCase));

    private static bool HasBrokenEscape(ReadOnlySpan<char> path)
    {
        for (var at = path.IndexOf('%'); at >= 0; at = path.IndexOf('%'))
        {
            if (path.Length < at + 3 || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2]))
            {
                return true;
            }

            path = path[(at + 3)..];
        }

        return false;
    }

    private static bool HasDotSegment(ReadOnlySpan<char> path)
    {
        foreach (var range in path.Split('/'))
        {
            if (path[range] is "." or "..")
            {
                return true;
            }
        }

        return false;
    }
}
