using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
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
/// Every reservation is written before it is told, under the storage's ETag: should two activations exist for a moment, one of them fails its
/// write, gives nothing out, and goes. An activation begins with the reservations as written, then lists the Services linearizably, so it knows every
/// address that was ever given and is still held. Afterwards it follows the Services, which may lag: then something that
/// is free again looks taken, never the reverse, and before it refuses it looks at the holder itself.
/// </summary>
[GrainType("serviceaddresses")]
public sealed partial class ServiceAddressGrain : Grain, IServiceAddressGrain
{
    /// <summary>No write of a Service is under way longer than this.</summary>
    private static readonly TimeSpan ReservationLifetime = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FollowBackOff = TimeSpan.FromSeconds(1);

    private readonly IPersistentState<ServiceAddressState> _state;
    private readonly IServiceProvider _services;
    private readonly TimeProvider _time;
    private readonly ILogger<ServiceAddressGrain> _logger;
    private readonly ServiceAddressBook _book;
    private readonly CancellationTokenSource _stop = new();
    private IResourceClient? _client;

    public ServiceAddressGrain(
        [PersistentState("addresses")] IPersistentState<ServiceAddressState> state,
        IServiceProvider services,
        TimeProvider time,
        ILogger<ServiceAddressGrain> logger)
    {
        _state = state;
        _services = services;
        _time = time;
        _logger = logger;
        _book = new ServiceAddressBook(services.GetService<ServiceAddressRange>() ?? ServiceAddressRange.Default, new Random());
    }

    /// <inheritdoc/>
    public async Task<ServiceAddressAnswer> ReserveAsync(ServiceAddressRequest request, CancellationToken cancellationToken)
    {
        var client = await EnsureReadyAsync(cancellationToken);
        await DropExpiredAsync(client, cancellationToken);
        var answer = _book.Reserve(request, _time.GetUtcNow(), out var holder);
        if (answer.Refusal is not null && holder is not null)
        {
            // The holder may be gone already: a refusal rests on the truth, not on what the follower has heard.
            await LoadAsync(client, cancellationToken);
            answer = _book.Reserve(request, _time.GetUtcNow(), out _);
        }

        if (answer.Refusal is null)
        {
            await PersistAsync(request.Reservation, cancellationToken);
        }

        return answer;
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(string reservation, CancellationToken cancellationToken)
    {
        // Written with the next reservation: until then a restart merely keeps it reserved a little longer.
        _book.Release(reservation);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        await _stop.CancelAsync();

    /// <summary>On first use, not on activation: the API that the Services come from may still be starting then.</summary>
    private async Task<IResourceClient> EnsureReadyAsync(CancellationToken cancellationToken)
    {
        if (_client is not null)
        {
            return _client;
        }

        var client = _services.GetRequiredService<IResourceClient>().As(UserIdentity.Controller("service-address-allocator"));
        _book.Restore(_state.State.Reservations);
        await LoadAsync(client, cancellationToken);
        _client = client;
        _ = Task.Factory.StartNew(
            () => FollowAsync(client, _stop.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        return client;
    }

    private async Task LoadAsync(IResourceClient client, CancellationToken cancellationToken)
    {
        var query = ResourceOf<V1Service>.Query() with { Freshness = ReadFreshness.Linearizable };
        var list = await client.ListAsync(query, cancellationToken);
        _book.Load(list.Revision, list.Items.ToDictionary(i => i.Key, i => (i.Revision, i.As<V1Service>().Spec)));
    }

    private async Task FollowAsync(IResourceClient client, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await FollowOnceAsync(client, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFollowEnded(error);
                await Task.Delay(FollowBackOff, _time, CancellationToken.None);
            }
        }
    }

    /// <summary>
    /// After a gap the follower starts over with all objects: seeing them again is right too. What vanished in the gap stays taken until
    /// somebody wants it, and a second look finds it gone.
    /// </summary>
    private async Task FollowOnceAsync(IResourceClient client, CancellationToken cancellationToken)
    {
        await foreach (var change in client.FollowAsync(WellKnown.Services, cancellationToken))
        {
            if (ReferenceEquals(change, ResourceChange.Synced))
            {
                continue;
            }

            var item = change.Object;
            if (change.Kind == ChangeKind.Deleted)
            {
                _book.SeeGone(item.Key, item.Revision);
            }
            else if (_book.See(item.Key, item.Revision, item.As<V1Service>().Spec) is { } other)
            {
                LogShared(item.Key, other, item.As<V1Service>().Spec.ClusterIP);
            }
        }
    }

    private async Task DropExpiredAsync(IResourceClient client, CancellationToken cancellationToken)
    {
        var expired = _book.Expired(_time.GetUtcNow() - ReservationLifetime);
        if (expired.Count == 0)
        {
            return;
        }

        // Whatever became of these writes is visible by now: a Service that holds them, or nothing.
        await LoadAsync(client, cancellationToken);
        foreach (var reservation in expired)
        {
            _book.Release(reservation);
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
            // Another activation may have written, or nobody knows: nothing of what is held here may be trusted any more.
            _book.Release(reservation);
            LogNotWritten(error);
            DeactivateOnIdle();
            throw new StoreUnavailableException("the reservation of Service addresses could not be written", error);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Services {First} and {Second} share the address {Address}")]
    private partial void LogShared(ObjectKey first, ObjectKey second, string? address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "following Services ended; starting over")]
    private partial void LogFollowEnded(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "a reservation of Service addresses was not written; the grain starts afresh")]
    private partial void LogNotWritten(Exception error);
}
