using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Errors;

/// <summary>
/// Lets pages of other origins read what is answered here (CORS), as upstream's <c>--cors-allowed-origins</c> does.
/// </summary>
public static class CrossOrigin
{
    /// <summary>What headers begin with that say so, of all answers to such a page.</summary>
    public const string HeaderPrefix = "Access-Control-";

    private const string Methods = "POST, GET, OPTIONS, PUT, DELETE, PATCH";
    private const string RequestHeaders =
        "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, "
        + "If-Modified-Since";

    /// <summary>Comes before everything that asks who it is: browsers ask beforehand, and sign in for none of it.
    /// </summary>
    /// <param name="app">What answers.</param>
    /// <param name="allowed">The origins; without any, nothing is said to anybody.</param>
    public static IApplicationBuilder UseCrossOrigin(this IApplicationBuilder app, IReadOnlyList<Regex> allowed) =>
        allowed.Count == 0 ? app : app.Use((context, next) =>
        {
            var origin = context.Request.Headers.Origin;
            if (origin is not [{ Length: > 0 } first, ..] || !allowed.Any(a => a.IsMatch(first)))
            {
                return next(context);
            }

            Allow(context.Response.Headers, first);
            if (!HttpMethods.IsOptions(context.Request.Method))
            {
                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        });

    private static void Allow(IHeaderDictionary headers, string origin)
    {
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = RequestHeaders;
        headers.AccessControlExposeHeaders = "Date";
        headers.AccessControlAllowCredentials = "true";
    }
}
