using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Store;

public sealed class JournalWriterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ScriptedJournal _journal = new();

    [Fact]
    public async Task WhatComesWhileACallIsUnderWayLeavesInOneCall()
    {
        var writer = new JournalWriter(_journal);
        var writes = Enumerable.Range(0, 300).Select(i => writer.WriteAsync(Create(i), default)).ToList();
        for (var done = 0; done < writes.Count;)
        {
            var call = await _journal.NextAsync();
            done += call.Writes.Count;
            call.Succeed();
        }

        var answers = await Task.WhenAll(writes);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => Create(i).Key), answers.Select(a => a.Required.Key));
        Assert.InRange(_journal.Calls, 1, 5);
        Assert.Equal(1, _journal.MostAtOnce);
    }

    [Fact]
    public async Task NoCallCarriesMoreThanAJournalTakesAtOnce()
    {
        var writer = new JournalWriter(_journal);
        var writes = Enumerable.Range(0, 2_000).Select(i => writer.WriteAsync(Create(i), default)).ToList();
        for (var done = 0; done < writes.Count;)
        {
            var call = await _journal.NextAsync();
            Assert.InRange(call.Writes.Count, 1, JournalWriter.MaxWrites);
            done += call.Writes.Count;
            call.Succeed();
        }

        await Task.WhenAll(writes);
    }

    [Fact]
    public async Task EveryWriteHasItsOwnAnswer()
    {
        var writer = new JournalWriter(_journal);
        var held = writer.WriteAsync(Create(0), default);
        var first = await _journal.NextAsync();
        Task<Outcome<ResourceObject>>[] writes =
            [.. Enumerable.Range(1, 3).Select(i => writer.WriteAsync(Create(i), default))];
        first.Succeed();
        var call = await _journal.NextAsync();
        Assert.Equal(3, call.Writes.Count);
        call.Answer(
            new CommitAnswer { Outcome = StatusErrors.AlreadyExists(TestObjects.Pods, "x") },
            new CommitAnswer { Failure = new UnknownOutcomeException("lost") },
            new CommitAnswer { Failure = new StoreUnavailableException("moving") });
        Assert.Equal(StatusReasons.AlreadyExists, (await writes[0]).Error!.Reason);
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => writes[1]);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => writes[2]);
        Assert.True((await held).Succeeded);
    }

    [Fact]
    public async Task AWriteWhoseCallGotNoAnswerIsOfUnknownOutcomeAndARefusedCallDidNothing()
    {
        var writer = new JournalWriter(_journal);
        var lost = writer.WriteAsync(Create(0), default);
        (await _journal.NextAsync()).Fail(new TimeoutException("no answer"));
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => lost);
        var refused = writer.WriteAsync(Create(1), default);
        (await _journal.NextAsync()).Fail(new StoreUnavailableException("moving"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => refused);
        var next = writer.WriteAsync(Create(2), default);
        (await _journal.NextAsync()).Succeed();
        Assert.True((await next).Succeeded);
    }

    [Fact]
    public async Task AWriteGivenUpBeforeItWasSentIsNotSent()
    {
        var writer = new JournalWriter(_journal);
        using var giveUp = new CancellationTokenSource();
        var first = writer.WriteAsync(Create(0), default);
        var one = await _journal.NextAsync();
        var givenUp = writer.WriteAsync(Create(1), giveUp.Token);
        await giveUp.CancelAsync();
        var last = writer.WriteAsync(Create(2), default);
        one.Succeed();
        var call = await _journal.NextAsync();
        Assert.Equal(Create(2).Key, Assert.Single(call.Writes).Key);
        call.Succeed();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        await Task.WhenAll(first, last);
    }

    private static JournalWrite Create(int number)
    {
        var key = new ObjectKey("n", $"p{number}");
        return new JournalWrite(key, TestObjects.Create(key));
    }

    /// <summary>A journal whose calls wait for the test to answer them.</summary>
    private sealed class ScriptedJournal : IJournalGrain
    {
        private readonly System.Threading.Channels.Channel<Call> _calls =
            System.Threading.Channels.Channel.CreateUnbounded<Call>();
        private readonly Lock _lock = new();
        private int _open;

        public int Calls { get; private set; }

        public int MostAtOnce { get; private set; }

        public Task<Call> NextAsync() =>
            _calls.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

        public async Task<CommitAnswers> CommitManyAsync(JournalWrites writes, CancellationToken cancellationToken)
        {
            var call = new Call(writes.Items);
            lock (_lock)
            {
                Calls++;
                MostAtOnce = Math.Max(MostAtOnce, ++_open);
            }

            _calls.Writer.TryWrite(call);
            try
            {
                return await call.Done.Task;
            }
            finally
            {
                lock (_lock)
                {
                    _open--;
                }
            }
        }

        public Task<Outcome<ResourceObject>> CommitAsync(JournalWrite write, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task MoveBeyondAsync(long revision, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ResourceObject?> ReadAsync(ObjectKey key, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ChangeBatch> ReadAfterAsync(
            long revision, int maxChanges, TimeSpan wait, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed record Call(IReadOnlyList<JournalWrite> Writes)
    {
        public TaskCompletionSource<CommitAnswers> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Answer(params CommitAnswer[] answers) => Done.SetResult(new CommitAnswers(answers));

        public void Succeed() => Answer([.. Writes.Select(w => new CommitAnswer { Outcome = new ResourceObject(w.Key, w.Write.Uid, 1, w.Write.Json) })]);

        public void Fail(Exception error) => Done.SetException(error);
    }
}
