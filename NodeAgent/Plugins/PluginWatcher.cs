using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Plugins;

/// <summary>
/// Follows the sockets below <c>plugins_registry</c>: each is a plugin that wants to be known, for as long as its
/// socket is there. Each has a life of its own (register, with growing pauses until it works; wait; deregister), so
/// that a slow one keeps nobody. A socket that was made anew is another plugin, which follows when the one before has
/// ended. Where the agent only stops, its plugins stay registered with the cluster.
/// </summary>
public sealed partial class PluginWatcher(
    NodeAgentOptions options, PluginRegistration registration, TimeProvider time, ILogger<PluginWatcher> logger)
    : BackgroundService
{
    private const int MaxPlugins = 256;

    /// <summary>The kernel may lose news when there are many: then a look finds what changed.</summary>
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly WakeSignal _wake = new();
    private readonly Dictionary<string, Life> _lives = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        FileSystemWatcher? news = null;
        Wake(); // for those that are there already
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                news ??= Follow();
                await _wake.WaitAsync(news is null ? Pause : Resync, time, stoppingToken);
                Reconcile(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                LogFailed(options.PluginsRegistryDirectory, failure.Message);
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        news?.Dispose();
        await Task.WhenAll(_lives.Values.Select(static l => l.Course));
    }

    /// <summary>Null where the kernel has no more to give: then there is a look now and then.</summary>
    private FileSystemWatcher? Follow()
    {
        OwnFiles.MakeMissing(options.PluginsDirectory, OwnFiles.PrivateDirectory);
        OwnFiles.MakeMissing(options.PluginsRegistryDirectory, OwnFiles.PrivateDirectory);
        var news = new FileSystemWatcher(options.PluginsRegistryDirectory) { IncludeSubdirectories = true };
        news.Created += (_, _) => Wake();
        news.Deleted += (_, _) => Wake();
        news.Renamed += (_, _) => Wake();
        news.Error += (_, _) => Wake();
        try
        {
            news.EnableRaisingEvents = true;
            return news;
        }
        catch (IOException failure)
        {
            LogFailed(options.PluginsRegistryDirectory, failure.Message);
            news.Dispose();
            return null;
        }
    }

    private void Wake() => _wake.Set();

    private void Reconcile(CancellationToken stopping)
    {
        var found = Sockets(options.PluginsRegistryDirectory);
        foreach (var (path, life) in _lives)
        {
            if (life.MadeAt is { } madeAt && found.GetValueOrDefault(path) != madeAt)
            {
                life.End();
            }

            if (life.MadeAt is null && life.Course.IsCompleted)
            {
                _lives.Remove(path);
            }
        }

        foreach (var (path, madeAt) in found)
        {
            var before = _lives.GetValueOrDefault(path);
            if (before?.MadeAt is null)
            {
                var life = new Life(madeAt);
                life.Course = LiveAsync(path, before?.Course ?? Task.CompletedTask, life.Gone, stopping);
                _lives[path] = life;
            }
        }
    }

    /// <summary>Sockets, each with when it was made; hidden files are nobody's registration.</summary>
    private static Dictionary<string, long> Sockets(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(static f => !f.Name.StartsWith('.') && Linux.KindOf(f.FullName) == FileKind.Socket)
            .Take(MaxPlugins)
            .ToDictionary(static f => f.FullName, static f => f.LastWriteTimeUtc.Ticks, StringComparer.Ordinal);

    private async Task LiveAsync(string path, Task before, CancellationToken gone, CancellationToken stopping)
    {
        await before;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(gone, stopping);
        if (await RegisterAsync(path, end.Token, stopping) is not { } registered)
        {
            return;
        }

        LogRegistered(registered.Handler.Type, registered.Plugin.Name);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, end.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stopping.IsCancellationRequested)
        {
            await DeregisterAsync(registered, stopping);
        }
    }

    /// <summary>
    /// An attempt is finished even if the socket goes meanwhile: what it did is known then, and can be undone.
    /// </summary>
    private async Task<RegisteredPlugin?> RegisterAsync(
        string path, CancellationToken end, CancellationToken stopping)
    {
        RetryDelay? failed = null;
        while (!end.IsCancellationRequested)
        {
            try
            {
                return await registration.RegisterAsync(path, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception failure)
            {
                LogFailed(path, failure.Message);
            }

            failed = RetryDelay.After(failed, time.GetSteadyTime());
            await Task.Delay(failed.Value.Delay, time, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return null;
    }

    private async Task DeregisterAsync(RegisteredPlugin registered, CancellationToken stopping)
    {
        try
        {
            await registered.Handler.DeregisterAsync(registered.Plugin, stopping);
            LogDeregistered(registered.Handler.Type, registered.Plugin.Name);
        }
        catch (Exception failure)
        {
            LogFailed(registered.Plugin.Name, failure.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Plugin {Name} ({Type}) is registered")]
    private partial void LogRegistered(string type, string name);

    [LoggerMessage(2, LogLevel.Information, "Plugin {Name} ({Type}) has gone")]
    private partial void LogDeregistered(string type, string name);

    [LoggerMessage(3, LogLevel.Warning, "Plugin at {Place}: {Problem}")]
    private partial void LogFailed(string place, string problem);

    /// <summary>One plugin at one socket. Its course goes on after its end, until it is deregistered.</summary>
    private sealed class Life(long madeAt)
    {
        private readonly CancellationTokenSource _gone = new();

        /// <summary>When its socket was made; null when that is there no more.</summary>
        public long? MadeAt { get; private set; } = madeAt;

        public CancellationToken Gone => _gone.Token;

        public Task Course { get; set; } = Task.CompletedTask;

        public void End()
        {
            MadeAt = null;
            _gone.Cancel();
        }
    }
}
