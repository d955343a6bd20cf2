using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Devices;

/// <summary>How often the PodResources API may be asked.</summary>
public sealed class PodResourcesGateTests
{
    [Fact]
    public async Task More_than_a_hundred_questions_a_second_are_refused()
    {
        var time = new ManualTime();
        var gate = new PodResourcesGate(new KubeletMeters(), time);
        for (var i = 0; i < PodResourcesGate.Burst; i++)
        {
            await AskAsync(gate);
        }

        var refused = await Assert.ThrowsAsync<RpcException>(() => AskAsync(gate));
        Assert.Equal(
            (StatusCode.ResourceExhausted, "rejected by rate limit"), (refused.StatusCode, refused.Status.Detail));

        time.Now += TimeSpan.FromMilliseconds(10);
        await AskAsync(gate);
        await Assert.ThrowsAsync<RpcException>(() => AskAsync(gate));
    }

    private static async Task AskAsync(PodResourcesGate gate) => Assert.Equal("answer", await gate.UnaryServerHandler(
        "question", new Call(), static (_, _) => Task.FromResult("answer")));

    /// <summary>Of which only the method is asked.</summary>
    private sealed class Call : ServerCallContext
    {
        protected override string MethodCore => "/v1.PodResourcesLister/List";

        protected override string HostCore => "";

        protected override string PeerCore => "";

        protected override DateTime DeadlineCore => DateTime.MaxValue;

        protected override Metadata RequestHeadersCore => [];

        protected override CancellationToken CancellationTokenCore => CancellationToken.None;

        protected override Metadata ResponseTrailersCore => [];

        protected override Status StatusCore { get; set; }

        protected override WriteOptions? WriteOptionsCore { get; set; }

        protected override AuthContext AuthContextCore => new("", []);

        protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
            throw new NotSupportedException();

        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
    }
}
