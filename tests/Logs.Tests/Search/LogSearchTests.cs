using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Queries;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Search;

public sealed class LogSearchTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    /// <summary>Some lines of some pods, sent in batches whose times overlap.</summary>
    private static readonly Gen<(int Pod, long Time, string Text)[][]> Batches =
        Gen.Select(Gen.Int[0, 3], Gen.Long[0, 40], Texts.Line).Array[0, 30].Array[1, 8];

    [Fact]
    public async Task Pages_together_are_what_looking_at_each_line_finds() => await Gen.Select(
        Batches, Texts.Any("", "error", "abc", "/a.*b/", "user=eva", "-error"), Gen.Bool, Gen.Int[1, 12],
        Texts.Any("", "p1"), Gen.Select(Gen.Long[0, 30], Gen.Long[10, 40])).CheckAsync(
        static async asked =>
        {
            var (batches, text, oldest, limit, pod, range) = asked;
            var (store, all) = await FillAsync(batches);
            using var search = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
            Assert.Null(LogQueryText.Read(text, out var terms));
            var query = new LogQuery
            {
                Streams = new StreamFilter { Pod = pod }, Lines = new LineFilter(terms), OldestFirst = oldest,
                    Limit = limit,
                From = range.Item1, To = range.Item2,
            };
            var found = new List<FoundLine>();
            for (LogPage? page = null; page is null || page.Continue is not null;)
            {
                page = await search.FindAsync(query with { After = page?.Continue }, Token);
                Assert.InRange(page.Lines.Count, 0, limit);
                found.AddRange(page.Lines);
            }

            var wanted = await store.FindStreamAsync(Name(1), Token);
            var expected = all.Where(l => l.Cursor.Time >= range.Item1 && l.Cursor.Time <= range.Item2
                && (pod.Length == 0 || wanted?.Id == l.Cursor.Stream)
                && Matches(terms, l.Text)).OrderBy(static l => l.Cursor).ToList();
            Assert.Equal(oldest ? expected : Enumerable.Reverse(expected), found);
        }, cases: 300);

    [Fact]
    public async Task A_search_that_takes_too_long_says_where_to_go_on_and_nothing_is_left_out()
    {
        var batches = Enumerable.Range(0, 40).Select(static b => Enumerable.Range(0, 5).Select(
            i => (Pod: i % 2, Time: (long)(b * 5) + i, Text: "x")).ToArray()).ToArray();
        var (store, all) = await FillAsync(batches);
        using var search = new LogSearch(
            store, new LogSearchOptions { Budget = TimeSpan.FromTicks(-1) }, TimeProvider.System);
        var found = new List<FoundLine>();
        var timedOut = 0;
        for (LogPage? page = null; page is null || page.Continue is not null;)
        {
            page = await search.FindAsync(new LogQuery { Limit = 1000, After = page?.Continue }, Token);
            found.AddRange(page.Lines);
            timedOut += page.IsTimedOut ? 1 : 0;
        }

        Assert.Equal(all.OrderByDescending(static l => l.Cursor), found);
        Assert.True(timedOut > 5);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("get")]
    [InlineData("index.html HTTP/1.1")]
    [InlineData("\"GET /index.html\"")]
    [InlineData("/\"GET .* 200/ -POST")]
    public async Task An_access_log_is_found_by_its_words_as_soon_as_it_came(string text)
    {
        const string Line = "10.0.0.7 - - [28/Nov/2026:10:00:00 +0000] \"GET /index.html HTTP/1.1\" 200 12";
        var (store, _) = await FillAsync([[(0, 1, "starting")], [(0, 2, Line), (0, 3, "a POSTGRES GETTER")]]);
        using var search = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
        Assert.Null(LogQueryText.Read(text, out var terms));
        var page = await search.FindAsync(new LogQuery { Lines = new LineFilter(terms) }, Token);
        Assert.Equal([Line], page.Lines.Select(static l => l.Text));
    }

    [Fact]
    public async Task A_page_that_is_just_full_is_not_the_last_one()
    {
        var (store, all) = await FillAsync([.. Enumerable.Range(0, 10).Select(static b => new[] { (0, (long)b, "x") })]);
        using var search = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
        var first = await search.FindAsync(new LogQuery { Limit = 2, OldestFirst = true }, Token);
        Assert.NotNull(first.Continue);
        var rest = await search.FindAsync(
            new LogQuery { Limit = 8, OldestFirst = true, After = first.Continue }, Token);
        Assert.Equal(all, first.Lines.Concat(rest.Lines));
    }

    [Fact]
    public async Task Who_follows_gets_each_line_once_and_of_those_that_are_meant()
    {
        var (store, _) = await FillAsync([[(0, 1, "old")]]);
        using var search = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
        var query = new LogQuery { Streams = new StreamFilter { Pod = "p1" } };
        await using var lines = new LogFollower(store, search).FollowAsync(query, Token).GetAsyncEnumerator(Token);
        Assert.True(await lines.MoveNextAsync());
        await AppendAsync(store, [(0, 2, "no"), (1, 3, "yes"), (1, 4, "yes, too")]);
        Assert.Equal(["yes", "yes, too"], await NextAsync(lines));
        await AppendAsync(store, [(1, 5, "more")]);
        Assert.Equal(["more"], await NextAsync(lines));
    }

    [Fact]
    public async Task Who_follows_gets_much_in_parts()
    {
        const int Count = 12;
        var (store, _) = await FillAsync([]);
        using var search = new LogSearch(
            store, new LogSearchOptions { MaxFollowedBytes = 10 }, TimeProvider.System);
        await using var lines = new LogFollower(store, search).FollowAsync(new LogQuery(), Token)
            .GetAsyncEnumerator(Token);
        Assert.True(await lines.MoveNextAsync());
        for (var i = 0; i < Count; i++)
        {
            await AppendAsync(store, [(0, i, "four")]);
        }

        var parts = new List<int>();
        while (parts.Sum() < Count && await lines.MoveNextAsync())
        {
            parts.Add(lines.Current.Count);
        }

        Assert.All(parts, static p => Assert.InRange(p, 0, 2));
    }

    [Fact]
    public async Task A_search_ends_within_a_line_when_who_asks_has_gone()
    {
        var (store, _) = await FillAsync([[.. Enumerable.Range(0, 1000).Select(static i => (0, (long)i, "x"))]]);
        using var search = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var looked = 0;
        var query = new LogQuery { Lines = new LineFilter([new Hook(() =>
        {
            looked++;
            gone.Cancel();
        })]) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => search.FindAsync(query, gone.Token));
        Assert.Equal(1, looked);
    }

    [Fact]
    public async Task A_query_for_which_there_is_not_the_time_is_refused()
    {
        var (store, _) = await FillAsync([[(0, 1, "x")]]);
        using var search = new LogSearch(
            store, new LogSearchOptions { Patience = TimeSpan.Zero }, TimeProvider.System);
        await Assert.ThrowsAsync<LogQueryException>(() => search.FindAsync(new LogQuery(), Token));

        using var patient = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
        var late = new LogQuery
        {
            Lines = new LineFilter([new Hook(static () => throw new RegexMatchTimeoutException())]),
        };
        await Assert.ThrowsAsync<LogQueryException>(() => patient.FindAsync(late, Token));
    }

    private static async Task<IEnumerable<string>> NextAsync(IAsyncEnumerator<IReadOnlyList<FoundLine>> lines)
    {
        while (await lines.MoveNextAsync())
        {
            if (lines.Current.Count > 0)
            {
                return lines.Current.Select(static l => l.Text);
            }
        }

        return [];
    }

    private static bool Matches(IReadOnlyList<LogTerm> terms, string text)
    {
        var line = Encoding.UTF8.GetBytes(text);
        var lower = Encoding.UTF8.GetBytes(string.Concat(text.Select(static c =>
            char.IsAsciiLetterUpper(c) ? (char)(c + 32) : c)));
        return terms.All(t => t.Holds(line, lower) != t.IsNegated);
    }

    private static async Task<(ModelStore Store, List<FoundLine> All)> FillAsync(
        (int Pod, long Time, string Text)[][] batches)
    {
        var store = new ModelStore();
        var all = new List<FoundLine>();
        foreach (var batch in batches)
        {
            all.AddRange(await AppendAsync(store, batch));
        }

        return (store, all);
    }

    private static StreamName Name(int pod) => new("shop", $"p{pod}", $"uid{pod}", "c", 0);

    private static async Task<List<FoundLine>> AppendAsync(
        ModelStore store, IReadOnlyCollection<(int Pod, long Time, string Text)> lines)
    {
        var (runs, segmentRuns, block, all) = (new List<BatchRun>(), new List<SegmentRun>(), new LineBlock(),
            new List<FoundLine>());
        foreach (var pod in lines.GroupBy(static l => l.Pod))
        {
            var stream = await store.OpenStreamAsync(
                new LogStream { Name = Name(pod.Key), Node = "n", Labels = new Dictionary<string, string>() }, Token);
            var first = stream.Position.Sequence;
            foreach (var (_, time, text) in pod)
            {
                all.Add(new FoundLine(
                    new LogCursor(time, stream.Id, first + (all.Count - runs.Sum(static r => r.Count))), default,
                        text));
                block.Add(time, default, Encoding.UTF8.GetBytes(text));
            }

            runs.Add(new BatchRun(stream.Id, first, pod.Count(), 1, first + pod.Count()));
            segmentRuns.Add(new SegmentRun(stream.Id, first, pod.Count()));
        }

        Assert.True(await store.AppendAsync(
            runs, block.Count == 0 ? [] : [new NewSegment("shop", new LogSegment(segmentRuns, block).Encode(1))],
                Token));
        return all;
    }

    /// <summary>Does something with each line that it is held against.</summary>
    private sealed record Hook(Action Looks) : LogTerm(false)
    {
        public override IReadOnlyCollection<ulong> Words => [];

        internal override IReadOnlyList<ByteSequence> Anchors => [];

        public override bool Holds(ReadOnlySpan<byte> line, ReadOnlySpan<byte> lower)
        {
            Looks();
            return true;
        }
    }
}
