using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>
/// Mutual TLS between silos: part of every connection that a silo opens or accepts. Both sides must show a certificate
/// of the cluster's authority that was issued to a silo; those of nodes and users come from the same authority and do
/// not pass. (Orleans' own package for this is not in the feed that builds use.)
/// </summary>
internal sealed partial class SiloTls(SiloCredentials credentials, TimeProvider time, ILogger<SiloTls> logger)
{
    /// <summary>Names the purpose, not a machine: silos are known by their authority and usage.</summary>
    private const string TargetHost = "orc-silo";

    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(5);

    /// <summary>The side that was called.</summary>
    public ConnectionDelegate Accept(ConnectionDelegate next) =>
        connection => RunAsync(connection, next, async (stream, token) => await stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = await credentials.GetAsync(token),
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, certificate, _, _) => credentials.IsSilo(certificate),
                EnabledSslProtocols = SslProtocols.Tls13,
                AllowRenegotiation = false,
            },
            token));

    /// <summary>The side that calls.</summary>
    public ConnectionDelegate Open(ConnectionDelegate next) =>
        connection => RunAsync(connection, next, async (stream, token) => await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = TargetHost,
                ClientCertificateContext = await credentials.GetAsync(token),
                RemoteCertificateValidationCallback = (_, certificate, _, _) => credentials.IsSilo(certificate),
                EnabledSslProtocols = SslProtocols.Tls13,
            },
            token));

    private async Task RunAsync(
        ConnectionContext connection, ConnectionDelegate next, Func<SslStream, CancellationToken, Task> greet)
    {
        var plain = connection.Transport;
        await using var stream = new SslStream(new DuplexPipeStream(plain), leaveInnerStreamOpen: true);
        if (!await GreetAsync(connection, stream, greet))
        {
            connection.Abort();
            return;
        }

        connection.Transport = new StreamPipes(stream);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = plain;
        }
    }

    private async Task<bool> GreetAsync(
        ConnectionContext connection, SslStream stream, Func<SslStream, CancellationToken, Task> greet)
    {
        using var patience = new CancellationTokenSource(HandshakePatience, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, connection.ConnectionClosed);
        try
        {
            await greet(stream, ends.Token);
            return true;
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException or OperationCanceledException)
        {
            LogRefused(logger, connection.RemoteEndPoint?.ToString(), refused.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No secure connection with {Address}: {Reason}")]
    private static partial void LogRefused(ILogger logger, string? address, string reason);

    private sealed class StreamPipes(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } =
            PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16384, leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}
