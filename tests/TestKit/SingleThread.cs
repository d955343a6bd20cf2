namespace OrleansOrchestrator.TestKit;

/// <summary>Runs code as a grain activation does: one turn at a time, interleaving at awaits.</summary>
public sealed class SingleThread
{
    private readonly TaskFactory _factory = new(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);

    public Task<T> RunAsync<T>(Func<Task<T>> call) => _factory.StartNew(call).Unwrap();

    public Task RunAsync(Func<Task> call) => _factory.StartNew(call).Unwrap();

    /// <summary>Waits until all that is queued has run.</summary>
    public Task DrainAsync() => _factory.StartNew(static () => { });
}
