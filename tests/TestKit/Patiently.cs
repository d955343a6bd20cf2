using System.Diagnostics;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// Waits for other programs with a bound that a loaded machine does not reach: what never comes fails its test, and
/// does not keep all others waiting.
/// </summary>
public static class Patiently
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The next line; null at the end.</summary>
    public static Task<string?> NextLineAsync(this TextReader reader) => reader.ReadLineAsync().WaitAsync(Patience);

    /// <summary>All that is left.</summary>
    public static Task<string> RestAsync(this TextReader reader) => reader.ReadToEndAsync().WaitAsync(Patience);

    /// <summary>The end of a program.</summary>
    public static Task EndedAsync(this Process process) => process.WaitForExitAsync().WaitAsync(Patience);
}
