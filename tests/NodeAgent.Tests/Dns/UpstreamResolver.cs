using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.NodeAgent.Dns;

namespace OrleansOrchestrator.NodeAgent.Tests.Dns;

/// <summary>
/// A resolver on loopback: names that begin with "missing" do not exist, 192.0.2.81 for names that begin with "big",
/// whose answers over UDP it cuts; 192.0.2.80 for others.
/// </summary>
internal sealed class UpstreamResolver : IDisposable
{
    private readonly Socket _udp;
    private readonly Socket _tcp;

    public UpstreamResolver()
    {
        (_udp, _tcp) = LoopbackPort.Bind();
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
                await _udp.SendToAsync(
                    Answer(buffer.AsSpan(0, received.ReceivedBytes), maxBytes: 40), received.RemoteEndPoint);
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
        if (question.Name.StartsWith("missing", StringComparison.Ordinal))
        {
            // Remembered for ten seconds, though the record itself lives longer.
            var soa = new DnsRecord("example", DnsType.Soa, 300, [0, 0, .. new byte[19], 10]);
            return DnsWriter.Write(question, new DnsAnswer { Code = DnsCode.NameError, Authority = [soa] }, 512);
        }

        var answer = new DnsAnswer { Answers = [new DnsRecord(question.Name, DnsType.A, 300, [192, 0, 2, (byte)(isBig ? 81 : 80)])] };
        return DnsWriter.Write(question, answer, isBig ? maxBytes : 512);
    }
}
