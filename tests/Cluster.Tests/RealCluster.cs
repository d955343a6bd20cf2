using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>
/// A whole cluster on this machine, started as a user would (<c>orc up</c>) with a data directory of its own:
/// PostgreSQL, silo, node agent, containerd. One for all tests of this project. Where it cannot run (no root, no
/// containerd, no kubectl) the tests are skipped, with the reason.
/// </summary>
public sealed class RealCluster : IAsyncLifetime
{
    private const string ReadyText = "The cluster is ready";
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StopPatience = TimeSpan.FromMinutes(5);

    private readonly string _root;
    private readonly string[] _options;
    private Process? _up;

    /// <summary>The one that all tests share.</summary>
    public RealCluster()
        : this("cluster")
    {
    }

    private RealCluster(string name, params string[] options)
    {
        _root = Path.Combine(
            Path.GetTempPath(), $"orc-{name}-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}");
        _options = options;
    }

    /// <summary>
    /// One more on this machine, as a user makes it who names another data directory and nothing else, or some options.
    /// </summary>
    public static async Task<RealCluster> StartAnotherAsync(params string[] options)
    {
        var another = new RealCluster("another", options);
        await another.InitializeAsync();
        return another;
    }

    /// <summary>Why there is no cluster; null when there is one.</summary>
    public string? Unavailable { get; private set; }

    public string Kubeconfig => Path.Combine(_root, "admin.conf");

    public string DataDirectory => Path.Combine(_root, "data");

