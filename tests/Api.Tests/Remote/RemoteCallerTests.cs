using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Remote;

/// <summary>What is fetched for others tells them nothing of a server's refusals but their codes.</summary>
public sealed class RemoteCallerTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("key", "Bearer key")]
    public async Task APlainFetchSaysCodeAndReasonAlone(string bearer, string authorization)
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["localhost"]);
        IHeaderDictionary? headers = null;
        await using var server = await TestRemote.StartAsync(certificate, (_, context) =>
        {
            headers = new HeaderDictionary(context.Request.Headers.ToDictionary());
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("""{"kind":"Status","message":"secret"}""");
        });
        using var connections = new RemoteConnections(null!, TimeProvider.System);
        var url = server.Url("/claims");

        var answer = await new RemoteCaller(connections, TimeProvider.System).FetchPlainAsync(
            RemoteTarget.OfUrl(url, authority.Bundle)!, url, bearer, TimeSpan.FromSeconds(30), 1000, "refused: ",
            CancellationToken.None);

        Assert.Equal("refused: 404 Not Found", answer.Error!.Message);
        Assert.Equal("", headers!.Accept.ToString());
        Assert.Equal(authorization, headers.Authorization.ToString());
    }
}
