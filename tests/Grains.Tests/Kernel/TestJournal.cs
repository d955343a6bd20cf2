using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>A journal with the single thread that an activation gives it.</summary>
internal sealed class TestJournal
{
    private readonly Journal _journal;

    public TestJournal(IJournalStore store, TimeProvider time, JournalOptions options) =>
        _journal = new Journal(TestObjects.Pods, store, time, options, NullLogger.Instance, () => IsLost = true);

    public SingleThread Thread { get; } = new();

    public bool IsLost { get; private set; }

    /// <summary>What any thread sees; null when the journal must be asked.</summary>
    public long? LocalRevision => _journal.TryRead(out var revision) ? revision : null;

    public Task<Outcome<ResourceObject>> CommitAsync(ObjectKey key, ObjectWrite write) =>
        Thread.RunAsync(() => _journal.CommitAsync(new JournalWrite(key, write), default));

    public async Task<IReadOnlyList<CommitAnswer>> CommitManyAsync(IReadOnlyList<ObjectKey> creates)
    {
        var writes = new JournalWrites([.. creates.Select(k => new JournalWrite(k, TestObjects.Create(k)))]);
        return (await Thread.RunAsync(() => _journal.CommitManyAsync(writes, default))).Items;
    }

    public Task<long> GetRevisionAsync() => Thread.RunAsync(() => _journal.GetRevisionAsync(default).AsTask());

    public Task MoveBeyondAsync(long revision) =>
        Thread.RunAsync(() => _journal.MoveBeyondAsync(revision, default));

    public Task<ResourceObject?> ReadAsync(ObjectKey key) =>
        Thread.RunAsync(() => _journal.ReadAsync(key, default));

    public Task<ChangeBatch> ReadAfterAsync(long revision, TimeSpan wait) =>
        Thread.RunAsync(() => _journal.ReadAfterAsync(revision, 100, wait, default));

    public Task StopAsync() => Thread.RunAsync(() => _journal.StopAsync(default));
}
