using k8s;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Networking.ServiceCidrs;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Scheduling.PriorityClasses;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>
/// Sees to it, on every silo and for ever, that the cluster has what <see cref="BootstrapObjects"/> lists. Each step
/// reads first and takes "already exists" for success, so silos do not disturb each other. The endpoints of the API are
/// those of all silos that live; one that stops takes itself out before it stops serving.
/// </summary>
public sealed partial class ClusterBootstrap : BackgroundService, IHostedLifecycleService
{
    /// <summary>What a stopping silo gives to its last round; the others do the same when it is gone.</summary>
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(500);

    private readonly IResourceClient _client;
    private readonly BootstrapOptions _options;
    private readonly ServiceAddressRange _range;
    private readonly IApiServerRegistry _servers;
    private readonly SemaphoreSlim _round = new(1, 1);
    private readonly RuleUpkeep _rules;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterBootstrap> _logger;
    private readonly EventRecorder _events;
    private bool _toldOfRange;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ClusterBootstrap(
        IResourceClient client,
        IOptions<BootstrapOptions> options,
        ServiceAddressRange range,
        IApiServerRegistry servers,
        TimeProvider time,
        ILogger<ClusterBootstrap> logger,
        EventSink? events = null)
    {
        _client = client.As(UserIdentity.ApiServer);
        _rules = new RuleUpkeep(_client);
        _options = options.Value;
        _range = range;
        _servers = servers;
        _time = time;
        _logger = logger;
        _events = events?.For("kubernetes-service-cidr-controller", ServiceCidrReconciler.Controller)
            ?? EventRecorder.None;
    }

    /// <summary>Completes when everything was there for the first time: a readiness check of hosts.</summary>
    public Task Ready => _ready.Task;

    /// <summary>
    /// One round: creates what is missing, mends the announced addresses. Throws when the API refuses or is not there.
    /// </summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        foreach (var name in BootstrapObjects.Namespaces)
        {
            await EnsureAsync(BootstrapObjects.Namespace(name), null, cancellationToken);
        }

        foreach (var item in PriorityClassStrategy.SystemClasses)
        {
            await EnsureAsync(item, null, cancellationToken);
        }

