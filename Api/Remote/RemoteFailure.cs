using System.Net.Sockets;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>Why a server could not be asked.</summary>
internal static class RemoteFailure
{
    /// <summary>In the words of Go, which people search for.</summary>
    public static string Words(Exception failure)
    {
        if (Known(failure) is { } known)
        {
            return known.Message;
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

    /// <summary>What of the server's certificate it was.</summary>
    public static CertificateFlaws FlawsOf(Exception? failure) => Known(failure)?.Flaws ?? CertificateFlaws.None;

    private static RemoteFailureException? Known(Exception? failure)
    {
        while (failure is not (null or RemoteFailureException))
        {
            failure = failure.InnerException;
        }

        return failure as RemoteFailureException;
    }
}