    public async ValueTask InitializeAsync()
    {
        Unavailable = Missing();
        if (Unavailable is not null)
        {
            return;
        }

        Directory.CreateDirectory(_root);
        Directory.CreateDirectory(Scratch);
        File.SetUnixFileMode(_root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
            UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        await StartAsync(_options);
        (await OrcAsync("image", "demo", "--data-dir", DataDirectory)).Required.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        if (_up is null)
        {
            return;
        }

        await StopAsync();
        await TellAsync(Console.Out);
        (await OrcAsync("reset", "--yes", "--data-dir", DataDirectory, "--kubeconfig", Kubeconfig)).Required.ToString();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>Skips the calling test when there is no cluster.</summary>
    public void Require() => Assert.SkipWhen(Unavailable is not null, Unavailable ?? "");

    /// <summary>Runs kubectl as admin.</summary>
    public Task<Ended> KubectlAsync(params string[] arguments) => KubectlWithInputAsync(null, arguments);

    /// <summary>Runs kubectl as admin, with something on its standard input.</summary>
    public Task<Ended> KubectlWithInputAsync(string? input, params string[] arguments) => Tools.RunAsync(
        Tools.Kubectl, arguments, new Dictionary<string, string> { ["KUBECONFIG"] = Kubeconfig }, input);

    /// <summary>Starts a kubectl that goes on until it is killed.</summary>
    public Process StartKubectl(params string[] arguments) => StartKubectl(new Dictionary<string, string>(), arguments);

    /// <summary>Starts a kubectl with more in its environment, that goes on until it is killed.</summary>
    public Process StartKubectl(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Tools.Kubectl, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = Kubeconfig;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs kubectl as admin with more in its environment.</summary>
    public Task<Ended> KubectlAsync(
        IReadOnlyDictionary<string, string> environment, string? input, params string[] arguments) =>
        Tools.RunAsync(
            Tools.Kubectl, arguments, new Dictionary<string, string>(environment) { ["KUBECONFIG"] = Kubeconfig },
            input);

    /// <summary>Process id of one of the cluster's daemons: <c>silo</c> or <c>node-agent</c>.</summary>
    public int ProcessIdOf(string daemon) => int.Parse(
        File.ReadAllText(Path.Combine(DataDirectory, "run", $"{daemon}.pid")).Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>Kills a daemon with SIGKILL and returns when <c>orc up</c> says that it runs again.</summary>
    public async Task KillAndAwaitRestartAsync(string daemon, string name)
    {
        var again = WaitForLineAsync($"The {name} runs again.");
        (await Tools.RunAsync("kill", ["-9", ProcessIdOf(daemon).ToString(CultureInfo.InvariantCulture)])).Required.ToString();
        try
        {
            await again;
        }
        catch (TimeoutException timeout)
        {
            throw new TimeoutException($"the {name} did not come back; 'orc up' said:\n{AllLines()}", timeout);
        }
    }

    /// <summary>
    /// Stops a daemon with a signal, so that it is there but does not answer, and returns when <c>orc up</c> has
    /// noticed that and says that it runs again.
    /// </summary>
    public async Task HangAndAwaitRestartAsync(string name, string processId)
    {
        var (noticed, again) =
            (SaysAsync($"The {name} does not answer; ending it."), SaysAsync($"The {name} runs again."));
        (await Tools.RunAsync("kill", ["-STOP", processId])).Required.ToString();
        await noticed;
        await again;
    }

    /// <summary>Process id of the cluster's PostgreSQL.</summary>
    public string PostgresId =>
        File.ReadLines(Path.Combine(DataDirectory, "postgres", "data", "postmaster.pid")).First();

    /// <summary>Returns when <c>orc up</c> says something; to be called before that happens.</summary>
    public Task SaysAsync(string text) => WaitForLineAsync(text);

    /// <summary>Somewhere on this machine that pods may mount.</summary>
    public string Scratch => Path.Combine(_root, "scratch");

    /// <summary>Socket of the cluster's containerd.</summary>
    public string RuntimeSocket => Path.Combine(DataDirectory, "node", "containerd", "run", "containerd.sock");

    /// <summary>Runs containerd's own client on the cluster's images and containers.</summary>
    public Task<Ended> CtrAsync(params string[] arguments) =>
        Tools.RunAsync("ctr", ["-a", RuntimeSocket, "-n", "k8s.io", .. arguments]);

    /// <summary>Kills the postmaster with SIGKILL, and returns when <c>orc up</c> says that it runs again.</summary>
    public async Task KillPostgresAndAwaitRestartAsync()
    {
        var again = WaitForLineAsync("The PostgreSQL runs again.");
        (await Tools.RunAsync("kill", ["-9", PostgresId])).Required.ToString();
        await again;
    }

    /// <summary>
    /// <c>orc down</c> from another terminal ends <c>orc up</c>; then <c>orc up</c> again, with more options.
    /// </summary>
    public async Task DownAndUpAsync(Func<Task> whileDown, params string[] more)
    {
        (await OrcAsync("down", "--data-dir", DataDirectory)).Required.ToString();
        using var patience = new CancellationTokenSource(StopPatience);
        await _up!.WaitForExitAsync(patience.Token);
        Assert.True(_up.ExitCode == 0, $"'orc up' ended with {_up.ExitCode}:\n{AllLines()}");
        _up.Dispose();
        await whileDown();
        await StartAsync(more);
    }

    /// <summary>Runs <c>orc</c> to its end.</summary>
    public static Task<Ended> OrcAsync(params string[] arguments) => Tools.RunAsync(Program("Silo"), arguments);

    /// <summary>A program of this build.</summary>
    public static string Program(string project)
    {
        // tests/Cluster.Tests/bin/CONFIGURATION/FRAMEWORK, beside PROJECT/bin/CONFIGURATION/FRAMEWORK
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var root = framework.Parent!.Parent!.Parent!.Parent!.Parent!;
        return Path.Combine(
            root.FullName, project, "bin", framework.Parent!.Name, framework.Name, $"OrleansOrchestrator.{project}");
    }

    private static string? Missing()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return "needs root: real containers, network and mounts";
        }

        if (!File.Exists(Tools.Kubectl))
        {
            return $"needs kubectl in {Tools.Directory} ('./orc test' puts it there)";
        }

        return File.Exists("/usr/bin/containerd") ? null : "needs Debian's containerd";
    }

    private readonly List<string> _lines = [];
    private readonly List<(string Text, TaskCompletionSource Seen)> _waiting = [];

    private async Task StartAsync(params string[] more)
    {
        _up = new Process
        {
            // A shell that runs the tests in the background would have it ignore Ctrl-C.
            StartInfo = new ProcessStartInfo("env", [
                "--default-signal=INT", Program("Silo"), "up", "--yes", "--data-dir", DataDirectory,
                "--kubeconfig", Kubeconfig, .. more])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            },
        };
        _up.OutputDataReceived += (_, line) => Note(line.Data);
        _up.ErrorDataReceived += (_, line) => Note(line.Data);
        var ready = WaitForLineAsync(ReadyText);
        _up.Start();
        _up.BeginOutputReadLine();
        _up.BeginErrorReadLine();
        var ended = _up.WaitForExitAsync();
        if (await Task.WhenAny(ready, ended).WaitAsync(StartPatience) == ended || !ready.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException($"'orc up' did not come up:\n{AllLines()}");
        }
    }

    private async Task StopAsync()
    {
        (await Tools.RunAsync("kill", ["-INT", _up!.Id.ToString(CultureInfo.InvariantCulture)])).Required.ToString();
        using var patience = new CancellationTokenSource(StopPatience);
        await _up.WaitForExitAsync(patience.Token);
        Assert.True(_up.ExitCode == 0, $"'orc up' ended with {_up.ExitCode}:\n{AllLines()}");
    }

    /// <summary>What befell the cluster's parts meanwhile, for whoever looks for why a test failed.</summary>
    private async Task TellAsync(TextWriter output)
    {
        await output.WriteLineAsync($"'orc up' said:\n{AllLines()}");
        foreach (var log in Directory.EnumerateFiles(Path.Combine(DataDirectory, "log"), "*.log"))
        {
            var words = File.ReadLines(log).Where(static l =>
                l.Contains("Unhandled", StringComparison.Ordinal) || l.Contains(" crit: ", StringComparison.Ordinal));
            await output.WriteLineAsync($"{Path.GetFileName(log)}:\n{string.Join('\n', words.TakeLast(10))}");
        }
    }

    private Task WaitForLineAsync(string text)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lines)
        {
            _waiting.Add((text, seen));
        }

        return seen.Task.WaitAsync(StartPatience);
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lines)
        {
            _lines.Add(line);
            foreach (var (text, seen) in _waiting)
            {
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    seen.TrySetResult();
                }
            }

            _waiting.RemoveAll(w => w.Seen.Task.IsCompleted);
        }
    }

    private string AllLines()
    {
        lock (_lines)
        {
            return string.Join('\n', _lines);
        }
    }
}

/// <summary>All tests that share the one cluster; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ClusterTests : ICollectionFixture<RealCluster>
{
    public const string Name = "cluster";
}
