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
        using var late = new CancellationTokenSource(ProbeTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            if (await probe.CheckAsync(both.Token).AsTask().WaitAsync(both.Token) is not { } failure)
            {
                return null;
            }

            LogFailed(probe.Name, failure);
            return failure;
        }
        catch (Exception problem) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(probe.Name, problem.Message);
            return problem.Message;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Health check {Name} failed: {Reason}")]
    private partial void LogFailed(string name, string reason);
}
