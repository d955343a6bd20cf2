namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Looks after something from time to time, whatever goes wrong on the way.</summary>
/// <param name="period">How long after one look the next one is.</param>
/// <param name="time">The clock.</param>
/// <param name="report">Is told what goes wrong: what goes on in the same way (a disk that stays away) once.</param>
public sealed class Lookout(TimeSpan period, TimeProvider time, Action<string> report)
{
    /// <summary>Until cancelled.</summary>
    /// <param name="what">What is looked after, for people.</param>
    /// <param name="look">One look.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(string what, Func<CancellationToken, Task> look, CancellationToken cancellationToken)
    {
        string? trouble = null;
        while (true)
        {
            try
            {
                await look(cancellationToken);
                trouble = null;
            }
            catch (Exception failure) when (
                failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                if (failure.Message != trouble)
                {
                    report($"{what} is not as it should be: {failure.Message}");
                }

                trouble = failure.Message;
            }

            await Task.Delay(period, time, cancellationToken);
        }
    }
}
