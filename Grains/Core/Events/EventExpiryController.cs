using System.Globalization;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Events;

/// <summary>
/// Deletes Events some time after their last write. Upstream's store does it by leases, which end up to a minute late
/// (<c>--event-ttl</c>, <c>--lease-reuse-duration-seconds</c>): a look each minute is as good.
/// </summary>
public sealed class EventExpiryController : IController
{
    public const string Name = "event-expiry-controller";

    private const int MaxFanOut = 32;

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly IResourceClient _client;
    private readonly TimeSpan _life;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public EventExpiryController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.ApiServer);
        _life = services.Options.EventLife;
        _time = services.Time;
        _logger = services.Logger<EventExpiryController>();
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, _time);
        do
        {
            await Failures.TellRefusalsAsync(ResyncAsync, _logger, Name, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        if (_life == TimeSpan.Zero)
        {
            return;
        }

        var now = _time.GetUtcNow();
        var events = await _client.ListAsync(ResourceOf<Corev1Event>.Query(), cancellationToken);

        // Most are young, and need not be decoded for it.
        var over = events.Items.Where(e => now - e.Metadata.CreationTimestamp >= _life
            && EventExpiry.IsOver(e.As<Corev1Event>(), _life, now));
        var failures = new Failures();
        await Parallel.ForEachAsync(
            over,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (item, token) => await failures.TryAsync(() => DeleteAsync(item, token)));
        failures.ThrowIfAny();
    }

    /// <summary>One that is written meanwhile lives on.</summary>
    private async Task DeleteAsync(ResourceObject item, CancellationToken cancellationToken)
    {
        var outcome = await _client.DeleteAsync(
            new DeleteRequest
            {
                Resource = WellKnown.Events, Key = item.Key, Uid = item.Uid,
                ResourceVersion = item.Revision.ToString(CultureInfo.InvariantCulture), IsExpiry = true,
            },
            cancellationToken);
        outcome.ThrowIfRefused($"deletion of event {item.Key}", StatusReasons.NotFound, StatusReasons.Conflict);
    }
}
