using System.Net;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Finds within seconds that the process of another silo hangs: it is there and its connections are open, but it does
/// nothing (stopped by a signal, swapped out, a machine that is gone). Orleans' own probes take longer, and have to:
/// they cannot tell a process that hangs from one that is late because it has much to do.
///
/// Every silo raises a number in PostgreSQL four times a second, from a thread of its own that does nothing else, and
/// looks at the numbers of the others. So a beat does not wait for the thread pool, for locks or for other messages:
/// who does not come to it does not come to anything. Without PostgreSQL nobody is judged; without it a silo is of no
/// use anyhow. One whose number stands still for too long is declared dead. How long that is, is counted in the
/// listener's own beats (<see cref="SiloHearing"/>): a listener that was stopped, or has to wait for a processor or for
/// PostgreSQL, does not hold that against others, who have to wait, too. A silo that comes back to an address at which
/// one was declared dead gets twice the patience at first, so that silos do not end each other again and again.
///
/// That is about time, not about correctness: the fence in the store keeps a silo that was declared dead wrongly from
/// committing, and its lease from answering. A silo that slept looks at once whether it was declared dead meanwhile; if
/// so it ends.
/// </summary>
internal sealed partial class SiloPulse(
    SiloPulseTable table,
    IClusterMembershipService membership,
    ILocalSiloDetails self,
    TimeProvider time,
    ILogger<SiloPulse> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>After this much sleep others may have given up this silo.</summary>
    private static readonly TimeSpan LongSleep = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly ManualResetEventSlim _stop = new();
    private readonly Dictionary<SiloAddress, Peer> _peers = [];

    /// <summary>
    /// How patient to be at first with silos at addresses whose last one was declared dead for its silence.
    /// </summary>
    private readonly Dictionary<IPEndPoint, TimeSpan> _lenience = [];

    private Thread? _thread;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(SiloPulse), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    /// <summary>
    /// A thread that still waits for PostgreSQL needs it for its last look; without a wait handle it holds nothing.
    /// </summary>
    public void Dispose()
    {
        if (_thread is not { IsAlive: true })
        {
            _stop.Dispose();
        }
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = nameof(SiloPulse) };
        _thread.Start();
        return Task.CompletedTask;
    }

    private Task StopAsync(CancellationToken cancellationToken)
    {
        _stop.Set();
        _thread?.Join(StopPatience);
        return Task.CompletedTask;
    }

    private void Run()
    {
        var last = time.GetTimestamp();
        while (!_stop.Wait(SiloHearing.Beat))
        {
            try
            {
                var numbers = table.Beat(self.SiloAddress);
                var now = time.GetTimestamp();
                if (time.GetElapsedTime(last, now) > LongSleep)
                {
                    LogSlept(logger, time.GetElapsedTime(last, now).TotalSeconds);
                    _ = RefreshAsync();
                }

                last = now;
                Listen(numbers);
            }
            catch (Exception failure)
            {
                // Nobody is judged meanwhile. That PostgreSQL does not answer is said by the journals, once.
                LogNoBeat(logger, failure.Message);
                table.Close();
            }
        }

        table.Leave(self.SiloAddress);
    }

    private void Listen(IReadOnlyDictionary<string, long> numbers)
    {
        FollowMembership();
        foreach (var (silo, peer) in _peers)
        {
            peer.Hearing.Listen();
            if (numbers.TryGetValue(silo.ToParsableString(), out var number) && number != peer.Number)
            {
                peer.Hear(number);
            }

            if (peer.Hearing.IsSilent && peer.Verdict is null or { IsCompleted: true })
            {
                peer.Verdict = JudgeAsync(silo, peer.Hearing.Silence);
                peer.Hearing.Excuse();
            }
        }
    }

    private void FollowMembership()
    {
        var members = membership.CurrentSnapshot.Members;
        foreach (var (silo, peer) in _peers)
        {
            if (members.TryGetValue(silo, out var member) && member.Status == SiloStatus.Active)
            {
                continue;
            }

            _peers.Remove(silo);
            _lenience.Remove(silo.Endpoint);
            if (peer.Verdict is not null)
            {
                _lenience[silo.Endpoint] = 2 * peer.Hearing.Patience;
            }
        }

        foreach (var (silo, member) in members)
        {
            if (member.Status == SiloStatus.Active && !silo.Equals(self.SiloAddress) && !_peers.ContainsKey(silo))
            {
                _peers[silo] = new Peer(_lenience.GetValueOrDefault(silo.Endpoint, SiloHearing.FirstPatience));
            }
        }
    }

    private async Task JudgeAsync(SiloAddress silo, TimeSpan silence)
    {
        try
        {
            // Whether it is this silo that was declared dead, or the other one by somebody else.
            await membership.Refresh();
            if (membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Active)
            {
                LogSilent(logger, silo, silence.TotalSeconds);
                await membership.TryKill(silo);
            }
        }
        catch (Exception failure)
        {
            // It stays silent, so this is tried again.
            LogFailed(logger, silo, failure.Message);
        }
    }

    private async Task RefreshAsync()
    {
        try
        {
            await membership.Refresh();
        }
        catch (Exception failure)
        {
            LogNotRefreshed(logger, failure.Message);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The process of silo {Silo} has not run for {Seconds:F1} s; declaring it dead.")]
    private static partial void LogSilent(ILogger logger, SiloAddress silo, double seconds);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Silo {Silo} hangs, but could not be declared dead; trying again: {Reason}")]
    private static partial void LogFailed(ILogger logger, SiloAddress silo, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "This silo was not running, or had no PostgreSQL, for {Seconds:F1} s.")]
    private static partial void LogSlept(ILogger logger, double seconds);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No beat: {Reason}")]
    private static partial void LogNoBeat(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether this silo was declared dead cannot be read: {Reason}")]
    private static partial void LogNotRefreshed(ILogger logger, string reason);

    /// <summary>Another silo, and what is under way with it.</summary>
    private sealed class Peer(TimeSpan patienceAtFirst)
    {
        public SiloHearing Hearing { get; } = new(patienceAtFirst);

        public long? Number { get; private set; }

        public Task? Verdict { get; set; }

        /// <summary>The first number says nothing: it may have stood there for long.</summary>
        public void Hear(long number)
        {
            if (Number is not null)
            {
                Hearing.Hear();
            }

            Number = number;
        }
    }
}