        await EnsureAsync(BootstrapObjects.ServiceRange(_range.Cidrs), null, cancellationToken);
        Check(
            await _client.MutateAsync<V1ServiceCIDR>(
                new ObjectKey("", BootstrapObjects.ApiServiceName),
                "",
                range => BootstrapObjects.Extend(range, _range.Cidrs),
                cancellationToken),
            StatusReasons.Conflict);
        Check(
            await _client.MutateAsync<V1ServiceCIDR>(
                new ObjectKey("", BootstrapObjects.ApiServiceName), "status", IsMadeReady, cancellationToken),
            StatusReasons.Conflict);
        await EnsureAsync(BootstrapObjects.MetricsReader(), null, cancellationToken);
        await _rules.EnsureAsync(cancellationToken);
        await EnsureAsync(BootstrapObjects.TokenTracking(_time.GetUtcNow()), IsTracking, cancellationToken);
        await EnsureAsync(BootstrapObjects.ApiService(_range.ApiAddress, _options.ApiPort), null, cancellationToken);
        await AnnounceAsync(RenewAsync, cancellationToken);
        if (_options.HasLocalStorage)
        {
            await EnsureStorageClassAsync(cancellationToken);
        }
    }

    /// <summary>
    /// The class is an offer, made once in the life of a cluster: who deletes it, or makes another the default, is not
    /// overruled. That it was made is noted on <c>kube-system</c>, last, so that a crash repeats the step.
    /// </summary>
    private async Task EnsureStorageClassAsync(CancellationToken cancellationToken)
    {
        var place = new ObjectKey("", BootstrapObjects.SystemNamespace);
        var space = await _client.GetAsync<V1Namespace>(place, ReadFreshness.Cached, cancellationToken);
        if (space.Succeeded && space.Value.GetAnnotation(BootstrapObjects.StorageClassMade) is not null)
        {
            return;
        }

        Check(await _client.CreateAsync(LocalPath.Class, cancellationToken), StatusReasons.AlreadyExists);
        Check(
            await _client.MutateAsync<V1Namespace>(
                place,
                "",
                s =>
                {
                    s.SetAnnotation(BootstrapObjects.StorageClassMade, LocalPath.ClassName);
                    return true;
                },
                cancellationToken),
            StatusReasons.Conflict);
    }

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // No further round: it would put this silo back.
        await base.StopAsync(cancellationToken);
        using var patience = new CancellationTokenSource(LeavePatience, _time);
        try
        {
            await AnnounceAsync(_servers.LeaveAsync, patience.Token);
        }
        catch (Exception error)
        {
            LogLeft(error.Message);
        }
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
        _round.Dispose();
        base.Dispose();
    }

    /// <summary>
    /// Makes the endpoints what the registry says. As upstream, all servers are expected at one port; of several, the
    /// lowest is announced, so that silos do not undo each other's work; and only addresses of the family of the
    /// <c>kubernetes</c> Service are (upstream's <c>EndpointsAdapter.Sync</c>). Nobody being there is never announced.
    /// </summary>
    private async Task AnnounceAsync(
        Func<CancellationToken, Task<IReadOnlyList<ApiServer>>> ask, CancellationToken cancellationToken)
    {
        await _round.WaitAsync(cancellationToken);
        try
        {
            var isSix = _range.Family == ServiceKinds.IPv6;
            ApiServer[] servers =
                [.. (await ask(cancellationToken)).Where(s => NetworkRules.IsIPv6(s.Address) == isSix)];
            if (servers.Length == 0)
            {
                return;
            }

            var port = servers.Min(static s => s.Port);
            var known = servers.Where(s => s.Port == port).Select(static s => s.Address).Distinct();
            string[] addresses = [.. known.Order(StringComparer.Ordinal)];
            await EnsureAsync(BootstrapObjects.ApiEndpoints(addresses, port), SameEndpoints, cancellationToken);
            await EnsureSliceAsync(
                BootstrapObjects.ApiEndpointSlice(addresses, _range.Family, port), cancellationToken);
        }
        finally
        {
            _round.Release();
        }
    }

    /// <summary>The type of a slice cannot change: one of another type goes, and is made anew.</summary>
    private async Task EnsureSliceAsync(V1EndpointSlice wanted, CancellationToken cancellationToken)
    {
        var current = await _client.GetAsync<V1EndpointSlice>(wanted.Key(), ReadFreshness.Cached, cancellationToken);
        if (!current.Succeeded || current.Value.AddressType == wanted.AddressType)
        {
            await EnsureAsync(wanted, SameSlice, cancellationToken);
            return;
        }

        Check(await _client.DeleteAsync(current.Value, cancellationToken), StatusReasons.NotFound);
        Check(await _client.CreateAsync(wanted, cancellationToken), StatusReasons.AlreadyExists);
    }

    private Task<IReadOnlyList<ApiServer>> RenewAsync(CancellationToken cancellationToken) =>
        _servers.RenewAsync(_options.EffectiveAddresses(_range.Family), _options.ApiPort, cancellationToken);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(EnsureForeverAsync(stoppingToken), FollowSilosAsync(stoppingToken));

    private async Task EnsureForeverAsync(CancellationToken stoppingToken)
    {
        string? trouble = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = _options.Period;
            try
            {
                await EnsureAsync(stoppingToken);
                _ready.TrySetResult();
                trouble = null;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Tried twice a second: what goes on failing in the same way is said once.
                if (error.Message != trouble)
                {
                    LogFailed(error.Message);
                }

                trouble = error.Message;
                pause = RetryPeriod;
            }

            await Task.Delay(pause, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowSilosAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var _ in _servers.ChangesAsync(stoppingToken).WithCancellation(stoppingToken))
            {
                await TryAnnounceAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task TryAnnounceAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (_ready.Task.IsCompleted)
            {
                await AnnounceAsync(RenewAsync, stoppingToken);
            }
        }
        catch (Exception error) when (
            error is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            LogFailed(error.Message);
        }
    }

    private async Task EnsureAsync<T>(T wanted, Func<T, T, bool>? same, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var current = await _client.GetAsync<T>(wanted.Key(), ReadFreshness.Cached, cancellationToken);
        if (!current.Succeeded)
        {
            if (current.Error.Reason != StatusReasons.NotFound)
            {
                throw new StatusException(current.Error);
            }

            Check(await _client.CreateAsync(wanted, cancellationToken), StatusReasons.AlreadyExists);
        }
        else if (same is not null && !same(current.Value, wanted))
        {
            wanted.Metadata.ResourceVersion = current.Value.Metadata.ResourceVersion;
            Check(await _client.UpdateAsync(wanted, cancellationToken), StatusReasons.Conflict);
        }
    }

    /// <summary>False when it is ready already, on its way out, or another range than this silo was told of.</summary>
    private bool IsMadeReady(V1ServiceCIDR item)
    {
        item.Status ??= new V1ServiceCIDRStatus();
        if (item.Metadata.DeletionTimestamp is not null)
        {
            return false;
        }

        if (!item.Spec.Cidrs.SequenceEqual(_range.Cidrs))
        {
            TellOfRange(item);
            return false;
        }

        if (item.Status.Conditions?.Any(c => c.Type == "Ready") == true)
        {
            return false;
        }

        item.Status.Conditions = [.. item.Status.Conditions ?? [], BootstrapObjects.RangeIsReady(_time.GetUtcNow())];
        return true;
    }

    /// <summary>Once: it stays so until somebody sees to it.</summary>
    private void TellOfRange(V1ServiceCIDR item)
    {
        if (!_toldOfRange)
        {
            _toldOfRange = true;
            _events.Record(EventNote.Warning(
                item,
                "KubernetesDefaultServiceCIDRInconsistent",
                $"The default ServiceCIDR [{string.Join(' ', item.Spec.Cidrs)}] does not match "
                    + $"the controller flag configurations [{string.Join(' ', _range.Cidrs)}]"));
        }
    }

    private static void Check(Outcome<ResourceObject> outcome, string fineToo)
    {
        if (!outcome.Succeeded && outcome.Error.Reason != fineToo)
        {
            throw new StatusException(outcome.Error);
        }
    }

    private static bool IsTracking(V1ConfigMap current, V1ConfigMap wanted) =>
        LegacyTokens.Read(current.Data?.TryGetValue(LegacyTokens.SinceKey, out var day) == true ? day
            : null) is not null;

    private static bool SameEndpoints(V1Endpoints current, V1Endpoints wanted) =>
        current.Subsets is [var have] && wanted.Subsets[0] is var want &&
        (have.Addresses ?? []).Select(a => a.Ip).SequenceEqual(want.Addresses.Select(a => a.Ip)) &&
        (have.Ports ?? []).Select(p => p.Port).SequenceEqual(want.Ports.Select(p => p.Port));

    private static bool SameSlice(V1EndpointSlice current, V1EndpointSlice wanted) =>
        (current.Endpoints ?? []).SelectMany(e => e.Addresses ?? []).SequenceEqual(wanted.Endpoints.SelectMany(e => e.Addresses)) &&
        (current.Ports ?? []).Select(p => p.Port).SequenceEqual(wanted.Ports.Select(p => p.Port));

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "this silo could not take itself out of the API's endpoints, others will: {Why}")]
    private partial void LogLeft(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "the cluster's own objects are not complete yet: {Why}")]
    private partial void LogFailed(string why);
}
