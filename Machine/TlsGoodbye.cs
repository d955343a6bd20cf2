using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace OrleansOrchestrator.Machine;

/// <summary>
/// Ends TLS connections as TLS wants it, with a close_notify: Kestrel just closes the socket, which strict clients
/// (OpenSSL 3 and what is built on it) report as an answer that may have been cut short.
/// </summary>
public static class TlsGoodbye
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Comes after <c>UseHttps</c>: it is to run inside the TLS connection.</summary>
    public static ListenOptions UseTlsGoodbye(this ListenOptions listen)
    {
        listen.Use(next => async connection =>
        {
            await next(connection);
            if (connection.Features.Get<ISslStreamFeature>()?.SslStream is { } stream
                    && !connection.ConnectionClosed.IsCancellationRequested)
            {
                await SayAsync(stream);
            }
        });
        return listen;
    }

    private static async Task SayAsync(SslStream stream)
    {
        try
        {
            await stream.ShutdownAsync().WaitAsync(Patience, TimeProvider.System);
        }
        catch (Exception gone) when (
            gone is IOException or InvalidOperationException or TimeoutException or OperationCanceledException)
        {
            // who has gone needs no goodbye
        }
    }
}
