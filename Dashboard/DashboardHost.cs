using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Dashboard;

/// <summary>
/// Serves the web page that looks at the cluster. These are files alone, the same for everybody: what the page shows it
/// asks the Kubernetes API for, in the name of who has signed in. Nothing here keeps a session, and no cookie is set.
/// </summary>
public static class DashboardHost
{
    /// <summary>Where the page is, on the API's port.</summary>
    public const string Path = "/dashboard/";

    private const string Page = "index.html";

    /// <summary>
    /// Scripts come from here alone and speak to nobody else; no page of others shows this one in a frame. The terminal
    /// makes its styles as it runs.
    /// </summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; " +
        "font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Goes before the API: it answers what is below <see cref="Path"/>, whoever asks.</summary>
    public static IApplicationBuilder UseDashboard(this IApplicationBuilder app)
    {
        var files = DashboardFile.ReadAll(typeof(DashboardHost).Assembly);
        return app.Use((context, next) =>
            context.Request.Path.Value is { } path && path.StartsWith(Path[..^1], StringComparison.Ordinal)
                && (path.Length < Path.Length || path[Path.Length - 1] == '/')
                ? AnswerAsync(context, files, path.Length < Path.Length ? null : path[Path.Length..])
                : next(context));
    }

    private static Task AnswerAsync(
        HttpContext context, IReadOnlyDictionary<string, DashboardFile> files, string? name)
    {
        var (request, response) = (context.Request, context.Response);
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.Headers.Allow = "GET, HEAD";
            return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed\n");
        }

        if (name is null)
        {
            response.Headers.Location = Path;
            response.StatusCode = StatusCodes.Status308PermanentRedirect;
            return Task.CompletedTask;
        }

        if (!files.TryGetValue(name.Length == 0 ? Page : name, out var file))
        {
            return RefuseAsync(context, StatusCodes.Status404NotFound, "404 page not found\n");
        }

        var (encoding, body) = file.For(request.Headers.AcceptEncoding.ToString());
        WriteHeaders(response.Headers, file, encoding);
        response.ContentType = file.ContentType;
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>As the API refuses what is none of its paths.</summary>
    private static Task RefuseAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static void WriteHeaders(IHeaderDictionary headers, DashboardFile file, string? encoding)
    {
        headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.Vary = "Accept-Encoding";
        if (encoding is not null)
        {
            headers.ContentEncoding = encoding;
        }
    }
}
