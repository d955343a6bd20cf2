using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Server;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>Ports of pods on the machine's own network, where no runtime has to be asked.</summary>
public sealed class PodDialerTests : IDisposable
{
    private readonly CriClient _cri = new("/nowhere");

    public void Dispose() => _cri.Dispose();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_program_on_the_loopback_of_IPv6_alone_is_reached(string address)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "needs IPv6");
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();

        await using var stream = await DialAsync(((IPEndPoint)listener.LocalEndpoint).Port);

        using var accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        Assert.Equal(stream.Socket.LocalEndPoint, accepted.Client.RemoteEndPoint);
    }

    [Fact]
    public async Task Where_nobody_listens_the_refusal_is_told()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var refusal = await Assert.ThrowsAsync<SocketException>(() => DialAsync(port));

        Assert.Equal(SocketError.ConnectionRefused, refusal.SocketErrorCode);
    }

    private Task<NetworkStream> DialAsync(int port) => new PodDialer(_cri).ConnectAsync(
        "none", hostNetwork: true, port, TestContext.Current.CancellationToken);
}
