namespace OrleansOrchestrator.NodeAgent.Shutdown;

/// <summary>
/// Ends pods by their priorities, the lowest first: those of one period together, and those of the next when they are
/// gone or have had their time, as upstream's <c>nodeshutdown</c> does. Volumes belong to that, so that drivers of CSI,
/// whose pods come last, are there for all others.
/// </summary>
public sealed class ShutdownSequence(IReadOnlyList<ShutdownPeriod> periods, TimeProvider time)
{
    /// <summary>Returns when all are gone, or have had their time.</summary>
    public async Task RunAsync(IEnumerable<EndingPod> pods, CancellationToken cancellationToken)
    {
        var groups = pods.ToLookup(p => ShutdownPeriod.Find(periods, p.Pod.Spec.Priority ?? 0));
        foreach (var period in periods.Where(groups.Contains))
        {
            await EndAsync([.. groups[period]], period.Grace, cancellationToken);
        }
    }

    private async Task EndAsync(List<EndingPod> pods, TimeSpan most, CancellationToken cancellationToken)
    {
        foreach (var pod in pods)
        {
            var seconds = (long)most.TotalSeconds;
            pod.End(TimeSpan.FromSeconds(Math.Min(pod.Pod.Spec.TerminationGracePeriodSeconds ?? seconds, seconds)));
        }

        try
        {
            await Task.WhenAll(pods.Select(static p => p.Gone)).WaitAsync(most, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // They have had their time: whatever they still do ends with the machine.
        }
    }
}
