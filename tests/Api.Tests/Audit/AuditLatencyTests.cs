using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>Events of slow requests say where the time went.</summary>
public sealed class AuditLatencyTests
{
    private static readonly UserIdentity User = new() { Name = "jane" };

    private readonly ManualTime _time = new();
    private readonly Recorder _events = new();

    [Theory]
    [InlineData(500, """{}""")]
    [InlineData(
        501,
        """
        {"apiserver.latency.k8s.io/apf-queue-wait":"200ms","apiserver.latency.k8s.io/authorization":"1ms",
        "apiserver.latency.k8s.io/etcd":"40ms","apiserver.latency.k8s.io/impersonation":"2ms",
        "apiserver.latency.k8s.io/mutating-webhook":"30ms","apiserver.latency.k8s.io/total":"501ms",
        "apiserver.latency.k8s.io/validating-webhook":"20ms"}
        """)]
    public async Task ARequestThatTookHalfASecondIsNotSlow(int milliseconds, string annotations)
    {
        var context = new DefaultHttpContext();
        context.Features.Get<IHttpRequestFeature>()!.RawTarget = "/api/v1/namespaces/default/configmaps";
        var waits = RequestWaits.Of(context);
        var log = Log();
        await AuditLog.WatchAsync(context, async answering =>
        {
            await log.BeginAsync(answering, Request(), User, isLong: false);
            RequestWaits.Authenticated(context, TimeSpan.FromMilliseconds(0.9));
            RequestWaits.Acted(context, TimeSpan.FromMilliseconds(2));
            RequestWaits.Authorized(context, TimeSpan.FromMilliseconds(1));
            waits.Queued(TimeSpan.FromMilliseconds(200));
            waits.Mutated(TimeSpan.FromMilliseconds(10));
            waits.Mutated(TimeSpan.FromMilliseconds(20));
            waits.Validated(TimeSpan.FromMilliseconds(20));
            waits.Validated(TimeSpan.FromMilliseconds(5));
            waits.Stored(TimeSpan.FromMilliseconds(40));
            _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        });

        Assert.Null((await _events.NextAsync())["annotations"]);
        var told = (await _events.NextAsync())["annotations"] ?? new JsonObject();
        Assert.Equal(JsonNode.Parse(annotations)!.ToJsonString(), told.ToJsonString());
        Assert.Equal(TimeSpan.FromMilliseconds(250), waits.Total);
    }

    [Fact]
    public async Task AWriteInProcessIsToldLikeOne()
    {
        var log = Log();
        var record = (await log.BeginAsync(Request(), User))!.Value.Required;
        _time.Advance(TimeSpan.FromSeconds(1));
        await log.EndAsync(record, new AuditStatus(201));

        await _events.NextAsync();
        Assert.Equal(
            """{"apiserver.latency.k8s.io/total":"1s"}""", (await _events.NextAsync())["annotations"]!.ToJsonString());
    }

    private static RequestInfo Request() =>
        RequestInfoReader.Read("POST", "/api/v1/namespaces/default/configmaps").Required;

    private AuditLog Log()
    {
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var policy = AuditPolicyReader.Read(
            "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}"u8);
        return new AuditLog(
            policy, [_events], new AuditMetrics(services.GetRequiredService<IMeterFactory>()), _time);
    }
}
