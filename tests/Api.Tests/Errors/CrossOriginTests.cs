using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Errors;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Errors;

/// <summary>Pages of other origins read answers where they are let; browsers that ask beforehand are told.</summary>
public sealed class CrossOriginTests
{
    private static readonly Regex[] Allowed = [new(@"//example\.com(:|$)"), new("^https://other$")];

    [Theory]
    [InlineData("GET", "https://example.com", true, 401)]
    [InlineData("GET", "http://example.com:8080", true, 401)]
    [InlineData("OPTIONS", "https://other", true, 204)]
    [InlineData("GET", "https://example.com.evil", false, 401)]
    [InlineData("OPTIONS", "https://evil", false, 401)]
    [InlineData("OPTIONS", "", false, 401)]
    public async Task Origins_that_are_allowed_are_told_so(string method, string origin, bool isAllowed, int status)
    {
        var response = await AskAsync(Allowed, method, origin);

        (string, string)[] told = isAllowed
            ?
            [
                ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Allow-Headers",
                    "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, "
                        + "If-Modified-Since"),
                ("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE, PATCH"),
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Expose-Headers", "Date"),
            ]
            : [];
        Assert.Equal(status, response.StatusCode);
        Assert.Equal(
            told,
            response.Headers.Where(static h => h.Key.StartsWith("Access-", StringComparison.Ordinal))
                .Select(static h => (h.Key, h.Value.ToString())).Order());
    }

    [Fact]
    public async Task Without_any_nobody_is_told()
    {
        var response = await AskAsync([], "OPTIONS", "https://example.com");

        Assert.Equal(401, response.StatusCode);
        Assert.False(response.Headers.ContainsKey("Access-Control-Allow-Origin"));
    }

    /// <summary>Behind it is an API that knows nobody, and gives up an answer that it began for its refusal.</summary>
    private static async Task<HttpResponse> AskAsync(Regex[] allowed, string method, string origin)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.UseCrossOrigin(allowed);
        app.Run(static context =>
        {
            AnswerHeaders.Restart(context.Response);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.Headers.Origin = origin;
        await app.Build()(context);
        return context.Response;
    }
}
