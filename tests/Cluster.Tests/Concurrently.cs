namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>Parts of a test that do not depend on each other.</summary>
public static class Concurrently
{
    /// <summary>Returns when all parts have ended; fails with all of their failures.</summary>
    public static async Task RunAsync(params Task[] parts)
    {
        var all = Task.WhenAll(parts);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (all.Exception is { InnerExceptions.Count: > 1 } several)
        {
            throw several;
        }

        await all;
    }
}
