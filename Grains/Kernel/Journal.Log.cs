using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>What the journal tells the log.</summary>
internal sealed partial class Journal
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Opened the journal of {Resource}: epoch {Epoch}, revision {Revision}.")]
    private static partial void LogOpened(ILogger logger, ResourceName resource, long epoch, long revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Epoch {Epoch} of {Resource} is no longer current; giving up the journal.")]
    private static partial void LogFenced(ILogger logger, ResourceName resource, long epoch);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Whether {Count} changes of {Resource} after revision {Revision} are committed is unknown; reading the store anew.")]
    private static partial void LogUnknown(
        ILogger logger, ResourceName resource, long revision, int count, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The batch loop of {Resource} failed; giving up the journal.")]
    private static partial void LogBug(ILogger logger, ResourceName resource, Exception error);
}
