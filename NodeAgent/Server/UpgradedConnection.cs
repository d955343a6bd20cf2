using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// The client side of an HTTP/1.1 upgrade: to the streaming server of the container runtime, which speaks SPDY on a
/// plain loopback port.
/// </summary>
public sealed class UpgradedConnection : IAsyncDisposable
{
    private const int MaxHeadBytes = 16 * 1024;

    private UpgradedConnection(Stream stream, IReadOnlyDictionary<string, string> headers)
    {
        Stream = stream;
        Headers = headers;
    }

    /// <summary>The bytes after the upgrade.</summary>
    public Stream Stream { get; }

    /// <summary>The headers of the 101 answer.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Connects and upgrades to SPDY/3.1; an answer other than 101 is a <see cref="StreamRefusedException"/>
    /// with its text.</summary>
    public static async Task<UpgradedConnection> OpenSpdyAsync(
        Uri url, IEnumerable<string> protocols, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(url.Host, url.Port, cancellationToken);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Request(url, protocols)), cancellationToken);
            var (status, headers) = await ReadHeadAsync(stream, cancellationToken);
            return status == 101
                ? new UpgradedConnection(stream, headers)
                : throw new StreamRefusedException(status, await ReadBodyAsync(stream, headers, cancellationToken));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private static string Request(Uri url, IEnumerable<string> protocols)
    {
        var request = new StringBuilder();
        request.Append(CultureInfo.InvariantCulture, $"POST {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\n");
        request.Append("Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n");
        foreach (var protocol in protocols)
        {
            request.Append(CultureInfo.InvariantCulture, $"X-Stream-Protocol-Version: {protocol}\r\n");
        }

        return request.Append("\r\n").ToString();
    }

    // Without a length it ends with the connection.
    private static async Task<string> ReadBodyAsync(
        NetworkStream stream, Dictionary<string, string> headers, CancellationToken cancellationToken)
    {
        var length = headers.TryGetValue("Content-Length", out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
                ? Math.Min(given, MaxHeadBytes)
                : MaxHeadBytes;
        var body = new byte[length];
        var count = await stream.ReadAtLeastAsync(body, length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(body, 0, count).TrimEnd();
    }

    // Byte by byte, because what follows the head belongs to the upgraded protocol.
    private static async Task<(int Status, Dictionary<string, string> Headers)> ReadHeadAsync(
        NetworkStream stream, CancellationToken cancellationToken)
    {
        var head = new MemoryStream();
        var one = new byte[1];
        while (!EndsWithBlankLine(head))
        {
            if (head.Length >= MaxHeadBytes || await stream.ReadAsync(one, cancellationToken) == 0)
            {
                throw new IOException("the container runtime closed the connection during the upgrade");
            }

            head.WriteByte(one[0]);
        }

        return ParseHead(Encoding.ASCII.GetString(head.ToArray()));
    }

    /// <summary>Status and headers of an answer's head; what is no head is an <see cref="IOException"/>.</summary>
    public static (int Status, Dictionary<string, string> Headers) ParseHead(string head)
    {
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (lines is not [var first, ..] || first.Split(' ') is not [_, var code, ..]
            || !int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status))
        {
            throw new IOException("the container runtime does not speak HTTP");
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[colon < 0 ? line : line[..colon]] = colon < 0 ? "" : line[(colon + 1)..].Trim();
        }

        return (status, headers);
    }

    private static bool EndsWithBlankLine(MemoryStream head)
    {
        var bytes = head.GetBuffer().AsSpan(0, (int)head.Length);
        return bytes.EndsWith("\r\n\r\n"u8);
    }
}
