using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Api.Figures;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Figures;

/// <summary>What a silo keeps of pods has bounds, whoever asks.</summary>
public sealed class ScrapeBookTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly PodEndpoints _pods = new();
    private readonly ProxyConnections _connections = new(static _ => true);
    private readonly ManualTime _time = new();

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _pods.StartAsync(Limit);

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _pods.DisposeAsync();
    }

    [Fact]
    public async Task What_nobody_asks_for_is_forgotten()
    {
        var book = Book(new FigureOptions());
        Tell("jobs 1\nother 2\n", "/a", "/b");
        Assert.Equal(2, (await ReadAsync(book, "jobs", "/a", "/b")).Count);
        Assert.Equal((2, 2), (book.Count, book.Series));
        _time.Advance(TimeSpan.FromMinutes(4));
        await ReadAsync(book, "jobs", "/a");
        _time.Advance(TimeSpan.FromMinutes(4));
        await ReadAsync(book, "jobs", "/a");

        // Of the one that is still asked for what it told last, and before.
        Assert.Equal((1, 2), (book.Count, book.Series));
    }

    [Fact]
    public async Task A_figure_that_nobody_wanted_before_is_asked_for_at_once()
    {
        var book = Book(new FigureOptions());
        Tell("jobs 1\nother 2\n", "/a");
        Assert.Equal(1, Assert.Single((await ReadAsync(book, "jobs", "/a"))[0].Last!.Samples["jobs"]).Value);
        Assert.Empty((await ReadAsync(book, "jobs", "/a"))[0].Last!.Samples["other"]);
        Assert.Equal(1, _pods.Asked);
        Assert.Equal(2, Assert.Single((await ReadAsync(book, "other", "/a"))[0].Last!.Samples["other"]).Value);
        Assert.Equal(2, _pods.Asked);
    }

    [Fact]
    public async Task Pods_that_others_ask_for_stay_and_a_question_without_room_is_refused()
    {
        var book = Book(new FigureOptions { MaxKeptPods = 2 });
        Tell("jobs 1\n", "/a", "/b", "/c");
        await ReadAsync(book, "jobs", "/a", "/b");
        Assert.Equal(429, (await book.ReadAsync("jobs", [Target("/c")], Limit)).Error?.Code);
        _time.Advance(TimeSpan.FromSeconds(30));
        await ReadAsync(book, "jobs", "/b");
        _time.Advance(TimeSpan.FromSeconds(30));

        // Only the one that nobody asked for in the meantime has to go.
        await ReadAsync(book, "jobs", "/c");
        Assert.Equal(429, (await book.ReadAsync("jobs", [Target("/a")], Limit)).Error?.Code);
        Assert.Equal(2, book.Count);
    }

    [Fact]
    public async Task Series_have_a_bound_together()
    {
        var book = Book(new FigureOptions { MaxKeptSeries = 3 });
        Tell("jobs{a=\"1\"} 1\njobs{a=\"2\"} 1\n", "/a", "/b");
        await ReadAsync(book, "jobs", "/a");
        Assert.Equal(429, (await book.ReadAsync("jobs", [Target("/b")], Limit)).Error?.Code);
        Assert.Equal((1, 2), (book.Count, book.Series));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False((await ReadAsync(book, "jobs", "/b"))[0].IsSilent);
        Assert.Equal((1, 2), (book.Count, book.Series));
    }

    [Fact]
    public async Task All_questions_together_ask_so_many_pods_at_a_time_and_each_pod_once()
    {
        var book = Book(new FigureOptions { Parallelism = 2 });
        var (gate, now, most) = (new TaskCompletionSource(), 0, 0);
        _pods.Before = async () =>
        {
            var here = Interlocked.Increment(ref now);
            InterlockedMax(ref most, here);
            if (here == 2)
            {
                gate.TrySetResult();
            }

            await gate.Task.WaitAsync(Patience, Limit);
            Interlocked.Decrement(ref now);
        };
        var paths = Enumerable.Range(0, 12).Select(static i => $"/{i}").ToArray();
        Tell("jobs 1\n", paths);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ReadAsync(book, "jobs", paths)));
        Assert.Equal((2, paths.Length), (most, _pods.Asked));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value)
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }

    private async Task<IReadOnlyList<PodAnswers>> ReadAsync(ScrapeBook book, string figure, params string[] paths) =>
        (await book.ReadAsync(figure, [.. paths.Select(Target)], Limit)).Required;

    private ScrapeTarget Target(string path) => new(
        new ObjectKey("shop", path[1..]), path, new Uri($"http://127.0.0.1:{_pods.Port}{path}"), IsServing: true);

    private void Tell(string text, params string[] paths)
    {
        foreach (var path in paths)
        {
            _pods.Told[path] = text;
        }
    }

    private ScrapeBook Book(FigureOptions options)
    {
        var set = Options.Create(options);
        return new ScrapeBook(
            new PodScraper(_connections, set, _time, NullLogger<PodScraper>.Instance), set, _time);
    }
}
