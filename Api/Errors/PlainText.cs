using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Errors;

/// <summary>Answers of Go's plain mux, for paths that are none of the API's.</summary>
public static class PlainText
{
    public static Task BadRequestAsync(HttpContext context)
    {
        context.Response.StatusCode = 400;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync("400 Bad Request", context.RequestAborted);
    }

    /// <summary>The server has as many requests as it takes; upstream's words.</summary>
    public static Task TooManyRequestsAsync(HttpContext context, int retryAfterSeconds)
    {
        context.Response.Headers.RetryAfter = retryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return ErrorAsync(
            context, StatusCodes.Status429TooManyRequests, "Too many requests, please try again later.\n");
    }

    /// <summary>What was wanted could not be decided; upstream's words.</summary>
    public static Task InternalErrorAsync(HttpContext context, Status failure)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget
            .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
        return ErrorAsync(
            context, failure.Code,
            $"Internal Server Error: {GoText.Quote(target)}: {failure.Details?.Causes?[0].Message}\n");
    }

    public static Task NotFoundAsync(HttpContext context) =>
        ErrorAsync(context, StatusCodes.Status404NotFound, "404 page not found\n");

    /// <summary>A server that this one stands before cannot be reached; upstream's words.</summary>
    public static Task ServiceUnavailableAsync(HttpContext context, string why) =>
        ErrorAsync(context, StatusCodes.Status503ServiceUnavailable, why + "\n");

    /// <summary>What another server answered is not handed on; in upstream's words and no more.</summary>
    public static Task BadGatewayAsync(HttpContext context, string why)
    {
        context.Response.StatusCode = StatusCodes.Status502BadGateway;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(why, context.RequestAborted);
    }

    /// <summary>What Go's <c>http.Error</c> writes.</summary>
    private static Task ErrorAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
