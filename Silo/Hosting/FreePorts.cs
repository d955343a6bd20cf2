using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Settles a silo's ports before anything starts: 0 becomes a free one, because others must be told the number (the
/// kubernetes Service, other silos), and one that is in use is reported in a sentence.
/// </summary>
public static class FreePorts
{
    /// <summary>The options with ports that were free a moment ago.</summary>
    public static SiloOptions Take(SiloOptions options) => options with
    {
        Port = Probe(
            options.BindAddress, options.Port, $"port {options.Port} is in use by another program: choose another with --port."),
        // Without a store there are no other silos, and nobody listens for them.
        SiloPort = options.ConnectionString is null ? SiloOptions.DefaultSiloPort : Probe(
            options.SiloAddress,
            options.SiloPort,
            $"silo port {options.SiloPort} is in use: every silo on a machine needs its own, choose another with --silo-port."),
    };

    private static int Probe(IPAddress address, int port, string inUse)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new UserErrorException(inUse);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            throw new UserErrorException($"{address} is no address of this machine.");
        }
    }
}
