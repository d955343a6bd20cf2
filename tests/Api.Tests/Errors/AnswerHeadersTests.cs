using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Errors;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Errors;

public sealed class AnswerHeadersTests
{
    /// <summary>
    /// What may not be in an answer's header would end the request without an answer, whoever sends it.
    /// </summary>
    [Theory]
    [InlineData("mine", true)]
    [InlineData("é", false)]
    [InlineData("a\u0001", false)]
    [InlineData("", false)]
    public async Task A_request_is_named_by_its_client_in_printable_characters_only(string given, bool isKept)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.UseAnswerHeaders();
        app.Run(_ => Task.CompletedTask);
        var context = new DefaultHttpContext();
        context.Request.Headers["Audit-Id"] = given;
        await app.Build()(context);
        var answered = context.Response.Headers["Audit-Id"].ToString();
        Assert.Equal(isKept, answered == given);
        Assert.NotEmpty(answered);
    }

    /// <summary>Every answer tells browsers of TLS, also one that was begun and is given up for another.</summary>
    [Theory]
    [InlineData("max-age=31536000; includeSubDomains")]
    [InlineData("")]
    public async Task Browsers_are_told_of_TLS(string directives)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.UseAnswerHeaders(directives);
        app.Run(static context =>
        {
            AnswerHeaders.Restart(context.Response);
            return Task.CompletedTask;
        });
        var context = new DefaultHttpContext();
        await app.Build()(context);

        Assert.Equal(directives, context.Response.Headers.StrictTransportSecurity.ToString());
        Assert.Equal(directives.Length > 0, context.Response.Headers.ContainsKey("Strict-Transport-Security"));
    }
}
