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

    /// <summary>Who signs people in: the page asks for it where nobody is signed in.</summary>
    private const string SignIn = "sign-in.json";

    /// <summary>
    /// Scripts come from here alone and speak to nobody else but to issuers that the silo was told of; no page of
    /// others shows this one in a frame. The terminal makes its styles as it runs.
    /// </summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'{0}; " +
        "img-src data:; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Goes before the API: it answers what is below <see cref="Path"/>, whoever asks.</summary>
    /// <param name="app">The host's.</param>
    /// <param name="signIn">Who signs people in; null for nobody.</param>
    public static IApplicationBuilder UseDashboard(this IApplicationBuilder app, IDashboardSignIn? signIn = null)
    {
        var files = DashboardFile.ReadAll(typeof(DashboardHost).Assembly);
        return app.Use((context, next) => IsMeant(context)
            ? AnswerAsync(context, files, signIn, NameOf(context.Request.Path.Value!))
            : next(context));
    }

    /// <summary>Says why there is no page here, to whoever asks for it.</summary>
    public static IApplicationBuilder RefuseDashboard(this IApplicationBuilder app, string why) =>
        app.Use((context, next) => IsMeant(context)
            ? RefuseAsync(context, StatusCodes.Status404NotFound, $"{why}\n")
            : next(context));

    private static bool IsMeant(HttpContext context) =>
        context.Request.Path.Value is { } path && path.AsSpan().StartsWith(Path.AsSpan(..^1), StringComparison.Ordinal)
        && (path.Length < Path.Length || path[Path.Length - 1] == '/');

    /// <summary>The file's; null where the last slash is missing.</summary>
    private static string? NameOf(string path) => path.Length < Path.Length ? null : path[Path.Length..];

    private static async Task AnswerAsync(
        HttpContext context, IReadOnlyDictionary<string, DashboardFile> files, IDashboardSignIn? signIn, string? name)
    {
        var (request, response) = (context.Request, context.Response);
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.Headers.Allow = "GET, HEAD";
            await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed\n");
            return;
        }

        if (name is null)
        {
            response.Headers.Location = Path;
            response.StatusCode = StatusCodes.Status308PermanentRedirect;
            return;
        }

        if (name == SignIn)
        {
            await WriteSignInAsync(context, signIn);
            return;
        }

        if (!files.TryGetValue(name.Length == 0 ? Page : name, out var file))
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "404 page not found\n");
            return;
        }

        var (encoding, body) = file.For(request.Headers.AcceptEncoding.ToString());
        WriteHeaders(response.Headers, file, encoding, await IssuersAsync(context, signIn));
        response.ContentType = file.ContentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    /// <summary>
    /// Whom the page may speak to. Who comes back from an issuer is to speak to it now, and whoever else does not wait
    /// until it has answered.
    /// </summary>
    private static async ValueTask<IReadOnlyList<DashboardIssuer>> IssuersAsync(
        HttpContext context, IDashboardSignIn? signIn) =>
        signIn is null ? []
        : context.Request.Query.ContainsKey("state") ? await signIn.FindAsync(context.RequestAborted)
        : signIn.Known;

    private static async Task WriteSignInAsync(HttpContext context, IDashboardSignIn? signIn)
    {
        var issuers = signIn is null ? [] : await signIn.FindAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsJsonAsync(issuers, context.RequestAborted);
    }

    /// <summary>As the API refuses what is none of its paths.</summary>
    private static Task RefuseAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static void WriteHeaders(
        IHeaderDictionary headers, DashboardFile file, string? encoding, IReadOnlyList<DashboardIssuer> issuers)
    {
        var others = issuers.Select(static i => $" {i.TokenEndpoint.GetLeftPart(UriPartial.Authority)}").Distinct();
        headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        headers.ContentSecurityPolicy = ContentSecurityPolicy.Replace(
            "{0}", string.Concat(others), StringComparison.Ordinal);
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
