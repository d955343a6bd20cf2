using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What <c>orc up</c> is asked to run.</summary>
public sealed record LocalClusterOptions
{
    public required string DataDirectory { get; init; }

    public required string Kubeconfig { get; init; }

    public int Port { get; init; } = 6443;

    public string NodeName { get; init; } = Dns.GetHostName().ToLowerInvariant();

    /// <summary>
    /// Null: an address of our own on a link of our own, which stays the same when the machine moves between networks.
    /// </summary>
    public IPAddress? NodeAddress { get; init; }

    /// <summary>0 runs a real node.</summary>
    public int HollowNodes { get; init; }

    /// <summary>Somebody else's PostgreSQL; null runs a private one.</summary>
    public string? ConnectionString { get; init; }
}

/// <summary>
/// The processes of a cluster on this machine: PostgreSQL, the silo, the node agent (which runs containerd). Each is a
/// daemon of its own, so a killed one takes no other with it; <see cref="SuperviseAsync"/> starts again what dies.
/// </summary>
public sealed class LocalCluster(LocalClusterOptions options, DataDirectory directory, TimeProvider time)
{
    private const string NodeLink = "orc-node";
    private const string DefaultNodeAddress = "10.243.0.1";
    private const string ServiceRange = "10.96.0.0/16";

    private static readonly TimeSpan SiloStartTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan NodeReadyTime = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SupervisorPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DiskPeriod = TimeSpan.FromSeconds(5);

    // Less than two segments of PostgreSQL's log: it may have to stop at any moment.
    private const long LeastFreeBytes = 32 * BytesPerMebibyte;
    private const long BytesPerMebibyte = 1024 * 1024;

    private readonly PrivatePostgres _postgres = new(directory);
    private readonly DaemonProcess _up = new(directory, "up");
    private readonly DaemonProcess _silo = new(directory, "silo");
    private readonly DaemonProcess _agent = new(directory, "node-agent");

    /// <summary>Makes the present process the supervisor of this data directory; there can be one.</summary>
    public void ClaimSupervision()
    {
        if (_up.Find() is { } other)
        {
            throw new UserErrorException(
                $"This cluster is already up: 'orc up' runs as process {other.Id}. 'orc down' stops it; --data-dir names another cluster.");
        }

        _up.Claim();
    }

    /// <summary>Lets another process supervise.</summary>
    public void EndSupervision() => _up.Forget();

    /// <summary>Stops everything: by way of the supervisor when there is one, which would start again what it finds
    /// stopped.</summary>
    public async Task StopFromOutsideAsync(CancellationToken cancellationToken)
    {
        await _up.StopAsync(SupervisorPatience, time);
        await StopAsync(cancellationToken);
    }

    /// <summary>True when this cluster runs no container, only simulated nodes.</summary>
    public bool IsHollow => options.HollowNodes > 0;

