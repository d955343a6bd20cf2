using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>How the ports of the cluster end their connections.</summary>
[Collection(ClusterTests.Name)]
public sealed class TlsTests(RealCluster cluster)
{
    private const int NodePort = 10250;
    private const byte AlertRecord = 21;

    [Fact]
    public async Task Connections_end_with_a_close_notify()
    {
        cluster.Require();
        var server = (
            await cluster.KubectlAsync("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}")).Required;
        await EndsWithGoodbyeAsync(new Uri(server).Port);
        await EndsWithGoodbyeAsync(NodePort);
    }

    // In TLS 1.2 the kinds of records can be read from outside.
    private static async Task EndsWithGoodbyeAsync(int port)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", port);
        var records = new Records(socket.GetStream());
#pragma warning disable CA5359, CA5398 // who answers does not matter here, and the version does
        await using var tls = new SslStream(records, leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls12 });
#pragma warning restore CA5359, CA5398
        await tls.WriteAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray());
        var answer = new MemoryStream();
        await tls.CopyToAsync(answer);
        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(answer.ToArray()), StringComparison.Ordinal);
        Assert.Equal(AlertRecord, records.LastKind());
    }

    /// <summary>Remembers what has come.</summary>
    private sealed class Records(Stream inner) : Stream
    {
        private const int HeadBytes = 5;
        private readonly MemoryStream _read = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public byte LastKind()
        {
            var bytes = _read.ToArray();
            var (kind, at) = ((byte)0, 0);
            while (at + HeadBytes <= bytes.Length)
            {
                kind = bytes[at];
                at += HeadBytes + (bytes[at + 3] << 8) + bytes[at + 4];
            }

            return kind;
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            _read.Write(buffer.Span[..count]);
            return count;
        }

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(buffer, cancellationToken);

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
