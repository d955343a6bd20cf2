using System.Text;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// Tells by an event <c>SystemOOM</c> of the node when the machine, and not just one container, was so short of memory
/// that the kernel killed a process. What the kernel's log still has when the agent starts is told, too, as upstream's
/// kubelet does. Where the log cannot be read, nothing is told, and the agent's log says so.
/// </summary>
public sealed partial class OomWatcher(EventRecorder events, ILogger<OomWatcher> logger) : IHostedService
{
    public const string KernelLog = "/dev/kmsg";

    /// <summary>The kernel has no longer record, in bytes, and refuses who has less room for one.</summary>
    public const int LongestRecord = 8192;

    // What the kernel answers whoever has not read for so long that records are gone.
    private const int RecordsAreGone = 32;

    private volatile bool _isStopped;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var log = Open();

            // Its read ends with the next record or with the process: there is no other way to take it back.
            new Thread(() => Follow(log)) { IsBackground = true, Name = "kernel log" }.Start();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(KernelLog, failure.Message);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopped = true;
        return Task.CompletedTask;
    }

    /// <summary>The kernel's log from its beginning on: each read is one whole record, and waits for it.</summary>
    /// <exception cref="IOException">There is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It is not for us.</exception>
    public static Stream Open() => new FileStream(
        KernelLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);

    private void Follow(Stream log)
    {
        using (log)
        {
            try
            {
                Follow(log.Read);
            }
            catch (IOException failure)
            {
                LogUnreadable(KernelLog, failure.Message);
            }
        }
    }

    /// <summary>Reads the log to its end, which that of a kernel does not have.</summary>
    /// <param name="read">Gives the next record, or 0 bytes at the end.</param>
    /// <exception cref="IOException">It cannot be read any more.</exception>
    public void Follow(Func<byte[], int, int, int> read)
    {
        var (buffer, messages) = (new byte[LongestRecord], new OomMessages());
        while (!_isStopped && TryRead(read, buffer) is var length and not 0)
        {
            if (length > 0 && messages.Next(MessageOf(buffer.AsSpan(0, length))) is { Group: OomMessages.Machine } kill)
            {
                events.Node(EventRecorder.Warning, "SystemOOM", TextOf(kill));
            }
        }
    }

    /// <summary>-1 where records are gone, which are no more than missed.</summary>
    private static int TryRead(Func<byte[], int, int, int> read, byte[] buffer)
    {
        try
        {
            return read(buffer, 0, buffer.Length);
        }
        catch (IOException gone) when (gone.HResult == RecordsAreGone)
        {
            return -1;
        }
    }

    /// <summary>The line of a record, between what the kernel says of it and what belongs to it.</summary>
    private static string MessageOf(ReadOnlySpan<byte> record)
    {
        var line = record[(record.IndexOf((byte)';') + 1)..];
        var end = line.IndexOf((byte)'\n');
        return Encoding.UTF8.GetString(end < 0 ? line : line[..end]);
    }

    private static string TextOf(OomKill kill) => kill is { Process.Length: > 0, Pid: > 0 }
        ? $"System OOM encountered, victim process: {kill.Process}, pid: {kill.Pid}"
        : "System OOM encountered";

    [LoggerMessage(1, LogLevel.Warning,
        "The kernel's log {Path} cannot be read, and no SystemOOM event will be told: {Problem}")]
    private partial void LogUnreadable(string path, string problem);
}
