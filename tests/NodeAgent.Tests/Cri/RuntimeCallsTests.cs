using Grpc.Core;
using Grpc.Core.Interceptors;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Cri;

/// <summary>Callers of the runtime catch what gRPC says, and nothing else.</summary>
public sealed class RuntimeCallsTests
{
    private static readonly Method<VersionRequest, VersionResponse> Version = new(
        MethodType.Unary, "runtime.v1.RuntimeService", "Version",
        Marshallers.Create(static _ => Array.Empty<byte>(), static _ => new VersionRequest()),
        Marshallers.Create(static _ => Array.Empty<byte>(), static _ => new VersionResponse()));

    [Fact]
    public async Task A_deadline_that_passes_while_the_request_is_written_is_a_deadline()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => CallAsync(CancellationToken.None));

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task Who_cancels_a_call_sees_it_cancelled()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CallAsync(source.Token));
    }

    /// <summary>A call that the library ends as it does when it is interrupted while it writes.</summary>
    private static async Task CallAsync(CancellationToken cancellationToken)
    {
        var context = new ClientInterceptorContext<VersionRequest, VersionResponse>(
            Version, null, new CallOptions(cancellationToken: cancellationToken));
        using var call = new RuntimeCalls().AsyncUnaryCall(new VersionRequest(), context, static (_, _) =>
            new AsyncUnaryCall<VersionResponse>(
                Task.FromException<VersionResponse>(new OperationCanceledException()),
                Task.FromResult(new Metadata()), static () => Grpc.Core.Status.DefaultSuccess,
                static () => [], static () => { }));
        await call.ResponseAsync;
    }
}
