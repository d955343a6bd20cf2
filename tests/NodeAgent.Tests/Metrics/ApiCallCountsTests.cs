using System.Net;
using OrleansOrchestrator.NodeAgent.Metrics;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Metrics;

public sealed class ApiCallCountsTests
{
    /// <summary>What alerts on clients ask for: how many requests failed, and how.</summary>
    [Fact]
    public async Task Requests_are_counted_by_what_came_of_them()
    {
        var counts = new ApiCallCounts(TimeProvider.System);
        using var handler = counts.Handler();
        using var end = new Answering();
        handler.InnerHandler = end;
        using var client = new HttpMessageInvoker(handler);

        await SendAsync(HttpMethod.Get, "/version");
        await SendAsync(HttpMethod.Get, "/version");
        await SendAsync(HttpMethod.Patch, "/away");
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(HttpMethod.Get, "/gone"));

        var text = new MetricsText();
        counts.Write(text);
        var lines = text.ToString().Split('\n');
        const string Total = "rest_client_requests_total";
        Assert.Contains($"{Total}{{code=\"200\",host=\"api:6443\",method=\"GET\"}} 2", lines);
        Assert.Contains($"{Total}{{code=\"503\",host=\"api:6443\",method=\"PATCH\"}} 1", lines);
        Assert.Contains($"{Total}{{code=\"<error>\",host=\"api:6443\",method=\"GET\"}} 1", lines);
        Assert.Contains("rest_client_request_duration_seconds_count{verb=\"GET\"} 3", lines);
        Assert.Contains("rest_client_request_duration_seconds_bucket{verb=\"PATCH\",le=\"+Inf\"} 1", lines);

        async Task SendAsync(HttpMethod method, string path)
        {
            using var request = new HttpRequestMessage(method, new Uri($"https://api:6443{path}"));
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        }
    }

    private sealed class Answering : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) => request.RequestUri!.AbsolutePath switch
        {
            "/gone" => Task.FromException<HttpResponseMessage>(new HttpRequestException("gone")),
            "/away" => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)),
            _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)),
        };
    }
}
