using System.Diagnostics;
using Orleans.Runtime;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Ends the process of a silo that its cluster has given up: the others have declared it dead, because it did not
/// answer. At once, without draining: it may neither commit nor answer any more, its journals have other owners, and
/// whoever is connected is better served elsewhere. Whoever started it starts a new one.
/// </summary>
internal sealed class SiloEnd : IFatalErrorHandler
{
    /// <inheritdoc/>
    public bool IsUnexpected(Exception exception) => exception is not ThreadAbortException;

    /// <inheritdoc/>
    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        Console.Error.WriteLine(
            $"orc: this silo ends, because the others have declared it dead or it can no longer take part: {context ?? exception?.Message}");
        Console.Error.Flush();
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
