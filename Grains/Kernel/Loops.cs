namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>Loops that live and end together.</summary>
internal static class Loops
{
    /// <summary>Runs loops until the first of them ends, ends the others with it, and ends as it did.</summary>
    public static async Task RunAsync(
        IEnumerable<Func<CancellationToken, Task>> loops, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = loops.Select(loop => loop(stop.Token)).ToList();
        try
        {
            await await Task.WhenAny(running);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
