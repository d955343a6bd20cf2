namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// After how many seconds clients that were refused are to try again: twice as many when many were refused in as many
/// seconds, one less when few were (upstream's <c>dropped_requests_tracker.go</c>).
/// </summary>
public sealed class RetryAdvice(TimeProvider time)
{
    public const int MaxSeconds = 32;

    private readonly Lock _lock = new();
    private readonly Queue<(long Second, long Refused)> _history = new();
    private long _second;
    private long _refused;
    private long _raised;
    private int _advice = 1;

    /// <summary>Counts a refusal; the advice for it.</summary>
    public int Refuse()
    {
        var second = time.GetUtcNow().ToUnixTimeSeconds();
        lock (_lock)
        {
            if (second != _second)
            {
                Remember();
                (_second, _refused) = (second, 0);
                Adjust();
            }

            _refused++;
            return _advice;
        }
    }

    private void Remember()
    {
        _history.Enqueue((_second, _refused));
        while (_history.TryPeek(out var oldest) && _second - oldest.Second > MaxSeconds)
        {
            _history.Dequeue();
        }
    }

    private void Adjust()
    {
        var refused = _history.Where(h => _second - h.Second <= _advice && h.Second < _second)
            .Sum(static h => h.Refused);
        if (_second - _raised >= _advice && refused >= 3 * _advice)
        {
            (_advice, _raised) = (Math.Min(_advice * 2, MaxSeconds), _second);
        }
        else if (refused < _advice && _advice > 1)
        {
            _advice--;
        }
    }
}
