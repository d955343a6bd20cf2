using System.Collections.Concurrent;
using k8s;
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
/// the number of addresses. An address whose Service lets it go loses its object at once; one that nobody had may wait
/// for its Service. Upstream's API server does this: as whom, too.
/// </summary>
public sealed class IpAddressController : IController
{
    public const string Name = "ip-address-controller";

    private const int MaxFanOut = 16;

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Look> _waiting = new(StringComparer.Ordinal);
    private readonly WakeSignal _signal = new();

    public IpAddressController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.ApiServer);
        _time = services.Time;
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
            Add(service, isReleased: false);
        }

        foreach (var item in await _client.ListAsync<V1IPAddress>(ResourceOf<V1IPAddress>.Query(), cancellationToken))
        {
            Notice(item);
        }

        if (await DrainAsync(cancellationToken) is not null)
        {
            // The pump is to know for how long.
            _signal.Set();
        }
    }

    private async Task FollowServicesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Services, cancellationToken))
        {
            Notice(change);
            _signal.Set();
        }
    }

    /// <summary>Notes the addresses that a Service has, and those that it had.</summary>
    internal void Notice(ResourceChange change)
    {
        if (change.Previous is { } before)
        {
            Add(before.As<V1Service>(), isReleased: true);
        }

        Add(change.Object.As<V1Service>(), isReleased: change.Kind == ChangeKind.Deleted);
    }

    private async Task FollowAddressesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.IpAddresses, cancellationToken))
        {
            Notice(change.Object.As<V1IPAddress>(), change.Kind == ChangeKind.Deleted);
            _signal.Set();
        }
    }

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        TimeSpan? next = null;
        while (true)
        {
            await _signal.WaitAsync(next, _time, cancellationToken);

            // What fails waits on, too: until something else comes, or for as long as an object may wait.
            next = IpAddressPlanner.OrphanGrace;
            await Failures.TellRefusalsAsync(
                async token => next = await DrainAsync(token), _logger, Name, cancellationToken);
        }
    }

    private void Add(V1Service service, bool isReleased)
    {
        lock (_lock)
        {
            foreach (var address in IpAddressPlanner.AddressesOf(service))
            {
                _waiting[address] =
                    new Look(service.Key(), isReleased).After(_waiting.GetValueOrDefault(address));
            }
        }
    }

    /// <summary>Notes the address of an object, or of one that was there until now.</summary>
    internal void Notice(V1IPAddress item, bool isGone = false)
    {
        lock (_lock)
        {
            var look = _waiting.GetValueOrDefault(
                item.Metadata.Name, new Look(IpAddressPlanner.ParentOf(item), IsReleased: false));
            _waiting[item.Metadata.Name] = isGone ? look with { Lost = item } : look;
        }
    }

    /// <summary>
    /// Works off what waits, then returns: after how long the first of the objects that may still wait for their
    /// Services is to be looked at again; null when there is none.
    /// </summary>
    internal async Task<TimeSpan?> DrainAsync(CancellationToken cancellationToken)
    {
        string[] all;
        lock (_lock)
        {
            all = [.. _waiting.Keys];
        }

        var left = new ConcurrentBag<TimeSpan?>();
        var failures = new Failures();
        await Parallel.ForEachAsync(
            all,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (address, token) =>
                await failures.TryAsync(async () => left.Add(await LookAsync(address, token))));
        failures.ThrowIfAny();
        return left.Min();
    }

    /// <summary>
    /// Takes an address and looks at it; one that may still wait, or could not be looked at, waits on.
    /// </summary>
    private async Task<TimeSpan?> LookAsync(string address, CancellationToken cancellationToken)
    {
        Look look;
        lock (_lock)
        {
            if (!_waiting.Remove(address, out look))
            {
                return null;
            }
        }

        var isDone = false;
        try
        {
            var left = await CheckAsync(address, look, cancellationToken);
            isDone = left is null;
            return left;
        }
        finally
        {
            if (!isDone)
            {
                PutBack(address, look);
            }
        }
    }

    private void PutBack(string address, Look look)
    {
        lock (_lock)
        {
            _waiting[address] = _waiting.TryGetValue(address, out var later) ? later.After(look) : look;
        }
    }

    /// <summary>
    /// Sees to the object of an address. Returns how long that may still wait for its Service; null for one that does
    /// not.
    /// </summary>
    private async Task<TimeSpan?> CheckAsync(string address, Look look, CancellationToken cancellationToken)
    {
        var observed = await ObserveAsync(address, look, cancellationToken);
        var now = _time.GetUtcNow();
        var (step, reason, message) = IpAddressPlanner.Compute(observed, now);
        if (reason.Length > 0)
        {
            var involved = observed.Item is { } item ? EventNote.Refer(item) : EventNote.Refer(observed.Service!);
            _events.Record(new EventNote(involved, "Warning", reason, message));
        }

        if (step is IpAddressStep.Delete or IpAddressStep.Replace)
        {
            Expect(address, await _client.DeleteAsync(observed.Item!, cancellationToken), StatusReasons.NotFound);
        }

        if (step is IpAddressStep.Create or IpAddressStep.Replace)
        {
            Expect(
                address,
                await _client.CreateAsync(
                    IpAddressPlanner.New(address, observed.Holder!.Value), cancellationToken),
                StatusReasons.AlreadyExists);
        }

        return step == IpAddressStep.None ? IpAddressPlanner.Left(observed, now) : null;
    }

    /// <summary>
    /// Who has an address: the Service that was the last to be heard of with it, or the one that its object names,
    /// which may have taken it since.
    /// </summary>
    private async Task<IpAddressObserved> ObserveAsync(
        string address, Look look, CancellationToken cancellationToken)
    {
        var suspect = look.Suspect;
        var service = await FindAsync<V1Service>(suspect, cancellationToken);
        var item = await FindAsync<V1IPAddress>(new ObjectKey("", address), cancellationToken);
        var named = item is null ? suspect : IpAddressPlanner.ParentOf(item);
        var parent = named == suspect ? service : await FindAsync<V1Service>(named, cancellationToken);
        var owner = Has(service, address) ? service : Has(parent, address) ? parent : null;
        return new IpAddressObserved(address, owner?.Key(), item)
        {
            IsReleased = look.IsReleased, HasParent = parent is not null, Service = owner,
            IsLost = look.Lost is { } lost && owner is not null && WasOf(owner, lost),
        };
    }

    /// <summary>False for what was an earlier Service's of the same name.</summary>
    private static bool WasOf(V1Service service, V1IPAddress lost) =>
        IpAddressPlanner.IsManaged(lost) && IpAddressPlanner.ParentOf(lost) == service.Key()
        && service.Metadata.CreationTimestamp <= lost.Metadata.CreationTimestamp;

    private static bool Has(V1Service? service, string address) =>
        service is not null && IpAddressPlanner.AddressesOf(service).Contains(address);

    /// <summary>Null when there is no such object.</summary>
    private async Task<T?> FindAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var read = await _client.GetAsync<T>(key, ReadFreshness.Linearizable, cancellationToken);
        return read.OrNull($"{ResourceOf<T>.Name} {key}");
    }

    private static void Expect(string address, Outcome<ResourceObject> outcome, string fineToo) =>
        outcome.ThrowIfRefused($"address {address}", fineToo, StatusReasons.Conflict);

    /// <summary>Why an address is looked at.</summary>
    /// <param name="Suspect">The Service that was the last to be heard of with it.</param>
    /// <param name="IsReleased">It had it, and may have let it go.</param>
    private readonly record struct Look(ObjectKey Suspect, bool IsReleased)
    {
        /// <summary>The object of the address, when that was taken away.</summary>
        public V1IPAddress? Lost { get; init; }

        /// <summary>What the same Service was to let go, it still is.</summary>
        public Look After(Look earlier) => this with
        {
            IsReleased = IsReleased || (earlier.IsReleased && earlier.Suspect == Suspect),
            Lost = Lost ?? earlier.Lost,
        };
    }
}
