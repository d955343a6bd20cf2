using System.Diagnostics;
using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Bench.Network;

namespace OrleansOrchestrator.Bench.Node;

/// <summary>A cluster as a user starts it, with real containers, in a directory of its own and in the network that this
/// process is in.</summary>
/// <param name="options">What is measured.</param>
/// <param name="root">A directory of its own.</param>
/// <param name="further">Further arguments of <c>orc up</c>.</param>
public sealed class NodeMeter(BenchOptions options, string root, IReadOnlyList<string> further) : IAsyncDisposable
{
    public const string Silo = "silo";
    public const string Agent = "node agent";

    private const int Pods = 20;
    private const string ReadyText = "The cluster is ready";
    private const string Image = "orc.local/demo:1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(60);

    private readonly TimeProvider _time = TimeProvider.System;
    private Process? _up;

    private string Data => Path.Combine(root, "data");

    private string Kubeconfig => Path.Combine(root, "admin.conf");

    public async Task<NodeFigures> MeasureAsync(CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        await UpAsync(cancellationToken);
        var up = _time.GetElapsedTime(start);
        await OrcAsync(["image", "demo", "--data-dir", Data], cancellationToken);
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig));
        var first = await StartPodAsync(client, "first", cancellationToken);
        var starts = new List<TimeSpan>();
        for (var i = 0; i < Pods; i++)
        {
            starts.Add(await StartPodAsync(client, string.Create(CultureInfo.InvariantCulture, $"pod-{i}"), cancellationToken));
        }

        await client.CoreV1.DeleteCollectionNamespacedPodAsync(
            "default", gracePeriodSeconds: 0, cancellationToken: cancellationToken);
        return new NodeFigures { Up = up, FirstPod = first, PodStart = Spread.Of(starts), Idle = await IdleAsync(cancellationToken) };
    }

    public async ValueTask DisposeAsync()
    {
        if (_up is { } up)
        {
            await OrcAsync(["reset", "--yes", "--data-dir", Data, "--kubeconfig", Kubeconfig], CancellationToken.None);
            await up.WaitForExitAsync();
            up.Dispose();
        }
    }

    private async Task UpAsync(CancellationToken cancellationToken)
    {
        _up = Process.Start(new ProcessStartInfo(
            options.Silo, ["up", "--yes", "--data-dir", Data, "--kubeconfig", Kubeconfig, .. further])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = _up.StandardError.ReadToEndAsync(cancellationToken);
        while (await _up.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Contains(ReadyText, StringComparison.Ordinal))
            {
                // Read on, so that the pipe never fills.
                _ = _up.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return;
            }
        }

        throw new InvalidOperationException($"orc up: {await errors}");
    }

    private async Task OrcAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var process =
            Process.Start(new ProcessStartInfo(options.Silo, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"orc {string.Join(' ', arguments)}: {output}");
        }
    }

    private async Task<TimeSpan> StartPodAsync(Kubernetes client, string name, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var seen = client.CoreV1.WatchListNamespacedPodAsync(
            "default", fieldSelector: $"metadata.name={name}", cancellationToken: patience.Token);
        await using var events = seen.GetAsyncEnumerator(patience.Token);
        var next = events.MoveNextAsync();
        var start = _time.GetTimestamp();
        await client.CoreV1.CreateNamespacedPodAsync(Pod(name), "default", cancellationToken: patience.Token);
        while (await next)
        {
            if (events.Current.Item2.Status?.Phase == "Running")
            {
                return _time.GetElapsedTime(start);
            }

            next = events.MoveNextAsync();
        }

        throw new InvalidOperationException($"The watch of {name} ended before it ran.");
    }

    private static V1Pod Pod(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "main", Image = Image, ImagePullPolicy = "Never" }] },
    };

    private async Task<IReadOnlyDictionary<string, IdlePart>> IdleAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Settle, _time, cancellationToken);
        var processes = new Dictionary<string, int>
        {
            [Silo] = Number(Path.Combine(Data, "run", "silo.pid")),
            [Agent] = Number(Path.Combine(Data, "run", "node-agent.pid")),
            ["PostgreSQL"] = Number(Path.Combine(Data, "postgres", "data", "postmaster.pid")),
        };
        var before = processes.ToDictionary(p => p.Key, p => ProcessMeter.Read(p.Value));
        var start = _time.GetTimestamp();
        await Task.Delay(IdleTime, _time, cancellationToken);
        var elapsed = _time.GetElapsedTime(start);
        return processes.ToDictionary(p => p.Key, p =>
        {
            var after = ProcessMeter.Read(p.Value);
            return new IdlePart(100 * (after.Cpu - before[p.Key].Cpu) / elapsed, after.PrivateMegabytes);
        });
    }

    private static int Number(string file) =>
        int.Parse(File.ReadLines(file).First().Split(' ')[0], CultureInfo.InvariantCulture);
}
