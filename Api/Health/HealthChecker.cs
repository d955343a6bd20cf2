using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Api.Health;

/// <summary>Asks probes, and logs what they find.</summary>
public sealed partial class HealthChecker(TimeProvider clock, ILogger<HealthChecker> logger)
{
    /// <summary>A check that takes longer has failed.</summary>
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Null when the probe is content. A probe that throws or hangs has failed, whatever the cause.</summary>
    public async ValueTask<string?> CheckAsync(IHealthProbe probe, CancellationToken cancellationToken)
    {
        string? failure;
        using var late = new CancellationTokenSource(ProbeTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            failure = await probe.CheckAsync(both.Token).AsTask().WaitAsync(both.Token);
        }
        catch (Exception problem) when (!cancellationToken.IsCancellationRequested)
        {
            failure = problem.Message;
        }

        if (failure is not null)
        {
            LogFailed(probe.Name, failure);
        }

        return failure;
    }

    [LoggerMessage(1, LogLevel.Warning, "Health check {Name} failed: {Reason}")]
    private partial void LogFailed(string name, string reason);
}
