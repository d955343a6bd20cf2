using System.Collections.Frozen;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// What pods told when they last answered, and before: two are what a rate is made of. Pods are asked when somebody
/// wants to know, and only those; what is fresh is not asked for again. All of it is bounded for the whole silo: what
/// nobody asks for is forgotten, and when there is no room without taking what others ask for, a question is refused.
/// </summary>
internal sealed class ScrapeBook(PodScraper scraper, IOptions<FigureOptions> options, TimeProvider time)
{
    private static readonly Status TooMany = StatusErrors.TooManyRequests(
        "as many figures of pods are asked for as this server keeps", 30);

    private readonly FigureOptions _options = options.Value;
    private readonly SemaphoreSlim _asking = new(options.Value.Parallelism);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ScrapePage> _pages = new(StringComparer.Ordinal);
    private readonly WantedFigures _wanted = new(options.Value.MaxFigures, options.Value.Memory);
    private int _series;

    /// <summary>How many pods are known.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _pages.Count;
            }
        }
    }

    /// <summary>How many series are kept.</summary>
    public int Series
    {
        get
        {
            lock (_lock)
            {
                return _series;
            }
        }
    }

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>What is known of a figure of each pod, in the order of the pods.</summary>
    public async Task<Outcome<IReadOnlyList<PodAnswers>>> ReadAsync(
        string figure, IReadOnlyList<ScrapeTarget> targets, CancellationToken cancellationToken)
    {
        if (Open(figure, targets) is not (var pages, var figures))
        {
            return TooMany;
        }

        var found = new PodAnswers?[targets.Count];
        await Parallel.ForAsync(
            0,
            targets.Count,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = _options.Parallelism, CancellationToken = cancellationToken,
            },
            async (i, token) => found[i] = await ReadAsync(pages[i], targets[i], figure, figures, token));
        return found.All(static f => f is not null) ? found.Select(static f => f!.Value).ToList() : TooMany;
    }

    /// <summary>The pages of pods, and all figures that are wanted; null when there is no room for them.</summary>
    private (ScrapePage[] Pages, FrozenSet<string> Figures)? Open(string figure, IReadOnlyList<ScrapeTarget> targets)
    {
        lock (_lock)
        {
            var now = Now;
            ForgetWhile(p => now - p.AskedFor > _options.Memory);
            if (_wanted.With(figure, now) is not { } figures)
            {
                return null;
            }

            var pages = new ScrapePage[targets.Count];
            for (var i = 0; i < pages.Length; i++)
            {
                if (!_pages.TryGetValue(targets[i].Uid, out var page))
                {
                    if (!MakeRoom(now, static b => b._pages.Count < b._options.MaxKeptPods))
                    {
                        return null;
                    }

                    page = _pages[targets[i].Uid] = new ScrapePage(targets[i].Uid);
                }

                page.AskedFor = now;
                pages[i] = page;
            }

            return (pages, figures);
        }
    }

    /// <summary>Asks a pod unless that was just done; null when there is no room for what it tells.</summary>
    private async Task<PodAnswers?> ReadAsync(
        ScrapePage page, ScrapeTarget target, string figure, FrozenSet<string> figures,
        CancellationToken cancellationToken)
    {
        await page.Turn.WaitAsync(cancellationToken);
        try
        {
            if (ReadFresh(page, figure) is { } known)
            {
                return known;
            }

            await _asking.WaitAsync(cancellationToken);
            PodScrape? answer;
            try
            {
                answer = await scraper.AskAsync(target, figures, cancellationToken);
            }
            finally
            {
                _asking.Release();
            }

            return Keep(page, figure, figures, answer);
        }
        finally
        {
            page.Turn.Release();
        }
    }

    private PodAnswers? ReadFresh(ScrapePage page, string figure)
    {
        lock (_lock)
        {
            var now = Now;
            return page.IsFresh(figure, now, _options.Freshness) ? page.Read(figure, now, _options.Grace) : null;
        }
    }

    private PodAnswers? Keep(ScrapePage page, string figure, FrozenSet<string> figures, PodScrape? answer)
    {
        lock (_lock)
        {
            var (now, before) = (Now, page.Series);
            page.Add(figures, answer, now, _options.Freshness);
            var read = page.Read(figure, now, _options.Grace);
            if (page.IsForgotten)
            {
                return read;
            }

            _series += page.Series - before;
            if (MakeRoom(now, static b => b._series <= b._options.MaxKeptSeries))
            {
                return read;
            }

            Forget(page);
            return null;
        }
    }

    /// <summary>Forgets until there is room, but nothing that an autoscaler which still lives has asked for.</summary>
    private bool MakeRoom(TimeSpan now, Predicate<ScrapeBook> hasRoom)
    {
        if (!hasRoom(this))
        {
            ForgetWhile(p => !hasRoom(this) && now - p.AskedFor > _options.Grace);
        }

        return hasRoom(this);
    }

    /// <summary>Forgets pages, those first that were asked for longest ago, as long as a condition holds.</summary>
    private void ForgetWhile(Predicate<ScrapePage> condition)
    {
        // Mostly nothing is due, and the oldest says so. What is ordered is a copy.
        if (_pages.Values.MinBy(static p => p.AskedFor) is not { } oldest || !condition(oldest))
        {
            return;
        }

        foreach (var page in _pages.Values.OrderBy(static p => p.AskedFor))
        {
            if (!condition(page))
            {
                return;
            }

            Forget(page);
        }
    }

    private void Forget(ScrapePage page)
    {
        _pages.Remove(page.Uid);
        page.IsForgotten = true;
        _series -= page.Series;
    }
}
