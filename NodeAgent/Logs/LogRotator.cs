using System.Globalization;
using System.IO.Compression;
using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent.Logs;

/// <summary>
/// Keeps the logs of running containers small: a file over the bound is renamed, the runtime reopens it, older ones
/// are compressed and the oldest removed. Nothing is lost: the runtime writes to the renamed file until it reopens.
/// </summary>
public sealed partial class LogRotator(CriClient cri, PodRuntimeCache runtime, TimeProvider time, ILogger<LogRotator> logger)
    : BackgroundService
{
    public const long MaxBytes = 10 * 1024 * 1024;

    /// <summary>Files per container, the current one included.</summary>
    public const int MaxFiles = 5;

    private const string Compressed = ".gz";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var container in runtime.All.SelectMany(p => p.Containers).Where(c => c.IsRunning))
            {
                try
                {
                    await RotateAsync(container, stoppingToken);
                }
                catch (Exception exception) when (exception is IOException or RpcException or UnauthorizedAccessException)
                {
                    LogFailed(container.LogPath, exception.Message);
                }
            }
        }
    }

    /// <summary>The rotated files to delete so that at most so many are left; names sort by time. Pure.</summary>
    public static IEnumerable<string> Superfluous(IEnumerable<string> rotated, int keep) =>
        rotated.OrderByDescending(name => name, StringComparer.Ordinal).Skip(keep);

    private async Task RotateAsync(ContainerRecord container, CancellationToken cancellationToken)
    {
        var file = new FileInfo(container.LogPath);
        if (!file.Exists || file.Length < MaxBytes)
        {
            return;
        }

        var directory = file.DirectoryName!;
        var older = Directory.EnumerateFiles(directory, file.Name + ".*").ToList();
        foreach (var gone in Superfluous(older, MaxFiles - 2))
        {
            File.Delete(gone);
        }

        foreach (var plain in older.Where(f => !f.EndsWith(Compressed, StringComparison.Ordinal) && File.Exists(f)))
        {
            await CompressAsync(plain, cancellationToken);
        }

        var stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var renamed = $"{file.FullName}.{stamp}";
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

    private static async Task CompressAsync(string path, CancellationToken cancellationToken)
    {
        var temporary = path + ".tmp";
        await using (var source = File.OpenRead(path))
        await using (var target = File.Create(temporary))
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
