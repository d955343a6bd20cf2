using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>Takes the silo's own lines as those of nodes are taken, without the way over the network.</summary>
internal sealed class SiloLogSink(LogStreams streams, LogIntake intake) : ILogSink
{
    /// <summary>What a silo writes belongs to no node, so that none can add to it.</summary>
    private const string NoNode = "";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LogStreamAnswer>> OpenAsync(
        IReadOnlyCollection<StreamName> asked, CancellationToken cancellationToken)
    {
        var answers = new List<LogStreamAnswer>();
        foreach (var name in asked)
        {
            var stream = await streams.OpenOwnAsync(name, cancellationToken);
            answers.Add(new LogStreamAnswer(
                stream.Id, stream.Position.File, stream.Position.Offset, stream.Position.Sequence));
        }

        return answers;
    }

    /// <inheritdoc/>
    public async Task<SendResult> SendAsync(byte[] batch, CancellationToken cancellationToken) =>
        await intake.TakeAsync(NoNode, batch, cancellationToken) switch
        {
            null => SendResult.Kept,
            { Code: StatusCodes.Status409Conflict } => SendResult.Moved,
            _ => SendResult.Refused,
        };
}
