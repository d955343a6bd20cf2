using Npgsql;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Finds out that a process which is there does not answer any more. It is asked again and again; only when it has left
/// several questions in a row unanswered, each for a long time, is it given up: a machine without processor time makes
/// everybody slow, and a restart would make that worse. A question that was cut short because this process itself was
/// stopped fails once and not several times.
/// </summary>
/// <param name="ask">Asks once; any answer will do. Fails, or does not end, when there is none.</param>
/// <param name="time">The clock.</param>
public sealed class Liveness(Func<CancellationToken, Task> ask, TimeProvider time)
{
    /// <summary>Between two questions.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(3);

    /// <summary>How long an answer may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>With the times above, somebody who hangs is given up after some 30 s.</summary>
    public const int Unanswered = 3;

    /// <summary>Returns when the process is given up.</summary>
    public async Task UntilItHangsAsync(CancellationToken cancellationToken)
    {
        for (var unanswered = 0; unanswered < Unanswered;)
        {
            await Task.Delay(Period, time, cancellationToken);
            unanswered = await AnswersAsync(cancellationToken) ? 0 : unanswered + 1;
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await ask(both.Token).WaitAsync(both.Token);
            return true;
        }
        catch (Exception failure) when (
            !cancellationToken.IsCancellationRequested
            && failure is HttpRequestException or NpgsqlException or IOException or TimeoutException or OperationCanceledException)
        {
            // Whichever it is, there was no answer.
            return false;
        }
    }
}
