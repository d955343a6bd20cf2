namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>Parts of a test that do not depend on each other.</summary>
public static class Concurrently
{
    /// <summary>Returns when all parts have ended; fails with all of their failures.</summary>
    public static async Task RunAsync(params Task[] parts)
    {
        var all = Task.WhenAll(parts);
        try
        {
            await all;
        }
        catch (Exception) when (all.Exception is { InnerExceptions.Count: > 1 } several)
        {
            throw several;
        }
    }
}
