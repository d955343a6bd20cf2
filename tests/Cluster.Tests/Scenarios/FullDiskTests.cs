using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>
/// The disk of the data directory fills up under PostgreSQL. Writes are refused, and it is said why; what was
/// acknowledged stays; reads go on as long as PostgreSQL does; with room again everything goes on by itself.
/// </summary>
[Collection("full disk")]
public sealed class FullDiskTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int DiskMebibytes = 260;
    private const string Full = "the disk of the store is full";
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan WritePatience = TimeSpan.FromMinutes(2);

    private readonly string _space = $"orc-full-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";
    private readonly string _disk = Path.Combine(
        Path.GetTempPath(), $"orc-full-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}");
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _up;

    private string Data => Path.Combine(_disk, "data");

    private string Kubeconfig => Path.Combine(_disk, "admin.conf");

    private string Filler => Path.Combine(_disk, "filler");

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        Directory.CreateDirectory(_disk);
        await RequireAsync("mount", "-t", "tmpfs", "-o", $"size={DiskMebibytes}m,mode=0755", "tmpfs", _disk);
        await RequireAsync("ip", "netns", "add", _space);
        await RequireAsync("nsenter", $"--net=/run/netns/{_space}", "ip", "link", "set", "lo", "up");
        _up = new Process
        {
            StartInfo = new ProcessStartInfo("nsenter", [
                $"--net=/run/netns/{_space}", "env", "--default-signal=INT", RealCluster.Program("Silo"), "up", "--yes",
                "--hollow-nodes", "1", "--data-dir", Data, "--kubeconfig", Kubeconfig])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            },
        };
        _up.OutputDataReceived += (_, line) => Note(line.Data);
        _up.ErrorDataReceived += (_, line) => Note(line.Data);
        _up.Start();
        _up.BeginOutputReadLine();
        _up.BeginErrorReadLine();
        await _ready.Task.WaitAsync(StartPatience);
    }

    public async ValueTask DisposeAsync()
    {
        if (_up is not null)
        {
            await Tools.RunAsync("kill", ["-INT", _up.Id.ToString(CultureInfo.InvariantCulture)]);
            await _up.WaitForExitAsync().WaitAsync(StartPatience);
            _up.Dispose();
            await Tools.RunAsync("ip", ["netns", "delete", _space]);
            await RequireAsync("umount", _disk);
            Directory.Delete(_disk);
        }
    }

    [Fact]
    public async Task Writes_are_refused_for_want_of_room_and_go_on_when_there_is_some()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        await KubectlAsync("create", "deployment", "steady", "--image=none/none:1", "--replicas=2");
        await KubectlAsync("rollout", "status", "deployment/steady", "--timeout=300s");
        var silo = Pid("silo");
        var acknowledged = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            acknowledged.Add(await WriteAsync($"before-{i}"));
        }

        await FillAsync();
        var refusal = await WriteUntilRefusedAsync(acknowledged);
        output.WriteLine(refusal);
        Assert.Matches("503 Service Unavailable|504 Gateway Timeout", refusal);
        Assert.DoesNotContain("InternalError", refusal, StringComparison.Ordinal);
        Assert.True(LogSaysWhy(), "neither the silo nor 'orc up' says that the disk is full");

        // worse: not even PostgreSQL's log has room, once what it had put by is used up, and PostgreSQL stops
        output.WriteLine(await ExhaustLogAsync());
        File.Delete(Filler);

        for (var i = 0; i < 3; i++)
        {
            acknowledged.Add(await WriteAsync($"after-{i}"));
        }

        var there = (await KubectlAsync("get", "configmaps", "-o", "name")).Split('\n').ToHashSet();
        Assert.DoesNotContain(acknowledged, name => !there.Contains($"configmap/{name}"));
        Assert.Equal(silo, Pid("silo"));
        await KubectlAsync("scale", "deployment/steady", "--replicas=3");
        await KubectlAsync("rollout", "status", "deployment/steady", "--timeout=300s");
        await KubectlAsync("wait", "--for=condition=Ready", "node", "--all", "--timeout=30s");
    }

    /// <summary>Begins segments of PostgreSQL's write-ahead log until there is no room for one; what is then
    /// said.</summary>
    private async Task<string> ExhaustLogAsync()
    {
        const int segmentsOnDisk = DiskMebibytes / 16;
        for (var i = 0; i <= segmentsOnDisk; i++)
        {
            var ended = await Tools.RunAsync(
                "psql", ["-h", Path.Combine(Data, "run", "postgres"), "-U", "orc", "-c",
                    "select pg_logical_emit_message(false, 'test', 'so that there is something to switch from')",
                    "-c", "select pg_switch_wal()", "orc"]);
            if (ended.Errors.Length > 0)
            {
                return ended.Errors;
            }
        }

        throw new InvalidOperationException($"{segmentsOnDisk} segments of the log fit on a full disk");
    }

    private static string? Missing =>
        !Environment.IsPrivilegedProcess ? "needs root: a file system of its own"
        : !File.Exists(Tools.Kubectl) ? $"needs kubectl in {Tools.Directory}"
        : null;

    private bool LogSaysWhy()
    {
        var logs = File.ReadAllText(Path.Combine(Data, "log", "silo.log"));
        lock (_lines)
        {
            return logs.Contains(Full, StringComparison.Ordinal)
                || _lines.Any(l => l.Contains("disk", StringComparison.Ordinal)
                    && l.Contains("full", StringComparison.Ordinal));
        }
    }

    /// <summary>Creates one object of 100 KB, trying again as long as it is refused.</summary>
    private async Task<string> WriteAsync(string name)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var ended = await TryWriteAsync(name);
            if (ended.ExitCode == 0 || ended.Errors.Contains("AlreadyExists", StringComparison.Ordinal))
            {
                return name;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(start) < WritePatience, $"{ended.Errors}\n{AllLines()}");
        }
    }

    /// <summary>
    /// Writes until the first refusal; what was acknowledged on the way is remembered. kubectl shows the answer.
    /// </summary>
    private async Task<string> WriteUntilRefusedAsync(List<string> acknowledged)
    {
        const int enough = 400;
        for (var i = 0; i < enough; i++)
        {
            var ended = await TryWriteAsync($"full-{i}");
            if (ended.Errors.Contains("Service Unavailable", StringComparison.Ordinal)
                || ended.Errors.Contains("Gateway Timeout", StringComparison.Ordinal))
            {
                return string.Join('\n',
                    ended.Errors.Split('\n').Where(
                        l => l.Contains("Response", StringComparison.Ordinal)
                            || l.StartsWith("Error", StringComparison.Ordinal)));
            }

            Assert.True(ended.ExitCode == 0, ended.Errors);
            acknowledged.Add($"full-{i}");
        }

        throw new InvalidOperationException($"{enough} writes fit on a full disk");
    }

    private Task<Ended> TryWriteAsync(string name) => RunAsync(
        "-v=8", "create", "configmap", name,
            $"--from-literal=text={Convert.ToBase64String(RandomNumberGenerator.GetBytes(60_000))}");

    private async Task<string> KubectlAsync(params string[] arguments) => (await RunAsync(arguments)).Required;

    private Task<Ended> RunAsync(params string[] arguments) => Tools.RunAsync(
        "nsenter",
        [$"--net=/run/netns/{_space}", Tools.Kubectl, .. arguments],
        new Dictionary<string, string> { ["KUBECONFIG"] = Kubeconfig });

    private int Pid(string daemon) => int.Parse(
        File.ReadAllText(Path.Combine(Data, "run", $"{daemon}.pid")).Split(' ')[0], CultureInfo.InvariantCulture);

    private async Task FillAsync() => await Tools.RunAsync("dd", ["if=/dev/zero", $"of={Filler}", "bs=64k"]);

    private void Note(string? line)
    {
        lock (_lines)
        {
            _lines.Add(line ?? "");
        }

        if (line?.Contains("The cluster is ready", StringComparison.Ordinal) == true)
        {
            _ready.TrySetResult();
        }
    }

    private string AllLines()
    {
        lock (_lines)
        {
            return string.Join('\n', _lines);
        }
    }

    private static async Task RequireAsync(string program, params string[] arguments) =>
        (await Tools.RunAsync(program, arguments)).Required.ToString();
}
