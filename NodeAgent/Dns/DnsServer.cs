using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>
/// Answers pods' questions over UDP and TCP, on the cluster DNS address itself: every node has that address on a link
/// of its own, so look-ups never leave the node.
/// </summary>
public sealed partial class DnsServer(ClusterZone zone, Forwarder forwarder, ILogger<DnsServer> logger)
{
    private const int MaxMessageBytes = 65535;
    private const int MaxTcpConnections = 100;
    private const int MaxQueriesAtOnce = 2000;
    private static readonly TimeSpan TcpIdle = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _connections = new(MaxTcpConnections, MaxTcpConnections);
    private readonly SemaphoreSlim _queries = new(MaxQueriesAtOnce, MaxQueriesAtOnce);

    /// <summary>Serves until cancelled. Throws <see cref="SocketException"/> when the address cannot be had.</summary>
    public async Task RunAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        using var udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(address);
        using var tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        tcp.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        tcp.Bind(address);
        tcp.Listen();
        LogListening(address);
        await Task.WhenAll(ServeUdpAsync(udp, cancellationToken), ServeTcpAsync(tcp, cancellationToken));
    }

    /// <summary>The answer to one message; null when it deserves none.</summary>
    public async ValueTask<byte[]?> AnswerAsync(ReadOnlyMemory<byte> message, bool overTcp, CancellationToken cancellationToken)
    {
        var question = DnsQuestion.Parse(message.Span, out var error);
        if (question is null)
        {
            return error == DnsCode.NoError ? null : DnsWriter.WriteError(message.Span, error);
        }

        if (question.EdnsVersion > 0)
        {
            return DnsWriter.Write(question, new DnsAnswer { Code = DnsCode.BadVersion, IsAuthoritative = false },
                question.MaxAnswerBytes);
        }

        var limit = overTcp ? MaxMessageBytes : question.MaxAnswerBytes;
        if (zone.Resolve(question) is { } answer)
        {
            answer = await FollowAliasAsync(question, answer, cancellationToken);
            return DnsWriter.Write(question, answer, limit);
        }

        if (await forwarder.AskAsync(question, overTcp, cancellationToken) is { } reply)
        {
            return reply.Length <= limit ? reply : DnsWriter.WriteCut(question);
        }

        return DnsWriter.Write(
            question, new DnsAnswer { Code = DnsCode.ServerFailure, IsAuthoritative = false }, limit);
    }

    // The alias of an ExternalName Service may itself be a name of the cluster; for others the resolver of the client
    // goes on with the alias.
    private async ValueTask<DnsAnswer> FollowAliasAsync(
        DnsQuestion question, DnsAnswer answer, CancellationToken cancellationToken)
    {
        const int MaxAliases = 8;
        var records = answer.Answers.ToList();
        var seen = new HashSet<string>(StringComparer.Ordinal) { question.Name };
        for (var i = 0; i < MaxAliases && records is [.., { Type: DnsType.Cname } alias] && question.Type is DnsType.A or DnsType.Aaaa; i++)
        {
            var target = question.About(ReadName(alias.Data));
            if (!seen.Add(target.Name))
            {
                break; // aliases of each other: each is said once
            }

            if (zone.Resolve(target) is not { } next)
            {
                return answer with { Answers = [.. records, .. await AskAsync(target, cancellationToken)] };
            }

            records.AddRange(next.Answers);
            if (next.Answers.Count == 0)
            {
                break;
            }
        }

        return answer with { Answers = records };
    }

    private async Task<IReadOnlyList<DnsRecord>> AskAsync(DnsQuestion target, CancellationToken cancellationToken)
    {
        var reply = await forwarder.AskAsync(target, overTcp: false, cancellationToken);
        return reply is null ? [] : DnsQuery.ReadAddresses(reply, target);
    }

    private static string ReadName(byte[] wire)
    {
        var labels = new List<string>();
        for (var position = 0; wire[position] != 0; position += wire[position] + 1)
        {
            labels.Add(System.Text.Encoding.ASCII.GetString(wire, position + 1, wire[position]));
        }

        return string.Join('.', labels);
    }

    private async Task ServeUdpAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxMessageBytes];
        var anyone = new IPEndPoint(
            socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, anyone, cancellationToken);
                if (await _queries.WaitAsync(TimeSpan.Zero, cancellationToken))
                {
                    _ = AnswerUdpAsync(
                        socket, buffer[..received.ReceivedBytes], received.RemoteEndPoint, cancellationToken);
                }
            }
            catch (SocketException failure)
            {
                LogReceiveFailed(failure.Message);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task AnswerUdpAsync(
        Socket socket, byte[] message, EndPoint client, CancellationToken cancellationToken)
    {
        try
        {
            if (await AnswerAsync(message, overTcp: false, cancellationToken) is { } answer)
            {
                await socket.SendToAsync(answer, client, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            LogAnswerFailed(failure);
        }
        finally
        {
            _queries.Release();
        }
    }

    private async Task ServeTcpAsync(Socket listener, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _connections.WaitAsync(cancellationToken);
                _ = ServeConnectionAsync(await listener.AcceptAsync(cancellationToken), cancellationToken);
            }
            catch (SocketException failure)
            {
                _connections.Release();
                LogReceiveFailed(failure.Message);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ServeConnectionAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            while (true)
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                idle.CancelAfter(TcpIdle);
                if (await DnsOverTcp.ReadAsync(stream, idle.Token) is not { } message ||
                    await AnswerAsync(message, overTcp: true, idle.Token) is not { } answer)
                {
                    return;
                }

                await DnsOverTcp.WriteAsync(stream, answer, idle.Token);
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or SocketException)
        {
            LogConnectionEnded(failure.Message);
        }
        catch (Exception failure)
        {
            LogAnswerFailed(failure);
        }
        finally
        {
            _connections.Release();
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Cluster DNS answers on {Address}")]
    private partial void LogListening(IPEndPoint address);

    [LoggerMessage(2, LogLevel.Warning, "Receiving a DNS query failed: {Problem}")]
    private partial void LogReceiveFailed(string problem);

    [LoggerMessage(3, LogLevel.Error, "A DNS query could not be answered")]
    private partial void LogAnswerFailed(Exception failure);

    [LoggerMessage(4, LogLevel.Debug, "A DNS connection ended: {Problem}")]
    private partial void LogConnectionEnded(string problem);
}
