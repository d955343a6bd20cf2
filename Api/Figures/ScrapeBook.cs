using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// What pods told when they were last asked, and before: two are what a rate is made of. Pods are asked when somebody
/// wants to know, and only those; what is fresh is not asked for again.
/// </summary>
internal sealed class ScrapeBook(PodScraper scraper, IOptions<FigureOptions> options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Page> _pages = new(StringComparer.Ordinal);

    /// <summary>How many pods are known.</summary>
    public int Count => _pages.Count;

    /// <summary>The last two answers of each pod, in the order of the pods; the older is null at first.</summary>
    public async Task<IReadOnlyList<(PodScrape? Before, PodScrape Last)>> ReadAsync(
        IReadOnlyList<ScrapeTarget> targets, CancellationToken cancellationToken)
    {
        Forget();
        var found = new (PodScrape?, PodScrape)[targets.Count];
        await Parallel.ForAsync(
            0,
            targets.Count,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = options.Value.Parallelism, CancellationToken = cancellationToken,
            },
            async (i, token) =>
                found[i] = await _pages.GetOrAdd(targets[i].Uid, static _ => new Page())
                    .ReadAsync(targets[i], scraper, options.Value.Freshness, time, token));
        return found;
    }

    private void Forget()
    {
        var oldest = time.GetUtcNow() - options.Value.Memory;
        foreach (var (uid, page) in _pages)
        {
            if (page.AskedFor < oldest)
            {
                _pages.TryRemove(new KeyValuePair<string, Page>(uid, page));
            }
        }
    }

    /// <summary>Of one pod.</summary>
    private sealed class Page
    {
        private readonly Lock _lock = new();
        private PodScrape? _before;
        private PodScrape? _last;

        /// <summary>When somebody last wanted to know.</summary>
        public DateTimeOffset AskedFor
        {
            get
            {
                lock (_lock)
                {
                    return field;
                }
            }

            private set;
        } = DateTimeOffset.MaxValue;

        public async Task<(PodScrape? Before, PodScrape Last)> ReadAsync(
            ScrapeTarget target, PodScraper scraper, TimeSpan freshness, TimeProvider time,
            CancellationToken cancellationToken)
        {
            lock (_lock)
            {
                AskedFor = time.GetUtcNow();
                if (_last is not null && AskedFor - _last.Time < freshness)
                {
                    return (_before, _last);
                }
            }

            var answer = await scraper.AskAsync(target, cancellationToken);
            lock (_lock)
            {
                // Of two that ask at once the first counts: a rate over an instant is none.
                if (_last is null || answer.Time - _last.Time >= freshness)
                {
                    (_before, _last) = (_last, answer);
                }

                return (_before, _last);
            }
        }
    }
}
