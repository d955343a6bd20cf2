using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Grains.Tests.Core.ResourceQuotas;

/// <summary>The journal of ResourceQuotas and its books, on a store that survives when they are killed.</summary>
internal sealed class QuotaBooksWorld
{
    public const string Space = "n";

    private SingleThread _thread = new();
    private Journal _journal = null!;
    private QuotaBooks _books = null!;

    public QuotaBooksWorld()
    {
        Store = new JournalStoreFaults(Memory);
        Make();
    }

    public ManualTime Time { get; } = new();

    public MemoryJournalStore Memory { get; } = new();

    public JournalStoreFaults Store { get; }

    /// <summary>Whom the books have had counted anew.</summary>
    public List<ObjectKey> Recounts { get; } = [];

    /// <summary>The newest activation has given up.</summary>
    public bool IsLost { get; private set; }

    public static ObjectKey Key(string quota) => new(Space, quota);

    /// <summary>A next activation; the one before knows nothing of it, as after a kill or where a silo hangs.</summary>
    public async Task ActivateAsync()
    {
        await OpenNextAsync();
        await OutliveAsync();
    }

    /// <summary>
    /// The lease of the one before is over. On the thread of the newest: what it finds to be left of the lease would be
    /// waited for in vain if time moved between that and the wait.
    /// </summary>
    public Task OutliveAsync() => _thread.RunAsync(() =>
    {
        Time.Advance(new JournalOptions().Lease);
        return Task.CompletedTask;
    });

    /// <summary>The same, while the lease of the one before lasts.</summary>
    public Task OpenNextAsync()
    {
        Make();
        return _thread.RunAsync(
            () => _journal.ReadAfterAsync(IJournalStore.FirstRevision, 1, TimeSpan.Zero, default));
    }

    /// <summary>The activation that there is now, for when there are others.</summary>
    public Func<Task<string?>> Charging(string quota, int amount)
    {
        var (thread, journal, books) = (_thread, _journal, _books);
        return async () =>
            (await PromiseAsync(thread, journal, books, Request(journal.Revision, Need((quota, amount))))).Refusals[0];
    }

    /// <summary>Charges one write; null when the quotas bear it.</summary>
    public async Task<string?> ChargeAsync(params (string Quota, int Amount)[] parts) =>
        (await ChargeAsync(Need(parts))).Refusals[0];

    public Task<QuotaAnswer> ChargeAsync(params QuotaNeed[] writes) => AskAsync(null, writes);

    /// <summary>Asks as somebody does whose cache is at a revision; null for the newest.</summary>
    public Task<QuotaAnswer> AskAsync(long? revision, params QuotaNeed[] writes) =>
        PromiseAsync(_thread, _journal, _books, Request(revision ?? _journal.Revision, writes));

    public static QuotaNeed Need(params (string Quota, int Amount)[] parts) => new()
    {
        Parts = [.. parts.Select(static p => new QuotaPart(
            p.Quota, new Dictionary<string, string> { ["pods"] = $"{p.Amount}" }))],
    };

    /// <summary>A quota whose controller has counted it.</summary>
    public async Task MakeAsync(string quota, int hard, int used = 0) =>
        _ = (await CommitAsync(WriteKind.Create, quota, 0, hard, used)).Required;

    /// <summary>Writes a quota anew, as whoever knows it at a revision.</summary>
    public Task<Outcome<ResourceObject>> WriteAsync(string quota, long revision, int hard, int used) =>
        CommitAsync(WriteKind.Update, quota, revision, hard, used);

    public Task<Outcome<ResourceObject>> DeleteAsync(string quota, long revision) =>
        CommitAsync(WriteKind.Delete, quota, revision, 0, 0);

    /// <summary>A quota as somebody reads it who reads afresh.</summary>
    public async Task<(long Revision, int Used)> ReadAsync(string quota)
    {
        await _thread.RunAsync(() => _journal.GetRevisionAsync(default).AsTask());
        var stored = Stored(quota);
        return (stored.Revision, Used(stored));
    }

    /// <summary>Ends the activation in order; the next one is another.</summary>
    public Task StopAsync() => _thread.RunAsync(() => _journal.StopAsync(default));

    /// <summary>Waits until all that is queued has run.</summary>
    public Task DrainAsync() => _thread.DrainAsync();

    /// <summary>The quota as the store has it.</summary>
    public ResourceObject Stored(string quota) =>
        Memory.ReadObjectAsync(WellKnown.ResourceQuotas, Key(quota), default).Result!;

    /// <summary>What the store has reserved; null for nothing.</summary>
    public int? Reserved(string quota) =>
        Memory.ReadObjectAsync(QuotaReserves.Name, Key(quota), default).Result is { } item ? Used(item) : null;

    /// <summary>As how much used a next activation would find a quota.</summary>
    public int Known(string quota) => Math.Max(Used(Stored(quota)), Reserved(quota) ?? 0);

    public static int Hard(ResourceObject quota) =>
        (int)Quantity.Of(quota.As<V1ResourceQuota>().Status.Hard["pods"]).Value;

    public static int Used(ResourceObject quota) =>
        (int)Quantity.Of(quota.As<V1ResourceQuota>().Status.Used["pods"]).Value;

    private void Make()
    {
        IsLost = false;
        _thread = new SingleThread();
        _books = new QuotaBooks(Store, Time, Recounts.Add);
        Journal? made = null;
        _journal = made = new Journal(
            WellKnown.ResourceQuotas, Store, Time, new JournalOptions(), NullLogger.Instance,
            () => IsLost |= ReferenceEquals(made, _journal), _books);
    }

    private static Task<QuotaAnswer> PromiseAsync(
        SingleThread thread, Journal journal, QuotaBooks books, QuotaRequest request) =>
        thread.RunAsync(() => journal.PromiseAsync(() => books.TryCharge(journal, request), default));

    private static QuotaRequest Request(long revision, params QuotaNeed[] writes) =>
        new() { Namespace = Space, Revision = revision, Writes = writes };

    private Task<Outcome<ResourceObject>> CommitAsync(WriteKind kind, string quota, long revision, int hard, int used)
    {
        var uid = $"uid-{quota}";
        var write = TestObjects.FromText(kind, revision, uid, $$$"""
            {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"{{{quota}}}","namespace":"{{{Space}}}","uid":"{{{uid}}}","resourceVersion":""},
            "spec":{"hard":{"pods":"{{{hard}}}"}},"status":{"hard":{"pods":"{{{hard}}}"},"used":{"pods":"{{{used}}}"} } }
            """);
        return _thread.RunAsync(() => _journal.CommitAsync(new JournalWrite(Key(quota), write), default));
    }
}
