using k8s;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>
/// Sees to it, on every silo and for ever, that the cluster has what <see cref="BootstrapObjects"/> lists. Each step
/// reads first and takes "already exists" for success, so silos do not disturb each other.
/// </summary>
public sealed partial class ClusterBootstrap : BackgroundService
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(500);

    private readonly IResourceClient _client;
    private readonly BootstrapOptions _options;
    private readonly ServiceAddressRange _range;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterBootstrap> _logger;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ClusterBootstrap(
        IResourceClient client,
        IOptions<BootstrapOptions> options,
        ServiceAddressRange range,
        TimeProvider time,
        ILogger<ClusterBootstrap> logger)
    {
        _client = client.As(new UserIdentity { Name = "system:apiserver", Groups = ["system:masters", "system:authenticated"] });
        _options = options.Value;
        _range = range;
        _time = time;
        _logger = logger;
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

        var port = _options.ApiPort;
        await EnsureAsync(BootstrapObjects.ApiService(_range.ApiAddress, port), null, cancellationToken);
        var addresses = _options.EffectiveAddresses();
        if (addresses.Count == 0)
        {
            return;
        }

        await EnsureAsync(BootstrapObjects.ApiEndpoints(addresses, port), SameEndpoints, cancellationToken);
        await EnsureAsync(BootstrapObjects.ApiEndpointSlice(addresses, port), SameSlice, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = _options.Period;
            try
            {
                await EnsureAsync(stoppingToken);
                _ready.TrySetResult();
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFailed(error.Message);
                pause = RetryPeriod;
            }

            await Task.Delay(pause, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    private static void Check(Outcome<ResourceObject> outcome, string fineToo)
    {
        if (!outcome.Succeeded && outcome.Error.Reason != fineToo)
        {
            throw new StatusException(outcome.Error);
        }
    }

    private static bool SameEndpoints(V1Endpoints current, V1Endpoints wanted) =>
        current.Subsets is [var have] && wanted.Subsets[0] is var want &&
        (have.Addresses ?? []).Select(a => a.Ip).SequenceEqual(want.Addresses.Select(a => a.Ip)) &&
        (have.Ports ?? []).Select(p => p.Port).SequenceEqual(want.Ports.Select(p => p.Port));

    private static bool SameSlice(V1EndpointSlice current, V1EndpointSlice wanted) =>
        (current.Endpoints ?? []).SelectMany(e => e.Addresses ?? []).SequenceEqual(wanted.Endpoints.SelectMany(e => e.Addresses)) &&
        (current.Ports ?? []).Select(p => p.Port).SequenceEqual(wanted.Ports.Select(p => p.Port));

    [LoggerMessage(Level = LogLevel.Information, Message = "the cluster's own objects are not complete yet: {Why}")]
    private partial void LogFailed(string why);
}
