using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>What is persisted of the allocation: only what no Service shows yet.</summary>
[GenerateSerializer, Alias("orch.service-address-state")]
public sealed class ServiceAddressState
{
    [Id(0)]
    public List<ServiceAddressReservation> Reservations { get; set; } = [];
}

/// <summary>
/// Before each decision the grain reads the journals of Services, ServiceCIDRs and IPAddresses up to their newest
/// revisions, so that it knows all that is committed; writes under way are covered by reservations. A reservation is
/// written before it is told, under the storage's ETag: should two activations exist for a moment, one of them fails
/// its write, gives nothing out, and goes. A new activation begins with the reservations as written and then reads the
/// Services: whatever was ever given is in the one or in the other.
/// </summary>
[GrainType("serviceaddresses")]
public sealed partial class ServiceAddressGrain : Grain, IServiceAddressGrain
{
    /// <summary>No write of a Service is under way longer than this.</summary>
    private static readonly TimeSpan ReservationLifetime = TimeSpan.FromMinutes(5);

    private readonly IPersistentState<ServiceAddressState> _state;
    private readonly TimeProvider _time;
    private readonly ILogger<ServiceAddressGrain> _logger;
    private readonly ServiceAddressBook _book;
    private readonly JournalTail[] _tails;

    public ServiceAddressGrain(
        [PersistentState("addresses")] IPersistentState<ServiceAddressState> state,
        IJournalStore store,
        IServiceProvider services,
        TimeProvider time,
        ILogger<ServiceAddressGrain> logger)
    {
        _state = state;
        _time = time;
        _logger = logger;
        _book = new ServiceAddressBook(
            services.GetService<ServiceAddressRange>() ?? ServiceAddressRange.Default, new Random());
        _tails =
        [
            new JournalTail(WellKnown.Services, store, _book.Clear, See),
            new JournalTail(WellKnown.ServiceCidrs, store, _book.ClearRanges, SeeRange),
            new JournalTail(WellKnown.IpAddresses, store, _book.ClearAddresses, SeeAddress),
        ];
    }

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _book.Restore(_state.State.Reservations);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<ServiceAddressAnswer> ReserveAsync(
        ServiceAddressRequest request, CancellationToken cancellationToken)
    {
        await Task.WhenAll(_tails.Select(tail => tail.CatchUpAsync(GrainFactory, cancellationToken)));

        // What became of old writes is visible by now: a Service that holds their addresses, or nothing.
        _book.ReleaseOlderThan(_time.GetUtcNow() - ReservationLifetime);
        var answer = _book.Reserve(request, _time.GetUtcNow());
        if (answer.Refusal is null && !request.Pretends)
        {
            await PersistAsync(request.Reservation, cancellationToken);
        }

        return answer;
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(string reservation, CancellationToken cancellationToken)
    {
        // Written with the next reservation: until then a new activation merely keeps it reserved a little longer.
        _book.Release(reservation);
        return Task.CompletedTask;
    }

    private void SeeRange(Change change)
    {
        if (change.Kind == ChangeKind.Deleted)
        {
            _book.SeeRangeGone(change.Object.Key.Name);
        }
        else
        {
            _book.SeeRange(change.Object.As<V1ServiceCIDR>());
        }
    }

    private void SeeAddress(Change change)
    {
        if (change.Kind == ChangeKind.Deleted)
        {
            _book.SeeAddressGone(change.Object.Key.Name);
        }
        else
        {
            _book.SeeAddress(change.Object.As<V1IPAddress>());
        }
    }

    private void See(Change change)
    {
        if (change.Kind == ChangeKind.Deleted)
        {
            _book.SeeGone(change.Object.Key);
            return;
        }

        var spec = change.Object.As<V1Service>().Spec;
        if (_book.See(change.Object.Key, spec) is { } other)
        {
            LogShared(change.Object.Key, other, spec.ClusterIP);
        }
    }

    private async Task PersistAsync(string reservation, CancellationToken cancellationToken)
    {
        try
        {
            _state.State.Reservations = [.. _book.Reservations];
            await _state.WriteStateAsync(cancellationToken);
        }
        catch (Exception error)
        {
            // Another activation may have written, or nobody knows: nothing of what is held here may be trusted any
            // more.
            _book.Release(reservation);
            LogNotWritten(error);
            DeactivateOnIdle();
            throw new StoreUnavailableException(
                $"the reservation of Service addresses could not be written: {error.Message}");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Services {First} and {Second} share the address {Address}")]
    private partial void LogShared(ObjectKey first, ObjectKey second, string? address);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "a reservation of Service addresses was not written; the grain starts afresh")]
    private partial void LogNotWritten(Exception error);
}
