using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Dns;

namespace OrleansOrchestrator.NodeAgent.Tests.Dns;

/// <summary>
/// A resolver on loopback: 192.0.2.81 for names that begin with "big", whose answers over UDP it cuts; 192.0.2.80 for
/// others.
/// </summary>
internal sealed class UpstreamResolver : IDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public UpstreamResolver()
    {
        _udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _tcp.Bind(_udp.LocalEndPoint!);
        _tcp.Listen();
        _ = ServeUdpAsync();
        _ = ServeTcpAsync();
    }

    public int Port => ((IPEndPoint)_udp.LocalEndPoint!).Port;

    public int UdpQuestions { get; private set; }

    public int TcpQuestions { get; private set; }

    public int LoseNext { get; set; }

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    private async Task ServeUdpAsync()
    {
        var buffer = new byte[4096];
        while (true)
        {
            var received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
            UdpQuestions++;
            if (LoseNext-- <= 0)
            {
                await _udp.SendToAsync(Answer(buffer.AsSpan(0, received.ReceivedBytes), maxBytes: 40), received.RemoteEndPoint);
            }
        }
    }

    private async Task ServeTcpAsync()
    {
        while (true)
        {
            await using var stream = new NetworkStream(await _tcp.AcceptAsync(), ownsSocket: true);
            var query = await DnsOverTcp.ReadAsync(stream, CancellationToken.None);
            TcpQuestions++;
            await DnsOverTcp.WriteAsync(stream, Answer(query, maxBytes: 65535), CancellationToken.None);
        }
    }

    private static byte[] Answer(ReadOnlySpan<byte> query, int maxBytes)
    {
        var question = DnsQuestion.Parse(query, out _)!;
        var isBig = question.Name.StartsWith("big", StringComparison.Ordinal);
        var answer = new DnsAnswer { Answers = [new DnsRecord(question.Name, DnsType.A, 300, [192, 0, 2, (byte)(isBig ? 81 : 80)])] };
        return DnsWriter.Write(question, answer, isBig ? maxBytes : 512);
    }
}
