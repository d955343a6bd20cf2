using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Finds at once that another silo's process has ended, where probes take seconds. When a process ends, its machine
/// closes its connections; this looks at every connection to another silo that ends, and asks that silo's address for a
/// new one. When the machine answers that nobody listens there, and the silo did not say goodbye, it is declared dead.
/// Any other answer, and none at all (a machine that is gone, a network that is cut, a silo that hangs), is left to
/// <see cref="SiloPulse"/>. A silo that is declared dead wrongly ends itself, and the fence keeps it from committing:
/// this is about time, not about correctness.
/// </summary>
internal sealed partial class SiloWatch(IServiceProvider services, TimeProvider time, ILogger<SiloWatch> logger)
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    // Resolved late, because membership itself talks over the connections that are looked at.
    private IClusterMembershipService Membership => services.GetRequiredService<IClusterMembershipService>();

    /// <summary>Part of every connection that this silo opens.</summary>
    public ConnectionDelegate Follow(ConnectionDelegate next) => async connection =>
    {
        try
        {
            await next(connection);
        }
        finally
        {
            if (connection.RemoteEndPoint is IPEndPoint address)
            {
                _ = CheckAsync(address);
            }
        }
    };

    private async Task CheckAsync(IPEndPoint address)
    {
        try
        {
            if (Find(address) is not null && await IsAbandonedAsync(address))
            {
                // What others know may be newer: a silo that stops in good order says so before it closes its door.
                await Membership.Refresh();
                if (Find(address) is { } silo)
                {
                    LogGone(logger, silo);
                    await Membership.TryKill(silo);
                }
            }
        }
        catch (Exception error)
        {
            // Nothing is lost: the probes find it too.
            LogFailed(logger, address, error);
        }
    }

    private SiloAddress? Find(IPEndPoint address) => Membership.CurrentSnapshot.Members.Values
        .FirstOrDefault(m => m.Status == SiloStatus.Active && m.SiloAddress.Endpoint.Equals(address))?.SiloAddress;

    private async Task<bool> IsAbandonedAsync(IPEndPoint address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(ConnectPatience, time);
        try
        {
            await socket.ConnectAsync(address, patience.Token);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The process of silo {Silo} has ended; declaring it dead.")]
    private static partial void LogGone(ILogger logger, SiloAddress silo);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Whether the silo at {Address} still lives could not be found out; probes will.")]
    private static partial void LogFailed(ILogger logger, IPEndPoint address, Exception error);
}