    /// <summary>Fails when somebody else has the API's port.</summary>
    public void CheckPort()
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(l => l.Port == options.Port);
        if (taken && _silo.Find() is null)
        {
            throw new UserErrorException(
                $"Port {options.Port} is in use by another program: stop that, or choose another port with --port.");
        }
    }

    /// <summary>Starts PostgreSQL unless it runs or is somebody else's.</summary>
    public Task StartStoreAsync(CancellationToken cancellationToken) =>
        options.ConnectionString is null ? _postgres.StartAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>Starts the silo unless it runs, and returns when the API is ready.</summary>
    public async Task StartSiloAsync(CancellationToken cancellationToken)
    {
        var process = _silo.Find();
        if (process is null)
        {
            if (!IsHollow && options.NodeAddress is null)
            {
                await EnsureNodeLinkAsync(cancellationToken);
            }

            Directory.CreateDirectory(Path.GetDirectoryName(options.Kubeconfig)!);
            File.Delete(options.Kubeconfig);
            process = _silo.Start(Environment.ProcessPath!, SiloArguments());
        }

        await WaitForApiAsync(process, cancellationToken);
    }

    /// <summary>
    /// Starts the node agent unless it runs or nodes are hollow, and returns when every node is Ready.
    /// </summary>
    public async Task StartNodeAsync(CancellationToken cancellationToken)
    {
        var process = _agent.Find();
        if (process is null && !IsHollow)
        {
            process = _agent.Start(NodeAgentProgram.Path, AgentArguments());
        }

        await (IsHollow
            ? WaitForNodesAsync(_silo, _silo.Find()!, cancellationToken)
            : WaitForNodesAsync(_agent, process!, cancellationToken));
    }

    /// <summary>Starts again whatever ends, until cancelled; <paramref name="report"/> is told.</summary>
    public Task SuperviseAsync(Action<string> report, CancellationToken cancellationToken)
    {
        var tasks = new List<Task> { KeepAsync("silo", _silo.Find, StartSiloAsync, report, cancellationToken) };
        if (!IsHollow)
        {
            tasks.Add(KeepAsync("node agent", _agent.Find, StartNodeAsync, report, cancellationToken));
        }

        if (options.ConnectionString is null)
        {
            tasks.Add(KeepAsync("PostgreSQL", FindPostgres, StartStoreAsync, report, cancellationToken));
        }

        tasks.Add(WatchDiskAsync(report, cancellationToken));
        return Task.WhenAll(tasks);
    }

    /// <summary>
    /// Says when the disk of the data directory fills up and when there is room again: what writes there cannot even
    /// log it then.
    /// </summary>
    private async Task WatchDiskAsync(Action<string> report, CancellationToken cancellationToken)
    {
        var drive = new DriveInfo(directory.Root);
        var wasFull = false;
        while (true)
        {
            var free = drive.AvailableFreeSpace;
            var isFull = free < LeastFreeBytes;
            if (isFull != wasFull)
            {
                report(isFull
                    ? $"The disk of {directory.Root} is full ({free / BytesPerMebibyte} MiB left): writes are refused until there is room."
                    : $"The disk of {directory.Root} has room again ({free / BytesPerMebibyte} MiB).");
                wasFull = isFull;
            }

            await Task.Delay(DiskPeriod, time, cancellationToken);
        }
    }

    /// <summary>Stops everything, in the order in which things need each other.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _agent.StopAsync(StopPatience, time);
        await CleanNodeAsync(cancellationToken);
        await _silo.StopAsync(StopPatience, time);
        await _postgres.StopAsync(cancellationToken);
        if (HasLink())
        {
            await Programs.RunAsync(Programs.Find("ip")!, ["link", "delete", NodeLink], cancellationToken);
        }
    }

    /// <summary>One line a part: what runs, and as which process.</summary>
    public IReadOnlyList<(string Part, string State)> Describe()
    {
        var rows = new List<(string, string)>
        {
            ("supervisor (orc up)", StateOf(_up.Find())),
            ("PostgreSQL", StateOf(FindPostgres())),
            ("silo (API, controllers, scheduler)", StateOf(_silo.Find())),
            ("node agent", StateOf(_agent.Find())),
        };
        return rows;
    }

    private static string StateOf(Process? process) =>
        process is null ? "not running" : $"running, process {process.Id.ToString(CultureInfo.InvariantCulture)}";

    private Process? FindPostgres()
    {
        if (_postgres.ProcessId is not { } pid
            || !Directory.Exists($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}"))
        {
            return null;
        }

        return Process.GetProcessById(pid);
    }

    private async Task KeepAsync(
        string name,
        Func<Process?> find,
        Func<CancellationToken, Task> start,
        Action<string> report,
        CancellationToken cancellationToken)
    {
        string? trouble = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var process = find();
                if (process is not null)
                {
                    await process.WaitForExitAsync(cancellationToken);
                    trouble = null;
                }

                // What goes on failing in the same way (a disk that stays full) is said once.
                if (trouble is null)
                {
                    report($"The {name} has ended; starting it again.");
                }

                await start(cancellationToken);
                report($"The {name} runs again.");
                trouble = null;
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                if (failure.Message != trouble)
                {
                    report($"The {name} did not start: {failure.Message}");
                }

                trouble = failure.Message;
            }

            await Task.Delay(RestartDelay, time, cancellationToken);
        }
    }

    private async Task WaitForApiAsync(Process silo, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (!await IsApiReadyAsync(cancellationToken))
        {
            if (silo.HasExited)
            {
                throw Ended("silo", _silo);
            }

            if (time.GetElapsedTime(start) > SiloStartTime)
            {
                throw Late("silo", _silo, SiloStartTime);
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    /// <summary>Returns when every node is Ready, and fails when the process on which that depends ends first.</summary>
    private async Task WaitForNodesAsync(DaemonProcess daemon, Process process, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(NodeReadyTime, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var ready = FollowNodesAsync(stop.Token);
        var first = await Task.WhenAny(ready, process.WaitForExitAsync(stop.Token));
        var hasEnded = first != ready && first.IsCompletedSuccessfully;
        await stop.CancelAsync();
        await ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (ready.IsCompletedSuccessfully)
        {
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (hasEnded)
        {
            throw Ended("node", daemon);
        }

        if (limit.IsCancellationRequested)
        {
            throw Late("node", daemon, NodeReadyTime);
        }

        await ready;
    }

    private static UserErrorException Ended(string what, DaemonProcess daemon) =>
        new($"The {what} ended while it was starting. Its last words:\n{daemon.LogTail(10)}");

    private static UserErrorException Late(string what, DaemonProcess daemon, TimeSpan limit) =>
        new($"The {what} was not ready after {limit.TotalSeconds:F0} s. Its last words:\n{daemon.LogTail(10)}");

    private async Task<bool> IsApiReadyAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(options.Kubeconfig))
        {
            return false;
        }

        try
        {
            using var client = Client();
            await client.Version.GetCodeAsync(cancellationToken);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Returns when there are nodes and all are Ready; begins anew when the API went away meanwhile.</summary>
    private async Task FollowNodesAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (await FollowNodesOnceAsync(cancellationToken))
                {
                    return;
                }
            }
            catch (Exception failure) when (
                !cancellationToken.IsCancellationRequested
                && failure is HttpRequestException or HttpOperationException or IOException or KubernetesException
                    or OperationCanceledException)
            {
                // The silo may be starting again; a request that takes the client too long counts as cancelled.
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    /// <summary>False when the watch ended before that.</summary>
    private async Task<bool> FollowNodesOnceAsync(CancellationToken cancellationToken)
    {
        using var client = Client();
        var list = await client.CoreV1.ListNodeAsync(cancellationToken: cancellationToken);
        var nodes = list.Items.ToDictionary(static n => n.Metadata.Name, IsReady, StringComparer.Ordinal);
        if (AreReady(nodes))
        {
            return true;
        }

        var changes = client.CoreV1.WatchListNodeAsync(
            resourceVersion: list.Metadata.ResourceVersion, cancellationToken: cancellationToken);
        await foreach (var (kind, node) in changes)
        {
            if (kind == WatchEventType.Deleted)
            {
                nodes.Remove(node.Metadata.Name);
            }
            else
            {
                nodes[node.Metadata.Name] = IsReady(node);
            }

            if (AreReady(nodes))
            {
                return true;
            }
        }

        return false;
    }

    private static bool AreReady(Dictionary<string, bool> nodes) => nodes.Count > 0 && nodes.Values.All(static r => r);

    private static bool IsReady(V1Node node) =>
        node.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") ?? false;

    private Kubernetes Client() => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(options.Kubeconfig));

    private string Address =>
        options.NodeAddress?.ToString() ?? (IsHollow ? IPAddress.Loopback.ToString() : DefaultNodeAddress);

    private List<string> SiloArguments() =>
    [
        "silo",
        "--connection", options.ConnectionString ?? _postgres.ConnectionString,
        "--port", options.Port.ToString(CultureInfo.InvariantCulture),
        "--advertise-address", Address,
        "--admin-kubeconfig", options.Kubeconfig,
        "--node-credentials", directory.Pki,
        "--node-name", options.NodeName,
        "--node-ip", Address,
        "--hollow-nodes", options.HollowNodes.ToString(CultureInfo.InvariantCulture),
    ];

    private List<string> AgentArguments() =>
    [
        "--kubeconfig", Path.Combine(directory.Pki, "node.conf"),
        "--node-name", options.NodeName,
        "--node-ip", Address,
        "--data-dir", directory.Node,
        "--tls-cert-file", Path.Combine(directory.Pki, "node-serving.crt"),
        "--tls-private-key-file", Path.Combine(directory.Pki, "node-serving.key"),
        "--client-ca-file", Path.Combine(directory.Pki, "ca.crt"),
    ];

    // Stopping an agent leaves containers alone, as an upgrade wants it; stopping the cluster does not.
    private async Task CleanNodeAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(directory.Pki, "node.conf"))
            && Directory.EnumerateFileSystemEntries(directory.Node).Any())
        {
            await NodeAgentProgram.RequireAsync(directory, ["clean"], cancellationToken);
        }
    }

    // Not by /sys/class/net, which shows the network that it was mounted in, not the one that we are in.
    private static bool HasLink() => NetworkInterface.GetAllNetworkInterfaces().Any(i => i.Name == NodeLink);

    private static async Task EnsureNodeLinkAsync(CancellationToken cancellationToken)
    {
        var ip = Programs.Find("ip")!;
        if (!HasLink())
        {
            await Programs.RequireAsync(ip, ["link", "add", NodeLink, "type", "bridge"], cancellationToken);
        }

        await Programs.RequireAsync(
            ip, ["address", "replace", $"{DefaultNodeAddress}/32", "dev", NodeLink], cancellationToken);
        await Programs.RequireAsync(ip, ["link", "set", NodeLink, "up"], cancellationToken);

        // So that this machine reaches Services even where it has no default route: the proxy translates the address,
        // but first there must be a way.
        await Programs.RequireAsync(ip, ["route", "replace", ServiceRange, "dev", NodeLink], cancellationToken);
    }
}
