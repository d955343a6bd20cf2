using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Core.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// What reconcilers need of their silo. A silo without it stores and serves objects, and nothing acts on them.
/// </summary>
public sealed class ReconcilingServices(
    IServiceProvider services, IOptions<ControllersOptions> options, TimeProvider time, EventSink events, IChildCursors cursors)
{
    public IResourceClient Client => services.GetRequiredService<IResourceClient>();

    public IClusterTrust Trust => services.GetRequiredService<IClusterTrust>();

    /// <summary>The addresses of Services; null where nobody gives any.</summary>
    public ServiceAddressRange? ServiceRange => services.GetService<ServiceAddressRange>();

    public INodeVolumes NodeVolumes => services.GetRequiredService<INodeVolumes>();

    /// <summary>The APIs of other servers.</summary>
    public IAggregatedApis Aggregation => services.GetRequiredService<IAggregatedApis>();

    /// <summary>What pods use; null where nobody measures.</summary>
    public IResourceMetrics? Metrics => services.GetService<IResourceMetrics>();

    public ISecretTokens Tokens => services.GetRequiredService<ISecretTokens>();

    public ICertificateSigner Signer => services.GetRequiredService<ICertificateSigner>();

    /// <summary>What this server serves, and when that changes.</summary>
    public ResourceCatalog Catalog { get; } =
        services.GetService<ResourceCatalog>() ?? new ResourceCatalog(BuiltInResources.Table);

    /// <summary>What this server serves at the moment.</summary>
    public ResourceTable Resources => Catalog.Current;

    public ControllersOptions Options => options.Value;

    public TimeProvider Time => time;

    public EventSink Events => events;

    public IChildCursors Cursors => cursors;

    public ILogger Logger<T>() => (ILogger?)services.GetService<ILogger<T>>() ?? NullLogger.Instance;
}

/// <summary>
/// The reconciler of one activation: made on the first signal, and run on the thread pool, since it shares nothing with
/// the grain and the activation's own scheduler would put all its work on one core.
/// </summary>
/// <param name="services">Null when this silo has no controllers.</param>
/// <param name="create">Makes the reconciler.</param>
/// <param name="isEased">
/// Steps are spaced by a multiple of their own length, so that an object whose step is long by its size (a Service of
/// thousands of pods) spends a bounded share of a core however fast its children change. Short steps do not notice; nor
/// does a step that says itself that there is more to do.
/// </param>
public sealed class ReconcilerHost(
    ReconcilingServices? services, Func<ReconcilingServices, IObjectReconciler> create, bool isEased = false)
{
    private const int EaseFactor = 4;
    private static readonly TimeSpan MaxEase = TimeSpan.FromMilliseconds(500);

    /// <summary>Long enough for the other writer to finish its few writes.</summary>
    private static readonly TimeSpan AfterStaleRead = TimeSpan.FromMilliseconds(10);

    private IObjectReconciler? _reconciler;
    private long _ended;
    private TimeSpan _length;

    /// <summary>One step; nothing when controllers are off.</summary>
    public Task<ReconcileResult> RunAsync(CancellationToken cancellationToken)
    {
        if (services is null || !services.Options.Enabled)
        {
            return Task.FromResult(ReconcileResult.Done);
        }

        var reconciler = _reconciler ??= create(services);
        return Task.Factory.StartNew(
            () => StepAsync(services, reconciler, cancellationToken),
            cancellationToken,
            TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default).Unwrap();
    }

    private async Task<ReconcileResult> StepAsync(
        ReconcilingServices running, IObjectReconciler reconciler, CancellationToken cancellationToken)
    {
        var time = running.Time;
        if (isEased && Ease(time) is { } pause && pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, time, cancellationToken);
        }

        var started = time.GetTimestamp();
        var isMore = false;
        try
        {
            var result = await reconciler.ReconcileAsync(cancellationToken);
            isMore = result.After == TimeSpan.Zero;
            return result;
        }
        catch (StaleReadException)
        {
            return ReconcileResult.Again(AfterStaleRead);
        }
        finally
        {
            _ended = time.GetTimestamp();
            _length = isMore ? TimeSpan.Zero : time.GetElapsedTime(started, _ended);
        }
    }

    private TimeSpan Ease(TimeProvider time)
    {
        var wanted = _length * EaseFactor;
        return (wanted < MaxEase ? wanted : MaxEase) - time.GetElapsedTime(_ended);
    }
}
