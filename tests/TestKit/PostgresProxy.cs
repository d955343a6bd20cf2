using System.Net.Sockets;

namespace OrleansOrchestrator.TestKit;

/// <summary>What the proxy does to the next exchange.</summary>
public enum ProxyCut
{
    None,

    /// <summary>The request does not reach the server.</summary>
    BeforeServer,

    /// <summary>The server has answered, but the answer does not reach the client.</summary>
    BeforeClient,
}

/// <summary>Stands between client and PostgreSQL, and cuts connections at the worst moments.</summary>
public sealed class PostgresProxy : IAsyncDisposable
{
    private const string SocketName = ".s.PGSQL.5432";
    private const int BufferBytes = 1 << 16;

    private readonly string _directory = Directory.CreateTempSubdirectory("orc-pgproxy-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _target;
    private readonly Task _accepting;
    private int _cut;

    public PostgresProxy(string connectionString)
    {
        var settings = new Npgsql.NpgsqlConnectionStringBuilder(connectionString);
        _target = Path.Combine(settings.Host!, SocketName);
        settings.Host = _directory;
        ConnectionString = settings.ConnectionString;
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory, SocketName)));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>The way through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>True when the cut that was ordered has happened.</summary>
    public bool HasCut => Volatile.Read(ref _cut) == (int)ProxyCut.None;

    /// <summary>Cuts the next exchange, whichever connection it is on.</summary>
    public void Cut(ProxyCut cut) => Volatile.Write(ref _cut, (int)cut);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Directory.Delete(_directory, recursive: true);
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_target), _stop.Token);
            await Task.WhenAny(
                PumpAsync(client, server, ProxyCut.BeforeServer), PumpAsync(server, client, ProxyCut.BeforeClient));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The server is down; the client sees its connection closed.
        }
        finally
        {
            client.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, ProxyCut cut)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var count)
            {
                if (Interlocked.CompareExchange(ref _cut, (int)ProxyCut.None, (int)cut) == (int)cut)
                {
                    return;
                }

                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Either end went away: so does the connection.
        }
    }
}
