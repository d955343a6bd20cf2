using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Configuration;

/// <summary>
/// Applies a configuration file anew when its content changes: as soon as its directory shows it, and by a look each
/// minute, as upstream does. What cannot be used is told and counted, and leaves everything as it was.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="metrics">What is counted.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Tells what became of a change.</param>
public sealed partial class FileFollower(
    FollowedFile file, ReloadMetrics metrics, TimeProvider time, ILogger<FileFollower> logger) : BackgroundService
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMinutes(1);

    private readonly WakeSignal _looks = new();

    private FileSystemWatcher? _watcher;
    private ITimer? _timer;

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        metrics.Use(file.Controller, file.Content);
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(Path.GetFullPath(file.Path))!);
        _watcher.Changed += (_, _) => Look();
        _watcher.Created += (_, _) => Look();
        _watcher.Renamed += (_, _) => Look();
        _watcher.Error += (_, _) => Look();
        _watcher.EnableRaisingEvents = true;
        _timer = time.CreateTimer(_ => Look(), null, TimeSpan.Zero, LookPeriod);
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _watcher?.Dispose();
        _timer?.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _looks.WaitAsync(stoppingToken);
                await LookAtAsync(file.Path, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
    }

    private void Look() => _looks.Set();

    private async Task LookAtAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var content = await File.ReadAllBytesAsync(path, cancellationToken);
            if (content.AsSpan().SequenceEqual(file.Content.Span))
            {
                return;
            }

            await file.ApplyAsync(content, cancellationToken);
            metrics.Use(file.Controller, content);
            metrics.Reloaded(file.Controller, succeeded: true, time.GetUtcNow());
            LogApplied(path);
        }
        catch (Exception failure) when (failure is ConfigurationException or IOException or UnauthorizedAccessException)
        {
            metrics.Reloaded(file.Controller, succeeded: false, time.GetUtcNow());
            LogRefused(path, failure.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Path} has changed and is in use now.")]
    private partial void LogApplied(string path);

    [LoggerMessage(2, LogLevel.Error, "{Path} has changed but cannot be used: {Reason}")]
    private partial void LogRefused(string path, string reason);
}
