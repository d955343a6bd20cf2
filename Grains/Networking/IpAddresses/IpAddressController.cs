using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Networking.IpAddresses;

/// <summary>
/// Keeps an IPAddress object for each cluster address that a Service has. Changes of Services and of the objects name
/// the addresses to look at; which Service has one is asked of the Services themselves, and what waits is bounded by
/// the number of addresses. Upstream's API server does this: as whom, too.
/// </summary>
public sealed class IpAddressController : IController
{
    public const string Name = "ip-address-controller";

    private const int MaxFanOut = 16;

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ObjectKey> _waiting = new(StringComparer.Ordinal);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public IpAddressController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.ApiServer);
        _logger = services.Logger<IpAddressController>();
        _events = services.Events.For("ipallocator-repair-controller", "service-cidrs-controller");
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Loops.RunAsync([FollowServicesAsync, FollowAddressesAsync, PumpAsync], cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var services = await _client.ListAsync<V1Service>(ResourceOf<V1Service>.Query(), cancellationToken);
        foreach (var service in services)
        {
            Add(service);
        }

        foreach (var item in await _client.ListAsync<V1IPAddress>(ResourceOf<V1IPAddress>.Query(), cancellationToken))
        {
            Add(item);
        }

        await DrainAsync(cancellationToken);
    }

    private async Task FollowServicesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.FollowAsync(WellKnown.Services, cancellationToken))
        {
            if (ReferenceEquals(change, ResourceChange.Synced))
            {
                continue;
            }

            Add(change.Object.As<V1Service>());
            if (change.Previous is { } before)
            {
                Add(before.As<V1Service>());
            }

            _signal.Writer.TryWrite(true);
        }
    }

    private async Task FollowAddressesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.FollowAsync(WellKnown.IpAddresses, cancellationToken))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced))
            {
                Add(change.Object.As<V1IPAddress>());
                _signal.Writer.TryWrite(true);
            }
        }
    }

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in _signal.Reader.ReadAllAsync(cancellationToken))
        {
            await Failures.TellRefusalsAsync(DrainAsync, _logger, Name, cancellationToken);
        }
    }

    private void Add(V1Service service)
    {
        lock (_lock)
        {
            foreach (var address in IpAddressPlanner.AddressesOf(service))
            {
                _waiting[address] = service.Key();
            }
        }
    }

    private void Add(V1IPAddress item)
    {
        var parent = item.Spec?.ParentRef;
        lock (_lock)
        {
            _waiting.TryAdd(
                item.Metadata.Name, new ObjectKey(parent?.NamespaceProperty ?? "", parent?.Name ?? ""));
        }
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        KeyValuePair<string, ObjectKey>[] all;
        lock (_lock)
        {
            all = [.. _waiting];
            _waiting.Clear();
        }

        var failures = new Failures();
        await Parallel.ForEachAsync(
            all,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (item, token) => await failures.TryAsync(() => CheckAsync(item.Key, item.Value, token)));
        failures.ThrowIfAny();
    }

    /// <summary>Compares an address with the Service that was the last to be heard of with it.</summary>
    private async Task CheckAsync(string address, ObjectKey suspect, CancellationToken cancellationToken)
    {
        var service = await _client.GetAsync<V1Service>(suspect, ReadFreshness.Linearizable, cancellationToken);
        var isHeld = service.Succeeded && IpAddressPlanner.AddressesOf(service.Value).Contains(address);
        var read = await _client.GetAsync<V1IPAddress>(
            new ObjectKey("", address), ReadFreshness.Linearizable, cancellationToken);
        var (step, reason, message) = IpAddressPlanner.Compute(address, isHeld ? suspect : null, read.Value);
        if (reason.Length > 0)
        {
            _events.Record(EventNote.Warning(read.Value!, reason, message));
        }

        if (step is IpAddressStep.Delete or IpAddressStep.Replace)
        {
            Expect(address, await _client.DeleteAsync(read.Value!, cancellationToken), StatusReasons.NotFound);
        }

        if (step is IpAddressStep.Create or IpAddressStep.Replace)
        {
            Expect(
                address,
                await _client.CreateAsync(IpAddressPlanner.New(address, suspect), cancellationToken),
                StatusReasons.AlreadyExists);
        }
    }

    private static void Expect(string address, Outcome<ResourceObject> outcome, string fineToo)
    {
        if (!outcome.Succeeded && outcome.Error.Reason != fineToo && outcome.Error.Reason != StatusReasons.Conflict)
        {
            throw ReconcileException.Of($"address {address}", outcome.Error);
        }
    }
}
