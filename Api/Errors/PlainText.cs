using Microsoft.AspNetCore.Http;

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

    public static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = 404;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync("404 page not found\n", context.RequestAborted);
    }
}
