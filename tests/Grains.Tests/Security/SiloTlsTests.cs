using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Interfaces.Security;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Security;

/// <summary>Who may talk to a silo, and that nobody on the way can read it.</summary>
public sealed class SiloTlsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly MemoryClusterIdentityStore _cluster = new(TimeProvider.System);

    [Fact]
    public async Task Silos_of_one_cluster_talk_and_the_wire_does_not_show_what()
    {
        var (here, there, wire) = Connect();
        var heard = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepting = Tls(_cluster).Accept(async c => heard.SetResult(await ReadAsync(c)))(there);
        var opening = Tls(_cluster).Open(async c =>
        {
            await c.Transport.Output.WriteAsync("a secret of the cluster"u8.ToArray());
            await heard.Task;
        })(here);

        Assert.Equal("a secret of the cluster", await heard.Task.WaitAsync(Patience));
        await Task.WhenAll(opening, accepting).WaitAsync(Patience);
        Assert.DoesNotContain("secret", Encoding.ASCII.GetString(wire.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_of_another_cluster_gets_nowhere()
    {
        var (here, there, _) = Connect();
        var reached = false;
        Task Reach(ConnectionContext context)
        {
            reached = true;
            return Task.CompletedTask;
        }

        var accepting = Tls(_cluster).Accept(Reach)(there);
        var opening = Tls(new MemoryClusterIdentityStore(TimeProvider.System)).Open(Reach)(here);

        await Task.WhenAll(opening, accepting).WaitAsync(Patience);
        Assert.False(reached);
    }

    [Fact]
    public async Task A_certificate_of_a_node_does_not_make_a_silo()
    {
        var (here, there, _) = Connect();
        var reached = false;
        var accepting = Tls(_cluster).Accept(_ =>
        {
            reached = true;
            return Task.CompletedTask;
        })(there);
        var identity = await _cluster.GetAsync(CancellationToken.None);
        using var authority = X509Certificate2.CreateFromPem(identity.AuthorityPem, identity.AuthorityKeyPem);
        var order = new CertificateOrder { CommonName = "system:node:n", Organizations = ["system:nodes"], Validity = TimeSpan.FromDays(1) };
        var issued = CertificateAuthority.Issue(authority, order, TimeProvider.System.GetUtcNow());
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        await using var stream = new SslStream(new DuplexPipeStream(here.Transport));
        var opening = stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "orc-silo",
            ClientCertificates = [certificate],
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        });

        await accepting.WaitAsync(Patience);
        await there.Transport.Output.CompleteAsync();
        await Record.ExceptionAsync(() => opening.WaitAsync(Patience));
        Assert.False(reached);
    }

    private static SiloTls Tls(IClusterIdentityStore store) =>
        new(new SiloCredentials(store, TimeProvider.System), TimeProvider.System, NullLogger<SiloTls>.Instance);

    private static async Task<string> ReadAsync(ConnectionContext connection)
    {
        var result = await connection.Transport.Input.ReadAsync();
        var text = Encoding.ASCII.GetString(result.Buffer);
        connection.Transport.Input.AdvanceTo(result.Buffer.End);
        return text;
    }

    /// <summary>Two ends of a connection, and all that the first one sends.</summary>
    private static (ConnectionContext Here, ConnectionContext There, MemoryStream Wire) Connect()
    {
        var (forth, back, wire) = (new Pipe(), new Pipe(), new MemoryStream());
        var here = new DefaultConnectionContext(
            "here", new Ends(back.Reader, new Tap(forth.Writer, wire)), new Ends(back.Reader, forth.Writer));
        var there = new DefaultConnectionContext(
            "there", new Ends(forth.Reader, back.Writer), new Ends(forth.Reader, back.Writer));
        return (here, there, wire);
    }

    private sealed class Ends(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    private sealed class Tap(PipeWriter writer, MemoryStream copy) : PipeWriter
    {
        private Memory<byte> _given;

        public override void Advance(int bytes)
        {
            copy.Write(_given.Span[..bytes]);
            writer.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _given = writer.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            writer.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => writer.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => writer.Complete(exception);
    }
}
