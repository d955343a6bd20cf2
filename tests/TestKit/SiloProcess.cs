using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.TestKit;

/// <summary>Where a silo of a group is.</summary>
/// <param name="BindAddress">An address of the loopback interface, where it really is.</param>
/// <param name="Address">The address that it announces; nobody goes there.</param>
/// <param name="Port">The same for all of a group.</param>
/// <param name="SiloPort">Where the others reach it; 0 takes a free port.</param>
public sealed record SiloPlace(string BindAddress, string Address, int Port, int SiloPort = 0);

/// <summary>A silo as a process of its own.</summary>
public sealed partial class SiloProcess : IAsyncDisposable
{
    public const string Token = "silos-test";
    private const int LastLines = 40;
    private const int LineLength = 1_000;
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan EndPatience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource<Uri> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _hangs = new();
    private bool _isDisposed;

    private SiloProcess(string[] arguments) => _process = new Process
    {
        StartInfo = new ProcessStartInfo(Program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        },
    };

    /// <summary>The program of this build.</summary>
    public static string Program
    {
        get
        {
            // tests/Cluster.Tests/bin/CONFIGURATION/FRAMEWORK, beside Silo/bin/CONFIGURATION/FRAMEWORK
            var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
            var root = framework.Parent!.Parent!.Parent!.Parent!.Parent!;
            return Path.Combine(
                root.FullName, "Silo", "bin", framework.Parent!.Name, framework.Name, "OrleansOrchestrator.Silo");
        }
    }

    public Uri Url { get; private set; } = null!;

    /// <summary>Under which it is announced in the cluster.</summary>
    public required string Address { get; init; }

    /// <summary>Where the others reach it; 0 when it chose for itself.</summary>
    public required int SiloPort { get; init; }

    /// <summary>False from the moment that the process is told to end, and while it hangs.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Cancelled when it begins to hang: who waits for its answer turns to another one.</summary>
    public CancellationToken Hangs => _hangs.Token;

    public bool IsRunning => !_process.HasExited;

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public int ProcessId => _process.Id;

    /// <summary>Starts a silo and returns when its API answers.</summary>
    public static Task<SiloProcess> StartAsync(
        string connection, string tokenFile, SiloPlace place, params string[] more) => StartAsync(
        new SiloProcess(
        [
            "silo", "--connection", connection, "--port", $"{place.Port}", "--silo-port", $"{place.SiloPort}",
            "--bind-address", place.BindAddress, "--advertise-address", place.Address, "--token-auth-file", tokenFile,
            "--shutdown-delay", "1", .. more,
        ])
        { Address = place.Address, SiloPort = place.SiloPort });

    /// <summary>Starts a silo that is alone and keeps everything in memory, and returns when its API answers.</summary>
    public static Task<SiloProcess> StartInMemoryAsync(params string[] more) => StartAsync(
        new SiloProcess(["silo", "--port", "0", "--bind-address", "127.0.0.1", .. more])
        { Address = "127.0.0.1", SiloPort = 0 });

    private static async Task<SiloProcess> StartAsync(SiloProcess silo)
    {
        silo._process.OutputDataReceived += (_, line) => silo.Note(line.Data);
        silo._process.ErrorDataReceived += (_, line) => silo.Note(line.Data);
        silo._process.Start();
        silo._process.BeginOutputReadLine();
        silo._process.BeginErrorReadLine();
        try
        {
            await silo.AnswersAsync();
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    private async Task AnswersAsync()
    {
        using var patience = new CancellationTokenSource(StartPatience);
        var ended = _process.WaitForExitAsync(patience.Token);
        if (await Task.WhenAny(_url.Task, ended) == ended)
        {
            throw new InvalidOperationException(
                $"the silo {(ended.IsCanceled ? "does not answer" : $"ended with {_process.ExitCode}")}:\n{Log()}");
        }

        Url = await _url.Task;
        IsUp = true;
    }

    /// <summary>As a crash does.</summary>
    public async Task KillAsync()
    {
        IsUp = false;
        _process.Kill();
        await _process.EndedAsync();
    }

    /// <summary>As an administrator does.</summary>
    public async Task StopAsync()
    {
        IsUp = false;
        await SignalAsync("TERM");
        await _process.WaitForExitAsync().WaitAsync(EndPatience);
    }

    /// <summary>It stays where it is, with all of its connections, and does nothing more.</summary>
    public async Task HangAsync()
    {
        IsUp = false;
        await SignalAsync("STOP");
        await _hangs.CancelAsync();
    }

    /// <summary>Lets it go on and be asked again, until it ends; returns its exit code.</summary>
    public async Task<int> GoOnToItsEndAsync()
    {
        _hangs.Dispose();
        _hangs = new CancellationTokenSource();
        IsUp = true;
        await SignalAsync("CONT");
        await _process.WaitForExitAsync().WaitAsync(EndPatience);
        IsUp = false;
        return _process.ExitCode;
    }

    /// <summary>
    /// True when it said that at any time: its last words are no last line where much waits to be read.
    /// </summary>
    public bool Said(string text)
    {
        lock (_lines)
        {
            return _lines.Exists(l => l.Contains(text, StringComparison.Ordinal));
        }
    }

    /// <summary>The end of what it said, and before that the answers of 500.</summary>
    public string Log()
    {
        lock (_lines)
        {
            var failures = _lines.SkipLast(LastLines).Where(
                static l => l.Contains(" fail: OrleansOrchestrator.Api", StringComparison.Ordinal));
            return string.Join('\n', failures.Concat(_lines.TakeLast(LastLines)).Select(static l => l.Length < LineLength ? l : l[..LineLength]));
        }
    }

    /// <summary>Again is no harm: a group ends what it has, and who is to be replaced is gone already.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        _hangs.Dispose();
    }

    private async Task SignalAsync(string signal) => (await Tools.RunAsync(
        "kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)])).Required.ToString();

    [GeneratedRegex("The API answers on (https://[^; ]+)")]
    private static partial Regex Answers();

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lines)
        {
            _lines.Add(line);
        }

        if (Answers().Match(line) is { Success: true } match)
        {
            _url.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }
}
