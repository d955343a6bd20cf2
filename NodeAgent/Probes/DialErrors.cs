using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>Why a connection failed, in Go's words, which events show.</summary>
internal static class DialErrors
{
    public static string Describe(string host, int port, Exception exception)
    {
        var socket = exception as SocketException ?? exception.InnerException as SocketException;
        return socket?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => $"dial tcp {Bracketed(host)}:{port}: connect: connection refused",
            SocketError.HostUnreachable => $"dial tcp {Bracketed(host)}:{port}: connect: no route to host",
            SocketError.TimedOut => $"dial tcp {Bracketed(host)}:{port}: connect: connection timed out",
            SocketError.ConnectionReset => "read: connection reset by peer",
            _ => (exception.InnerException ?? exception).Message,
        };
    }

    /// <summary>A host before a port: IPv6 addresses need brackets.</summary>
    public static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
}
