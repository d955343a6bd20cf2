using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace OrleansOrchestrator.Golden;

/// <summary>An answer as it came over the wire.</summary>
public sealed record RawAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body);

/// <summary>
/// HTTP/1.1 over one connection, sending exactly what it is told: HttpClient would tidy paths and headers that
/// recordings are about.
/// </summary>
public sealed class RawHttpClient(string host, int port, bool tls = false) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private TcpClient? _connection;
    private Stream? _output;
    private BufferedStream? _stream;

    /// <summary>
    /// Sends a request and reads its whole answer; tries once more on a fresh connection when the old one has gone.
    /// </summary>
    public async Task<RawAnswer> SendAsync(
        string method, string path, IEnumerable<KeyValuePair<string, string>> headers, byte[]? body)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ExchangeAsync(method, path, headers, body).WaitAsync(Timeout);
            }
            catch (Exception failure) when (failure is IOException or SocketException && attempt == 0)
            {
                Close();
            }
        }
    }

    /// <summary>Sends a request and reads the head of its answer; the connection is closed then.</summary>
    public async Task<RawAnswer> SendForHeadAsync(
        string method, string path, IEnumerable<KeyValuePair<string, string>> headers)
    {
        await WriteAsync(method, path, headers, null).WaitAsync(Timeout);
        var (status, found) = await ReadHeadAsync(_stream!).WaitAsync(Timeout);
        Close();
        return new RawAnswer(status, found, []);
    }

    public void Dispose() => Close();

    private async Task<RawAnswer> ExchangeAsync(
        string method, string path, IEnumerable<KeyValuePair<string, string>> headers, byte[]? body)
    {
        await WriteAsync(method, path, headers, body);
        return await ReadAnswerAsync(_stream!, method);
    }

    private async Task WriteAsync(
        string method, string path, IEnumerable<KeyValuePair<string, string>> headers, byte[]? body)
    {
        if (_stream is null)
        {
            _connection = new TcpClient { NoDelay = true };
            await _connection.ConnectAsync(host, port);
            _output = tls ? await SecureAsync(_connection.GetStream()) : _connection.GetStream();
            _stream = new BufferedStream(_output);
        }

        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{method} {path} HTTP/1.1\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        if (body is not null || method is "POST" or "PUT" or "PATCH")
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body?.Length ?? 0}\r\n");
        }

        await _output!.WriteAsync((byte[])[.. Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()), .. body ?? []]);
    }

    /// <summary>Whoever answers: a test's own server is not asked who it is.</summary>
    private async Task<Stream> SecureAsync(NetworkStream plain)
    {
        var secure = new SslStream(plain);
#pragma warning disable CA5359 // It runs in this process.
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host, RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        });
#pragma warning restore CA5359
        return secure;
    }

    private static async Task<(int Status, List<KeyValuePair<string, string>> Headers)> ReadHeadAsync(Stream stream)
    {
        var status = int.Parse((await LineAsync(stream)).Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = new List<KeyValuePair<string, string>>();
        while (await LineAsync(stream) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }

        return (status, headers);
    }

    private async Task<RawAnswer> ReadAnswerAsync(Stream stream, string method)
    {
        var (status, headers) = await ReadHeadAsync(stream);
        var length = Find(headers, "Content-Length");
        var body = method == "HEAD" || status is 204 or 304 ? []
            : Find(headers, "Transfer-Encoding") == "chunked" ? await ChunksAsync(stream)
            : length is not null ? await ExactAsync(stream, int.Parse(length, CultureInfo.InvariantCulture))
            : await RestAsync(stream);
        if (Find(headers, "Connection") == "close" || (length is null && Find(headers, "Transfer-Encoding") is null))
        {
            Close();
        }

        return new RawAnswer(status, headers, body);
    }

    private static string? Find(List<KeyValuePair<string, string>> headers, string name) =>
        headers.FirstOrDefault(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static async Task<byte[]> ChunksAsync(Stream stream)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = int.Parse(await LineAsync(stream), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            await body.WriteAsync(await ExactAsync(stream, size));
            await LineAsync(stream);
            if (size == 0)
            {
                return body.ToArray();
            }
        }
    }

    private static async Task<byte[]> ExactAsync(Stream stream, int length)
    {
        var body = new byte[length];
        await stream.ReadExactlyAsync(body);
        return body;
    }

    private static async Task<byte[]> RestAsync(Stream stream)
    {
        using var body = new MemoryStream();
        await stream.CopyToAsync(body);
        return body.ToArray();
    }

    private static async Task<string> LineAsync(Stream stream)
    {
        var line = new List<byte>(64);
        var one = new byte[1];
        while (true)
        {
            if (await stream.ReadAsync(one) == 0)
            {
                throw new IOException("the connection closed within a line");
            }

            if (one[0] == '\n')
            {
                return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(one[0]);
        }
    }

    private void Close()
    {
        _stream?.Dispose();
        _connection?.Dispose();
        _stream = null;
        _output = null;
        _connection = null;
    }
}
