using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>Where a silo of a group is.</summary>
/// <param name="BindAddress">An address of the loopback interface, where it really is.</param>
/// <param name="Address">The address that it announces; nobody goes there.</param>
/// <param name="Port">The same for all of a group.</param>
public sealed record SiloPlace(string BindAddress, string Address, int Port);

/// <summary>A silo as a process of its own.</summary>
public sealed partial class SiloProcess : IAsyncDisposable
{
    public const string Token = "silos-test";
    private const int LastLines = 40;
    private const int LineLength = 1_000;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource<Uri> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SiloProcess(string connection, string tokenFile, SiloPlace place, string[] more) => _process = new Process
    {
        StartInfo = new ProcessStartInfo(Program, [
            "silo", "--connection", connection, "--port", $"{place.Port}", "--silo-port", "0", "--bind-address", place.BindAddress,
            "--advertise-address", place.Address, "--token-auth-file", tokenFile, "--shutdown-delay", "1", .. more])
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

    /// <summary>False from the moment that the process is told to end.</summary>
    public bool IsUp { get; private set; }

    public bool IsRunning => !_process.HasExited;

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts a silo and returns when its API answers.</summary>
    public static async Task<SiloProcess> StartAsync(
        string connection, string tokenFile, SiloPlace place, params string[] more)
    {
        var silo = new SiloProcess(connection, tokenFile, place, more) { Address = place.Address };
        silo._process.OutputDataReceived += (_, line) => silo.Note(line.Data);
        silo._process.ErrorDataReceived += (_, line) => silo.Note(line.Data);
        silo._process.Start();
        silo._process.BeginOutputReadLine();
        silo._process.BeginErrorReadLine();
        var ended = silo._process.WaitForExitAsync();
        if (await Task.WhenAny(silo._url.Task, ended).WaitAsync(StartPatience) == ended)
        {
            throw new InvalidOperationException($"the silo ended with {silo._process.ExitCode}:\n{silo.Log()}");
        }

        silo.Url = await silo._url.Task;
        silo.IsUp = true;
        return silo;
    }

    /// <summary>As a crash does.</summary>
    public async Task KillAsync()
    {
        IsUp = false;
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>As an administrator does.</summary>
    public async Task StopAsync()
    {
        IsUp = false;
        (await Tools.RunAsync("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)])).Required.ToString();
        await _process.WaitForExitAsync().WaitAsync(EndPatience);
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

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

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
