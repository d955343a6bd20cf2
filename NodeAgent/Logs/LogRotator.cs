using System.Globalization;
using System.IO.Compression;
using Grpc.Core;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>
/// Keeps the logs of running containers small: a file over the bound is renamed, the runtime reopens it, older ones
/// are compressed and the oldest removed. Nothing is lost: the runtime writes to the renamed file until it reopens.
/// Between two rotations every log has a file of its name, so that links to logs can be told from dead ones.
/// </summary>
public sealed partial class LogRotator(
    NodeAgentOptions options,
    CriClient cri,
    PodRuntimeCache runtime,
    ContainerLogLinks links,
    TimeProvider time,
    ILogger<LogRotator> logger) : BackgroundService
{
    private const string Compressed = ".gz";
    private const string Unfinished = ".tmp";
    private const string StampFormat = "yyyyMMdd-HHmmss";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Housekeeping.LogPeriod, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var container in runtime.All.SelectMany(p => p.Containers).Where(c => c.IsRunning))
            {
                try
                {
                    await RotateAsync(container, stoppingToken);
                }
                catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception exception)
                {
                    LogFailed(container.LogPath, exception.Message);
                }
            }

            links.RemoveDead();
        }
    }

    /// <summary>The rotated files to delete so that at most so many are left; names sort by time. Pure.</summary>
    public static IEnumerable<string> Superfluous(IEnumerable<string> rotated, int keep) =>
        rotated.OrderByDescending(name => name, StringComparer.Ordinal).Skip(keep);

    /// <summary>
    /// The name of the next rotated file sorts after all that are there, whatever the clock says: their order decides
    /// which one is deleted. Pure.
    /// </summary>
    public static string NextStamp(IEnumerable<string> existing, DateTimeOffset now)
    {
        var newest = existing.Select(ParseStamp).OfType<DateTimeOffset>().DefaultIfEmpty(DateTimeOffset.MinValue).Max();
        var next = now > newest.AddSeconds(1) ? now : newest.AddSeconds(1);
        return next.ToString(StampFormat, CultureInfo.InvariantCulture);
    }

    private static DateTimeOffset? ParseStamp(string suffix) =>
        DateTimeOffset.TryParseExact(
            suffix.Split('.')[0], StampFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
                out var stamp)
            ? stamp
            : null;

    /// <summary>Deletes a container's log with all that was rotated out of it.</summary>
    public static void DeleteAll(string logPath)
    {
        var file = new FileInfo(logPath);
        if (logPath.Length == 0 || file.Directory is not { Exists: true })
        {
            return;
        }

        foreach (var path in Rotated(file).Append(logPath).ToList())
        {
            File.Delete(path);
        }
    }

    private async Task RotateAsync(ContainerRecord container, CancellationToken cancellationToken)
    {
        var file = new FileInfo(container.LogPath);
        if (!file.Exists || file.Length < options.Housekeeping.LogMaxBytes)
        {
            return;
        }

        foreach (var unfinished in Rotated(file).Where(f => f.EndsWith(Unfinished, StringComparison.Ordinal)).ToList())
        {
            File.Delete(unfinished);
        }

        var older = Rotated(file).ToList();
        foreach (var gone in Superfluous(older, Math.Max(0, options.Housekeeping.LogMaxFiles - 2)))
        {
            File.Delete(gone);
        }

        foreach (var plain in older.Where(f => !f.EndsWith(Compressed, StringComparison.Ordinal) && File.Exists(f)))
        {
            await TryCompressAsync(plain, cancellationToken);
        }

        var renamed =
            $"{file.FullName}.{NextStamp(older.Select(f => f[(file.FullName.Length + 1)..]), time.GetUtcNow())}";
        File.Move(file.FullName, renamed);
        try
        {
            await cri.Runtime.ReopenContainerLogAsync(
                new ReopenContainerLogRequest { ContainerId = container.Id }, cancellationToken: cancellationToken);
        }
        catch (RpcException)
        {
            File.Move(renamed, file.FullName); // readers look at this name, and the runtime still writes to that file
            throw;
        }
    }

    /// <summary>By simple matching: else ".*" would also match the file that is being written.</summary>
    private static IEnumerable<string> Rotated(FileInfo file) => Directory.EnumerateFiles(
        file.DirectoryName!, file.Name + ".*", new EnumerationOptions { MatchType = MatchType.Simple });

    /// <summary>
    /// Compressing needs room, and rotation frees some: a full disk must not keep a log from being rotated.
    /// </summary>
    private async Task TryCompressAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await CompressAsync(path, cancellationToken);
        }
        catch (IOException exception)
        {
            File.Delete(path + Unfinished);
            LogFailed(path, exception.Message);
        }
    }

    private static async Task CompressAsync(string path, CancellationToken cancellationToken)
    {
        var temporary = path + Unfinished;
        await using (var source = LogFile.Open(path))
        await using (var target = OwnFiles.Create(temporary))
        await using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
        {
            await source.CopyToAsync(gzip, cancellationToken);
        }

        File.Move(temporary, path + Compressed, overwrite: true);
        File.Delete(path);
    }

    [LoggerMessage(1, LogLevel.Warning, "Log {Path} could not be rotated: {Problem}")]
    private partial void LogFailed(string path, string problem);
}
