namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>
/// Asks a server again and again, each time over a connection of its own, until told to stop; every failure is kept.
/// </summary>
public sealed class ConstantLoad : IAsyncDisposable
{
    private const int Workers = 2;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _failures = [];
    private readonly Task _running;
    private int _succeeded;

    public ConstantLoad(string url) => _running = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => AskAsync(url)));

    /// <summary>Returns when the server has answered once; until then it may be unknown to the one that asks.</summary>
    public static async Task AnswersAsync(string url)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using var http = new HttpClient();
        for (var answered = false; !answered;)
        {
            try
            {
                await http.GetStringAsync(url, patience.Token);
                answered = true;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }
        }
    }

    /// <summary>Ends the load: how many requests succeeded, and what happened to the others.</summary>
    public async Task<(int Succeeded, IReadOnlyList<string> Failures)> StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        return (_succeeded, _failures);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task AskAsync(string url)
    {
        while (!_stop.IsCancellationRequested)
        {
            using var http = new HttpClient();
            try
            {
                await http.GetStringAsync(url);
                Interlocked.Increment(ref _succeeded);
            }
            catch (HttpRequestException failure)
            {
                lock (_failures)
                {
                    _failures.Add(failure.ToString());
                }
            }
        }
    }
}
