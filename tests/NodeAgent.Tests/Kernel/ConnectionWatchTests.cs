using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

public sealed class ConnectionWatchTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-watch-");
    private readonly Socket _server = NewSocket();
    private readonly ConnectionWatch _watch = new();
    private readonly List<bool> _news = [];

    public ConnectionWatchTests()
    {
        _server.Bind(Endpoint);
        _server.Listen();
        _watch.Changed += () => _news.Add(_watch.IsOpen);
    }

    private UnixDomainSocketEndPoint Endpoint => new(Path.Combine(_directory.FullName, "server.sock"));

    public void Dispose()
    {
        _server.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void It_is_open_from_the_first_connection_to_the_end_of_the_last()
    {
        Assert.True(_watch.WhenClosed.IsCompleted);
        var (one, two) = (Connect(), Connect());
        one.Dispose();
        one.Dispose();
        Assert.True(_watch.IsOpen);
        Assert.False(_watch.WhenClosed.IsCompleted);

        two.Dispose();
        Assert.True(_watch.WhenClosed.IsCompleted);
        Assert.Equal([true, false], _news);
    }

    [Fact]
    public void A_connection_that_has_ended_before_it_is_followed_never_counts()
    {
        using var unconnected = NewSocket();
        Assert.Throws<IOException>(() => _watch.Follow(unconnected));
        GC.Collect();
        GC.WaitForPendingFinalizers(); // also streams that could not be made have one
        Assert.Empty(_news);

        using var next = Connect();
        Assert.True(_watch.IsOpen);
        Assert.Equal([true], _news);
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private Stream Connect()
    {
        var socket = NewSocket();
        socket.Connect(Endpoint);
        return _watch.Follow(socket);
    }
}
