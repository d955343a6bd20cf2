using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>How loops end that were told to.</summary>
internal static class Stopping
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Waits until a loop has ended. Between two of its waits it just returns, within one it says that it was
    /// cancelled: which of them it is, is chance.
    /// </summary>
    public static async Task EndedAsync(this Task running)
    {
        await Task.WhenAny(running).WaitAsync(Patience);
        Assert.False(running.IsFaulted, $"{running.Exception}");
    }
}
