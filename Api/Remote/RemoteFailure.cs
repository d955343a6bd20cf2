using System.Net.Sockets;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>Why a server could not be asked.</summary>
internal static class RemoteFailure
{
    /// <summary>In the words of Go, which people search for.</summary>
    public static string Words(Exception failure)
    {
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is RemoteFailureException)
            {
                return inner.Message;
            }
        }

        return failure switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => "EOF",
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
                "remote error: tls: handshake failure",
            { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } } =>
                "read: connection reset by peer",
            { InnerException: IOException inner } => inner.Message,
            _ => failure.Message,
        };
    }
}
