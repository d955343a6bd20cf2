using System.Net.Sockets;
using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>Calls to somebody who listens and never answers, as a runtime that hangs.</summary>
public sealed class UnixChannelsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-mute-");
    private readonly Socket _mute = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CriClient _client;

    public UnixChannelsTests()
    {
        var path = Path.Combine(_directory.FullName, "mute.sock");
        _mute.Bind(new UnixDomainSocketEndPoint(path));
        _mute.Listen();
        _client = new CriClient(path);
    }

    public void Dispose()
    {
        _client.Dispose();
        _mute.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Who_does_not_answer_in_time_has_failed_as_for_clients_in_Go()
    {
        var late = await Assert.ThrowsAsync<RpcException>(() => UnixChannels.CallAsync(
            options => _client.Runtime.StatusAsync(new StatusRequest(), options), Patience,
            TestContext.Current.CancellationToken));

        Assert.Equal("rpc error: code = DeadlineExceeded desc = context deadline exceeded", CriErrors.Text(late));
        Assert.False(await _client.AnswersAsync(Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Who_does_not_want_an_answer_any_more_is_told_so()
    {
        using var stop = new CancellationTokenSource();
        var call = UnixChannels.CallAsync(
            options => _client.Runtime.StatusAsync(new StatusRequest(), options), TimeSpan.FromHours(1), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }
}
