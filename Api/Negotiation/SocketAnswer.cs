using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// An answer in the messages of a WebSocket, for clients (browsers) that cannot read a body while it comes. Only the
/// server speaks; what the client says is passed over, but that it goes.
/// </summary>
internal sealed class SocketAnswer : IAsyncDisposable
{
    private const int IgnoredBytes = 1024;

    // For one who reads nothing any more.
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LingerPatience = TimeSpan.FromSeconds(2);

    private readonly WebSocket _socket;
    private readonly CancellationTokenSource _ends = new();
    private readonly CancellationTokenRegistration _ending;
    private readonly Task _ignoring;

    private SocketAnswer(WebSocket socket, CancellationToken ends)
    {
        _socket = socket;
        _ending = ends.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _ends);
        _ignoring = IgnoreAsync();
    }

    /// <summary>Cancelled when the client has gone, or said that it goes.</summary>
    public CancellationToken Ends => _ends.Token;

    /// <summary>Opens the socket.</summary>
    /// <param name="context">The request.</param>
    /// <param name="protocol">One of those that the client names; null when it names none.</param>
    /// <param name="ends">Ends the answer.</param>
    public static async Task<SocketAnswer> AcceptAsync(HttpContext context, string? protocol, CancellationToken ends) =>
        new(await context.WebSockets.AcceptWebSocketAsync(protocol), ends);

    /// <summary>Sends one message.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type) =>
        _socket.SendAsync(message, type, endOfMessage: true, Ends);

    /// <summary>
    /// Says goodbye, and waits a while for the client's: a connection that ends while something comes is reset, and
    /// what was still on its way to the client is lost. Then the request is to end, and with it the connection and the
    /// receiving, whatever the client does; to cancel that would do the same harm.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(ClosePatience);
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", patience.Token).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing);
        using var lingering = new CancellationTokenSource(LingerPatience);
        await _ignoring.WaitAsync(lingering.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _ending.DisposeAsync();
        _socket.Dispose();
    }

    private async Task IgnoreAsync()
    {
        var ignored = new byte[IgnoredBytes];
        try
        {
            while ((await _socket.ReceiveAsync(ignored.AsMemory(), CancellationToken.None))
                .MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // However it ends: the client listens no more.
        }

        await _ends.CancelAsync();
    }
}
