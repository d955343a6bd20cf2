using System.Collections.Frozen;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// What one pod told. Its fields change under the lock of the book; whoever asks the pod has <see cref="Turn"/>, so
/// that of many questions at once one asks it.
/// </summary>
internal sealed class ScrapePage(string uid)
{
    private FrozenSet<string> _figures = FrozenSet<string>.Empty;
    private TimeSpan? _tried;
    private PodScrape? _before;
    private PodScrape? _last;

    public string Uid => uid;

    /// <summary>Taken by who asks the pod.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>When somebody last wanted to know.</summary>
    public TimeSpan AskedFor { get; set; }

    /// <summary>The book has it no more; who still has it keeps what is in it for his question.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>How many series are kept here.</summary>
    public int Series => (_before?.Count ?? 0) + (_last?.Count ?? 0);

    /// <summary>Whether the pod was asked for a figure a short time ago, whether or not it answered.</summary>
    public bool IsFresh(string figure, TimeSpan now, TimeSpan freshness) =>
        _tried is { } tried && now - tried < freshness && _figures.Contains(figure);

    /// <summary>What is known, now.</summary>
    public PodAnswers Read(string figure, TimeSpan now, TimeSpan grace) => new(
        _before, _last, _last is null || !_last.Figures.Contains(figure) || now - _last.Moment > grace);

    /// <summary>The pod was asked.</summary>
    /// <param name="figures">For what.</param>
    /// <param name="answer">Null when it did not answer: what it told before stays.</param>
    /// <param name="now">The moment.</param>
    /// <param name="freshness">A rate is made of answers that lie so far apart at least.</param>
    public void Add(FrozenSet<string> figures, PodScrape? answer, TimeSpan now, TimeSpan freshness)
    {
        (_tried, _figures) = (now, figures);
        if (answer is null)
        {
            return;
        }

        if (_last is not null && answer.Moment - _last.Moment >= freshness)
        {
            _before = _last;
        }

        _last = answer;
    }
}
