using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Cloud;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.BareMetal;

/// <summary>What is persisted of the addresses.</summary>
[GenerateSerializer, Alias("orch.load-balancer-address-state")]
public sealed class LoadBalancerAddressState
{
    [Id(0)]
    public List<AddressHolding> Holdings { get; set; } = [];
}

/// <summary>
/// The ledger is written before anything of it is told, under the storage's ETag: should two activations exist for a
/// moment, one of them fails its write, gives nothing out, and goes. A Service that was told its address and one that
/// waits for it are thus never told the same. What a Service held that went without release (somebody took its
/// finalizer) is found by its uid, which never comes again, as soon as an address is missed.
/// </summary>
[GrainType("loadbalanceraddresses")]
public sealed partial class LoadBalancerAddressGrain : Grain, ILoadBalancerAddressGrain
{
    private readonly IPersistentState<LoadBalancerAddressState> _state;
    private readonly IJournalStore _store;
    private readonly ILogger<LoadBalancerAddressGrain> _logger;
    private readonly AddressLedger _ledger;

    public LoadBalancerAddressGrain(
        [PersistentState("loadbalanceraddresses")] IPersistentState<LoadBalancerAddressState> state,
        IJournalStore store,
        IEnumerable<AddressPool> pools,
        ILogger<LoadBalancerAddressGrain> logger)
    {
        _state = state;
        _store = store;
        _logger = logger;
        _ledger = new AddressLedger([.. pools]);
    }

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _ledger.Restore(_state.State.Holdings);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> FindAsync(string uid, CancellationToken cancellationToken) =>
        Task.FromResult(_ledger.Find(uid));

    /// <inheritdoc/>
    public async Task<LoadBalancerAddressAnswer> HoldAsync(
        LoadBalancerAddressRequest request, CancellationToken cancellationToken)
    {
        var before = _ledger.Find(request.Uid);
        var answer = _ledger.Hold(request);
        if (answer.Refusal is not null)
        {
            var services = await _store.ReadSnapshotAsync(WellKnown.Services, cancellationToken);
            var isFreed = _ledger.Retain(services.Objects.Select(s => s.Uid).ToHashSet(StringComparer.Ordinal));
            answer = isFreed ? _ledger.Hold(request) : answer;
        }

        if (answer.Refusal is null && !answer.Addresses.SequenceEqual(before))
        {
            await PersistAsync(cancellationToken);
        }

        return answer;
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(string uid, CancellationToken cancellationToken)
    {
        if (_ledger.Find(uid).Count == 0)
        {
            return Task.CompletedTask;
        }

        _ledger.Release(uid);
        return PersistAsync(cancellationToken);
    }

    private async Task PersistAsync(CancellationToken cancellationToken)
    {
        try
        {
            _state.State.Holdings = [.. _ledger.Holdings];
            await _state.WriteStateAsync(cancellationToken);
        }
        catch (Exception error)
        {
            // Another activation may have written, or nobody knows: nothing of what is held here may be trusted.
            LogNotWritten(error);
            DeactivateOnIdle();
            throw new StoreUnavailableException(
                $"the addresses of load balancers could not be written: {error.Message}");
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "the addresses of load balancers were not written; the grain starts afresh")]
    private partial void LogNotWritten(Exception error);
}
