using System.Diagnostics;
using System.Globalization;
using System.Text;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Containerd;

/// <summary>
/// Keeps one containerd running. It runs in a session of its own and logs to a file, so that it outlives the agent:
/// after a crash of the agent the next one finds it by its pid file and socket and takes it over, and containers do
/// not lose the process that copies their output. When containerd dies, the shims keep the containers, the agent says
/// so in the node's condition and starts it again.
/// </summary>
public sealed partial class ContainerdSupervisor(
    NodeAgentOptions options,
    ContainerdConfig config,
    CriClient cri,
    ImageStore images,
    RuntimeHealth health,
    TimeProvider time,
    ILogger<ContainerdSupervisor> logger) : BackgroundService
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AliveCheck = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxRestartDelay = TimeSpan.FromSeconds(10);
    private const long MaxLogBytes = 20L * 1024 * 1024;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var delay = RestartDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var process = options.OwnsRuntime ? await FindOrStartAsync(stoppingToken) : null;
                await WaitUntilAnsweringAsync(process, stoppingToken);
                await images.EnsurePauseImageAsync(stoppingToken);
                health.Up(await cri.AbilitiesAsync(stoppingToken));
                delay = RestartDelay;
                await WaitUntilGoneAsync(process, stoppingToken);
                health.Down("container runtime is down");
                LogGone(options.SocketPath);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                health.Down($"container runtime is down: {exception.Message}");
                LogFailed(exception, options.SocketPath);
                delay = delay * 2 < MaxRestartDelay ? delay * 2 : MaxRestartDelay;
            }

            await Task.Delay(delay, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends the containerd of a data directory; the shims and their containers stay.</summary>
    public static async Task StopAsync(ContainerdConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        using var process = FindRunning(config);
        if (process is null)
        {
            return;
        }

        Linux.Signal(process.Id, Linux.SignalTerminate);
        using var patience = new CancellationTokenSource(StartTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        await process.WaitForExitAsync(both.Token);
    }

    private async Task<Process> FindOrStartAsync(CancellationToken cancellationToken)
    {
        config.Write(restrictOomScore: !Linux.HasCapSysResource());
        if (FindRunning(config) is { } running)
        {
            LogAdopted(running.Id);
            return running;
        }

        RotateLog();
        var started = Start();
        try
        {
            OwnFiles.Replace(
                config.PidPath, Encoding.ASCII.GetBytes(started.Id.ToString(CultureInfo.InvariantCulture)));
        }
        catch (IOException)
        {
            started.Kill(); // one that is not found again would keep the next one from starting
            throw;
        }

        LogStarted(started.Id);
        return started;
    }

    /// <summary>
    /// setsid takes it out of the terminal's process group (Ctrl-C must not reach it), and exec keeps the pid ours.
    /// </summary>
    private Process Start()
    {
        var script = "exec setsid \"$0\" --config \"$1\" >> \"$2\" 2>&1 < /dev/null";
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", script, options.ContainerdBinary, config.ConfigPath, config.LogPath]);
        start.Environment["PATH"] = (start.Environment["PATH"] ?? "") + ":/usr/sbin:/sbin";
        return Process.Start(start) ?? throw new InvalidOperationException("containerd could not be started.");
    }

    private static Process? FindRunning(ContainerdConfig config)
    {
        if (!File.Exists(config.PidPath)
            || !int.TryParse(File.ReadAllText(config.PidPath), CultureInfo.InvariantCulture, out var pid)
            || !IsOurs(pid, config.ConfigPath))
        {
            return null;
        }

        try
        {
            return Process.GetProcessById(pid);
        }
        catch (ArgumentException)
        {
            return null; // it ended meanwhile
        }
    }

    /// <summary>A pid may have been given to something else: the command line must name our configuration.</summary>
    private static bool IsOurs(int pid, string configPath)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0').Contains(configPath);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task WaitUntilAnsweringAsync(Process? process, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (!await cri.AnswersAsync(AnswerTimeout, cancellationToken))
        {
            if (process is { HasExited: true })
            {
                throw new InvalidOperationException($"containerd ended at its start; see {config.LogPath}");
            }

            if (time.GetElapsedTime(started) > StartTimeout)
            {
                throw new TimeoutException($"no answer on {options.SocketPath} within {StartTimeout.TotalSeconds} s");
            }

            await Task.Delay(StartPoll, time, cancellationToken);
        }
    }

    private async Task WaitUntilGoneAsync(Process? process, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(AliveCheck, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var gone = process is null
                ? !await cri.AnswersAsync(AnswerTimeout, cancellationToken)
                : process.HasExited;
            if (gone)
            {
                return;
            }
        }
    }

    private void RotateLog()
    {
        if (File.Exists(config.LogPath) && new FileInfo(config.LogPath).Length > MaxLogBytes)
        {
            File.Move(config.LogPath, config.LogPath + ".1", overwrite: true);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "containerd started as process {Pid}")]
    private partial void LogStarted(int pid);

    [LoggerMessage(2, LogLevel.Information, "containerd runs already as process {Pid}; taken over")]
    private partial void LogAdopted(int pid);

    [LoggerMessage(3, LogLevel.Warning, "The container runtime at {Socket} is gone; starting it again")]
    private partial void LogGone(string socket);

    [LoggerMessage(4, LogLevel.Error, "The container runtime at {Socket} does not work")]
    private partial void LogFailed(Exception exception, string socket);
}
