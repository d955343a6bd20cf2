using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>
/// Asks the host's resolvers for names that are not the cluster's, and remembers their answers for as long as they say
/// (bounded in number, size and time). One server after the other, those that did not answer lately last.
/// </summary>
/// <param name="resolvConf">File that names the host's resolvers.</param>
/// <param name="own">Addresses of our own, which must not be asked.</param>
/// <param name="time">Clock of the cache.</param>
/// <param name="port">Port of the resolvers.</param>
public sealed class Forwarder(string resolvConf, IReadOnlyCollection<IPAddress> own, TimeProvider time, int port = 53)
{
    private const int MaxReplyBytes = 4096;
    private const int MaxRemembered = 10_000;
    private const int MaxAtOnce = 1000;
    private const int AttemptsPerServer = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    // A negative answer without the record that says how long it holds.
    private static readonly TimeSpan UnsignedNegativeAge = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AvoidFor = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _slots = new(MaxAtOnce, MaxAtOnce);
    private readonly ConcurrentDictionary<Asked, (byte[] Message, SteadyTime Since, SteadyTime Until)> _cache = new();
    private readonly ConcurrentDictionary<IPAddress, SteadyTime> _silent = new();

    /// <summary>What shapes an answer: not who asks, nor how the name is spelt.</summary>
    private readonly record struct Asked(
        string Name, DnsType Type, ushort Class, bool HasEdns, bool WantsSignatures, bool IsCheckingDisabled);

    /// <summary>
    /// The answer as the resolver gave it, under the question's id; null when no resolver answers or too many wait.
    /// </summary>
    public async Task<byte[]?> AskAsync(DnsQuestion question, bool overTcp, CancellationToken cancellationToken)
    {
        var key = new Asked(
            question.Name, question.Type, question.Class, question.HasEdns, question.WantsSignatures,
                question.IsCheckingDisabled);
        var now = time.GetSteadyTime();
        if (!overTcp && _cache.TryGetValue(key, out var known) && known.Until > now)
        {
            return DnsQuery.Readdress(known.Message, question, (int)(now - known.Since).TotalSeconds);
        }

        if (!await _slots.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return null;
        }

        try
        {
            if (await AskAllAsync(DnsQuery.Write(question), overTcp, cancellationToken) is not { } answer)
            {
                return null;
            }

            if (!overTcp)
            {
                Remember(key, answer);
            }

            return DnsQuery.Readdress(answer, question, ageSeconds: 0);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<byte[]?> AskAllAsync(byte[] query, bool overTcp, CancellationToken cancellationToken)
    {
        var servers = HostResolvers.Read(resolvConf)
            .Where(address => !own.Contains(address))
            .OrderBy(address => _silent.TryGetValue(address, out var until) && until > time.GetSteadyTime())
            .ToList();
        for (var attempt = 0; attempt < AttemptsPerServer * servers.Count; attempt++)
        {
            var server = servers[attempt % servers.Count];
            using var patience = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                var answer = await (overTcp
                    ? AskTcpAsync(query, new IPEndPoint(server, port), either.Token)
                    : AskUdpAsync(query, new IPEndPoint(server, port), either.Token));
                _silent.TryRemove(server, out _);
                return answer;
            }
            catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _silent[server] = time.GetSteadyTime() + AvoidFor;
            }
        }

        return null;
    }

    private static async Task<byte[]> AskUdpAsync(byte[] query, IPEndPoint server, CancellationToken cancellationToken)
    {
        // A port of its own for every question: guessing it is half of what forging an answer takes.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[MaxReplyBytes];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, cancellationToken);
            if (IsReplyTo(buffer.AsSpan(0, count), query))
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

    private static async Task<byte[]> AskTcpAsync(byte[] query, IPEndPoint server, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var answer = await DnsOverTcp.ExchangeAsync(stream, query, cancellationToken);
        return IsReplyTo(answer, query) ? answer : throw new IOException("the resolver answered another question");
    }

    private void Remember(Asked key, byte[] answer)
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

        var now = time.GetSteadyTime();
        _cache[key] = (answer, now, now + Age(answer));
    }

    // The least time to live of all records, and of the time that the authority gives what does not exist.
    private static TimeSpan Age(ReadOnlySpan<byte> message)
    {
        var least = (uint)MaxAge.TotalSeconds;
        var records = DnsQuery.Records(message);
        foreach (var (type, position) in records)
        {
            if (type != DnsType.Opt)
            {
                least = Math.Min(least, BinaryPrimitives.ReadUInt32BigEndian(message[(position + 4)..]));
            }

            if (type == DnsType.Soa && DnsQuery.LastNumber(message, position) is { } minimum)
            {
                least = Math.Min(least, minimum);
            }
        }

        return records.TrueForAll(r => r.Type == DnsType.Opt) ? UnsignedNegativeAge : TimeSpan.FromSeconds(least);
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
    public static async Task WriteAsync(
        Stream stream, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
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
