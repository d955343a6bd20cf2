using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>
/// Asks the host's resolvers for names that are not the cluster's, and remembers their answers for as long as they say
/// (bounded in number and time). One server after
/// the other; over TCP when an answer was cut.
/// </summary>
/// <param name="resolvConf">File that names the host's resolvers.</param>
/// <param name="own">Addresses of our own, which must not be asked.</param>
/// <param name="time">Clock of the cache.</param>
/// <param name="port">Port of the resolvers.</param>
public sealed class Forwarder(string resolvConf, IReadOnlyCollection<IPAddress> own, TimeProvider time, int port = 53)
{
    private const int MaxRememberedQueryBytes = 512;
    private const int MaxMessageBytes = 65535;
    private const int MaxRemembered = 10_000;
    private const int MaxAtOnce = 1000;
    private const int AttemptsPerServer = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _slots = new(MaxAtOnce, MaxAtOnce);
    private readonly ConcurrentDictionary<string, (byte[] Message, DateTimeOffset Until)> _cache = new();

    /// <summary>
    /// The answer as the resolver gave it, under the question's id; null when no resolver answers or too many wait.
    /// </summary>
    public async Task<byte[]?> AskAsync(ReadOnlyMemory<byte> query, DnsQuestion question, bool overTcp, CancellationToken cancellationToken)
    {
        // All of the query but its id: the case of the name and what the client can take shape the answer too.
        var key = query.Length > MaxRememberedQueryBytes ? "" : Convert.ToBase64String(query.Span[2..]);
        if (!overTcp && _cache.TryGetValue(key, out var known) && known.Until > time.GetUtcNow())
        {
            return WithId(known.Message, question.Id);
        }

        if (!await _slots.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return null;
        }

        try
        {
            var answer = await AskAllAsync(query, overTcp, cancellationToken);
            if (answer is not null && !overTcp && key.Length > 0)
            {
                Remember(key, answer);
            }

            return answer;
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<byte[]?> AskAllAsync(ReadOnlyMemory<byte> query, bool overTcp, CancellationToken cancellationToken)
    {
        var servers = Servers();
        for (var attempt = 0; attempt < AttemptsPerServer * servers.Count; attempt++)
        {
            using var patience = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                var server = new IPEndPoint(servers[attempt % servers.Count], port);
                return await (overTcp ? AskTcpAsync(query, server, either.Token) : AskUdpAsync(query, server, either.Token));
            }
            catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return null;
    }

    private static async Task<byte[]> AskUdpAsync(
        ReadOnlyMemory<byte> query, IPEndPoint server, CancellationToken cancellationToken)
    {
        // A port of its own for every question: guessing it is half of what forging an answer takes.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[MaxMessageBytes];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, cancellationToken);
            if (IsReplyTo(buffer.AsSpan(0, count), query.Span))
            {
                return buffer[..count];
            }
        }
    }

    // A reply to another question, of whatever origin, is passed over. Resolvers may change the case of the name.
    private static bool IsReplyTo(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query)
    {
        var end = Math.Min(query.Length, DnsQuery.SkipName(query, DnsQuestion.HeaderBytes) + 4);
        if (message.Length < end || !message[..2].SequenceEqual(query[..2]) || (message[2] & 0x80) == 0)
        {
            return false;
        }

        for (var i = DnsQuestion.HeaderBytes; i < end; i++)
        {
            if (char.ToLowerInvariant((char)message[i]) != char.ToLowerInvariant((char)query[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<byte[]> AskTcpAsync(ReadOnlyMemory<byte> query, IPEndPoint server, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        return await DnsOverTcp.ExchangeAsync(stream, query, cancellationToken);
    }

    // Read anew each time: laptops move between networks, and the file is tiny.
    private List<IPAddress> Servers()
    {
        if (!File.Exists(resolvConf))
        {
            return [];
        }

        return
        [
            .. File.ReadLines(resolvConf)
                .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length >= 2 && words[0] == "nameserver")
                .Select(words => IPAddress.TryParse(words[1], out var address) ? address : null)
                .OfType<IPAddress>()
                .Where(address => !own.Contains(address)),
        ];
    }

    private void Remember(string key, byte[] answer)
    {
        var code = (DnsCode)(answer[3] & 0x0f);
        var isCut = (answer[2] & 2) != 0;
        if (isCut || code is not (DnsCode.NoError or DnsCode.NameError))
        {
            return;
        }

        if (_cache.Count >= MaxRemembered)
        {
            _cache.Clear();
        }

        _cache[key] = (answer, time.GetUtcNow() + Age(answer));
    }

    // The least time to live of all records, which are found by skipping names.
    private static TimeSpan Age(ReadOnlySpan<byte> message)
    {
        var records = BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        var position = DnsQuery.SkipName(message, DnsQuestion.HeaderBytes) + 4;
        var least = (uint)MaxAge.TotalSeconds;
        for (var i = 0; i < records; i++)
        {
            position = DnsQuery.SkipName(message, position);
            if (position + 10 > message.Length)
            {
                return TimeSpan.Zero;
            }

            least = Math.Min(least, BinaryPrimitives.ReadUInt32BigEndian(message[(position + 4)..]));
            position += 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(position + 8)..]);
        }

        return TimeSpan.FromSeconds(least);
    }

    private static byte[] WithId(byte[] message, ushort id)
    {
        var copy = (byte[])message.Clone();
        BinaryPrimitives.WriteUInt16BigEndian(copy, id);
        return copy;
    }
}

/// <summary>Messages over TCP carry their length in front.</summary>
public static class DnsOverTcp
{
    /// <summary>Reads one message; null at the end of the connection.</summary>
    public static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[2];
        if (await stream.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false, cancellationToken) < 2)
        {
            return null;
        }

        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        await stream.ReadExactlyAsync(message, cancellationToken);
        return message;
    }

    /// <summary>Writes one message.</summary>
    public static async Task WriteAsync(Stream stream, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var framed = new byte[2 + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsMemory(2));
        await stream.WriteAsync(framed, cancellationToken);
    }

    /// <summary>Sends a question and reads the answer.</summary>
    public static async Task<byte[]> ExchangeAsync(Stream stream, ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        await WriteAsync(stream, query, cancellationToken);
        return await ReadAsync(stream, cancellationToken) ?? throw new IOException("the resolver closed the connection");
    }
}
