using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Tests.Dns;

/// <summary>A port of loopback that is free for UDP and TCP: one that is free for the one may be taken for the
/// other.</summary>
internal static class LoopbackPort
{
    private const int Attempts = 100;

    public static (Socket Udp, Socket Tcp) Bind()
    {
        for (var attempt = 1; ; attempt++)
        {
            var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                tcp.Bind(udp.LocalEndPoint!);
                return (udp, tcp);
            }
            catch (SocketException) when (attempt < Attempts)
            {
                udp.Dispose();
                tcp.Dispose();
            }
        }
    }

    public static int Free()
    {
        var (udp, tcp) = Bind();
        using (udp)
        using (tcp)
        {
            return ((IPEndPoint)udp.LocalEndPoint!).Port;
        }
    }
}
