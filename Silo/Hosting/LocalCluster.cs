using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Machine;
using k8s;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What <c>orc up</c> is asked to run.</summary>
public sealed record LocalClusterOptions
{
    public string NodeName { get; init; } = Dns.GetHostName().ToLowerInvariant();

    /// <summary>0 runs a real node.</summary>
    public int HollowNodes { get; init; }

    /// <summary>Somebody else's PostgreSQL; null runs a private one.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>How many connections to PostgreSQL the silo may hold.</summary>
    public int StoreConnections { get; init; } = Grains.Kernel.StoreConnections.Default.Total;

    /// <summary>Where the real node finds pods of its own; empty for nowhere.</summary>
    public string StaticPodPath { get; init; } = "";

    /// <summary>Further arguments of the real node's agent, each <c>--name=value</c>.</summary>
    public IReadOnlyList<string> NodeArguments { get; init; } = [];

    /// <summary>How the API is set up.</summary>
    public KeptOptions Api { get; init; } = KeptOptions.None;
}

/// <summary>
/// The processes of a cluster on this machine: PostgreSQL, the silo, the node agent (which runs containerd). Each is a
/// daemon of its own, so a killed one takes no other with it; <see cref="ClusterSupervisor"/> starts again what dies or
/// hangs. What it makes on the machine's network begins with the name of its <see cref="MachineShare"/>, and it removes
/// nothing else.
/// </summary>
public sealed class LocalCluster
{
    private static readonly TimeSpan SiloStartTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan NodeReadyTime = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan DnsStartTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SupervisorPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private const int DnsPort = 53;
    private const string ApiName = "kubernetes.default.svc.cluster.local";

    private readonly LocalClusterOptions _options;
    private readonly DataDirectory _directory;
    private readonly TimeProvider _time;
    private readonly PrivatePostgres _postgres;
    private readonly DaemonProcess _up;
    private readonly DaemonProcess _silo;
    private readonly DaemonProcess _agent;
    private readonly OwnedLink _link;

    public LocalCluster(LocalClusterOptions options, MachineShare share, DataDirectory directory, TimeProvider time)
    {
        (_options, Share, _directory, _time) = (options, share, directory, time);
        _postgres = new PrivatePostgres(directory);
        _up = new DaemonProcess(directory, "up");
        _silo = new DaemonProcess(directory, "silo");
        _agent = new DaemonProcess(directory, "node-agent");
        _link = new OwnedLink(share.NodeLink, directory.Root);
    }

    /// <summary>What of the machine is this cluster's.</summary>
    public MachineShare Share { get; }

    /// <summary>True when this cluster runs no container, only simulated nodes.</summary>
    public bool IsHollow => _options.HollowNodes > 0;

    /// <summary>True when the private PostgreSQL belongs to this cluster.</summary>
    public bool HasOwnStore => _options.ConnectionString is null;

    /// <summary>True when a part of this cluster runs, PostgreSQL among them.</summary>
    public bool HasRunningPart => IsRunning(_directory) || FindPostgres() is not null;

    /// <summary>A command on this cluster, as its user types it.</summary>
    public string CommandFor(string verb) => DataDirectory.CommandFor(verb, _directory.Root);

    /// <summary>True when a part of a data directory's cluster runs, or is being started.</summary>
    public static bool IsRunning(DataDirectory directory) =>
        new[] { "up", "silo", "node-agent" }.Any(name => new DaemonProcess(directory, name).Find() is not null);

    /// <summary>True when the silo of a data directory's cluster runs.</summary>
    public static bool HasSilo(DataDirectory directory) => new DaemonProcess(directory, "silo").Find() is not null;

    /// <summary>Makes the present process the supervisor of this data directory; there can be one.</summary>
    public void ClaimSupervision()
    {
        RequireNoSupervisor(_directory);
        _up.Claim();
    }

    /// <summary>Fails when another process supervises a data directory.</summary>
    public static void RequireNoSupervisor(DataDirectory directory)
    {
        if (new DaemonProcess(directory, "up").Find() is { } other)
        {
            throw new UserErrorException(
                $"This cluster is already up: 'orc up' runs as process {other.Id}. "
                    + $"'{DataDirectory.CommandFor("down", directory.Root)}' stops it; --data-dir names another "
                    + "cluster.");
        }
    }

    /// <summary>Lets another process supervise.</summary>
    public void EndSupervision() => _up.Forget();

    /// <summary>Stops everything: by way of the supervisor when there is one, which would start again what it finds
    /// stopped.</summary>
    public async Task StopFromOutsideAsync(CancellationToken cancellationToken)
    {
        await _up.StopAsync(SupervisorPatience, _time);
        await StopAsync(cancellationToken);
    }

    /// <summary>Starts PostgreSQL unless it runs or is somebody else's.</summary>
    public Task StartStoreAsync(CancellationToken cancellationToken) =>
        HasOwnStore ? _postgres.StartAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>Starts the silo unless it runs, and returns when the API is ready.</summary>
    public async Task StartSiloAsync(CancellationToken cancellationToken)
    {
        var process = _silo.Find();
        var began = DateTimeOffset.MinValue;
        if (process is null)
        {
            await EnsureLinkAsync(cancellationToken);
            DeleteUselessKubeconfig();
            await EnsureKeysAsync(cancellationToken);
            began = _time.GetUtcNow();
            process = _silo.Start(Environment.ProcessPath!, SiloArguments(), SiloSecrets());
        }

        await WaitAsync(
            "silo", _silo, process, SiloStartTime, token => IsApiReadyAsync(began, token), cancellationToken);
    }

    /// <summary>
    /// What leads elsewhere must not be taken for the cluster that is about to start. What leads there stays: whoever
    /// reads it meanwhile hears that nobody answers yet.
    /// </summary>
    private void DeleteUselessKubeconfig()
    {
        var authority = Path.Combine(_directory.Pki, "ca.crt");
        var isGood = File.Exists(authority) && Kubeconfig.IsGood(
            Share.Kubeconfig, Url(Share.Port, "").AbsoluteUri, File.ReadAllText(authority), CredentialWriter.Admin,
            _time.GetUtcNow());
        if (!isGood && File.Exists(Share.Kubeconfig))
        {
            File.Delete(Share.Kubeconfig);
        }
    }

    /// <summary>New keys are of no use to a store that was written with others.</summary>
    private async Task EnsureKeysAsync(CancellationToken cancellationToken)
    {
        if (_options.Api.Has(KeptOptions.Encryption) || File.Exists(_directory.Encryption))
        {
            return;
        }

        try
        {
            await StoreKeys.CheckAsync(
                _options.ConnectionString ?? _postgres.ConnectionString, configuration: null, cancellationToken);
        }
        catch (StoreKeyException)
        {
            throw new UserErrorException(
                $"The store holds encrypted objects, and {_directory.Encryption}, which has their keys, is missing: "
                    + "copy the encryption.yaml of the cluster that wrote them there, or name it with "
                    + "--encryption-provider-config.");
        }

        EncryptionFile.Ensure(_directory.Encryption);
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

    /// <summary>Returns when the cluster's DNS, which the node's agent serves, knows the API's name.</summary>
    public async Task WaitForDnsAsync(CancellationToken cancellationToken)
    {
        const string What = "cluster's DNS";
        using var process = _agent.Find() ?? throw Ended(What, _agent);
        var question = Questions.Name(new IPEndPoint(IPAddress.Parse(Share.DnsAddress), DnsPort), ApiName);
        await WaitAsync(
            What, _agent, process, DnsStartTime, token => IsAnsweredAsync(question, token), cancellationToken);
    }

    private static async Task<bool> IsAnsweredAsync(
        Func<CancellationToken, Task> question, CancellationToken cancellationToken)
    {
        try
        {
            await question(cancellationToken);
            return true;
        }
        catch (Exception failure) when (
            failure is SocketException or IOException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            return false; // its address or its server is not there yet, or has not read the Services
        }
    }

    /// <summary>How many pods are to run and are not Ready yet; null when API or node did not say in time.</summary>
    public Task<int?> CountStartingPodsAsync(CancellationToken cancellationToken) => new StartingPods(
        () => Kubeconfig.Read(Share.Kubeconfig, CredentialWriter.Admin), IsHollow ? null : _options.NodeName, _time)
        .CountAsync(cancellationToken);

    /// <summary>
    /// Makes the link with the node's addresses, unless they are somebody else's affair, and repairs it; true when it
    /// was not there.
    /// </summary>
    public async Task<bool> EnsureLinkAsync(CancellationToken cancellationToken)
    {
        IPAddress[] addresses = [.. Share.OwnAddresses.Where(IsUsable)];
        if (IsHollow || addresses.All(_link.Has))
        {
            return false;
        }

        foreach (var address in addresses)
        {
            await _link.EnsureAsync(address, cancellationToken);
        }

        // The route: so that this machine reaches Services even where it has no default route. The proxy translates the
        // address, but first there must be a way.
        foreach (var network in Share.ServiceNetworks.Where(static n => IsUsable(n.BaseAddress)))
        {
            await _link.RouteAsync(network.ToString(), cancellationToken);
        }

        foreach (var pool in Share.OwnPools.Where(static p => IsUsable(IPNetwork.Parse(p).BaseAddress)))
        {
            await _link.RouteAsync(pool, cancellationToken);
        }

        return true;
    }

    // Where the kernel has no IPv6 the node does without, and says so.
    private static bool IsUsable(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork || Ipv6.IsAvailable;

    /// <summary>Stops everything, in the order in which things need each other.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _agent.StopAsync(StopPatience, _time);
        await CleanNodeAsync(cancellationToken);
        await _silo.StopAsync(StopPatience, _time);
        await _postgres.StopAsync(cancellationToken);
        await _link.RemoveAsync(cancellationToken);
    }

    /// <summary>Removes what of a stopped cluster is neither in its data directory nor gone with its pods.</summary>
    public Task RemoveLogsAsync(CancellationToken cancellationToken) =>
        TellNodeAsync("remove-logs", cancellationToken);

    /// <summary>
    /// The parts that are to be kept running: how each is found, asked, ended when it hangs, and started.
    /// </summary>
    public IReadOnlyList<ClusterPart> Parts()
    {
        var parts = new List<ClusterPart>
        {
            new("silo", _silo.Find, Questions.Page(Url(Share.Port, "livez")), _silo.KillAsync, StartSiloAsync),
        };
        if (!IsHollow)
        {
            parts.Add(new(
                "node agent", _agent.Find, Questions.Page(Url(Share.KubeletPort, "healthz")), _agent.KillAsync,
                StartNodeAsync));
        }

        if (HasOwnStore)
        {
            parts.Add(new(
                "PostgreSQL", FindPostgres, Questions.Login(_postgres.ConnectionString), _postgres.KillAsync,
                StartStoreAsync));
        }

        return parts;
    }

    /// <summary>One line a part: what runs, and as which process.</summary>
    public IReadOnlyList<(string Part, string State)> Describe() =>
    [
        ("supervisor (orc up)", StateOf(_up.Find())),
        ("PostgreSQL", StateOf(FindPostgres())),
        ("silo (API, controllers, scheduler)", StateOf(_silo.Find())),
        ("node agent", StateOf(_agent.Find())),
    ];

    private static string StateOf(Process? process) =>
        process is null ? "not running" : $"running, process {process.Id.ToString(CultureInfo.InvariantCulture)}";

    // The silo listens on all addresses; the agent too.
    private static Uri Url(int port, string path) => new UriBuilder("https", "127.0.0.1", port, path).Uri;

    private Process? FindPostgres()
    {
        if (_postgres.ProcessId is not { } pid
            || !Directory.Exists($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}"))
        {
            return null;
        }

        return Process.GetProcessById(pid);
    }

    /// <summary>Returns when something is ready, and fails when that is late, or the process on which it depends ends
    /// first.</summary>
    private async Task WaitAsync(
        string what, DaemonProcess daemon, Process process, TimeSpan limit,
        Func<CancellationToken, Task<bool>> isReady, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        while (!await isReady(cancellationToken))
        {
            if (process.HasExited)
            {
                throw Ended(what, daemon);
            }

            if (_time.GetElapsedTime(start) > limit)
            {
                throw Late(what, daemon, limit);
            }

            await Task.Delay(PollInterval, _time, cancellationToken);
        }
    }

    /// <summary>Returns when every node is Ready, and fails when the process on which that depends ends
    /// first.</summary>
    private async Task WaitForNodesAsync(DaemonProcess daemon, Process process, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(NodeReadyTime, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var own = IsHollow ? null : _options.NodeName;
        var ready = new ReadyNodes(
            () => Kubeconfig.Read(Share.Kubeconfig, CredentialWriter.Admin), own, process.StartTime, _time)
            .WaitAsync(stop.Token);
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

    private static UserErrorException Ended(string what, DaemonProcess daemon) => new(
        $"The {what} ended while it was starting"
        + (daemon.LastSentence() is { } sentence ? $": {sentence}" : $". Its last words:\n{daemon.LogTail(10)}"));

    private static UserErrorException Late(string what, DaemonProcess daemon, TimeSpan limit) =>
        new($"The {what} was not ready after {limit.TotalSeconds:F0} s. Its last words:\n{daemon.LogTail(10)}");

    private async Task<bool> IsApiReadyAsync(DateTimeOffset began, CancellationToken cancellationToken)
    {
        if (!File.Exists(Share.Kubeconfig) || File.GetLastWriteTimeUtc(NodeAccess) < began)
        {
            return false; // what it writes for this machine is not there yet, or is of the silo before
        }

        try
        {
            using var client = new Kubernetes(Kubeconfig.Read(Share.Kubeconfig, CredentialWriter.Admin));
            await client.Version.GetCodeAsync(cancellationToken);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The kubeconfig of the node, which the silo writes last of all it has to write for one.</summary>
    private string NodeAccess => Path.Combine(_directory.Pki, "node.conf");

    private string Address =>
        IsHollow && !Share.HasForeignAddress ? IPAddress.Loopback.ToString() : Share.PrimaryAddress;

    /// <summary>What may hold a password is no argument: everybody on a machine can read those.</summary>
    private Dictionary<string, string> SiloSecrets() => new()
    {
        [SiloOptions.ConnectionVariable] = _options.ConnectionString ?? _postgres.ConnectionString,
    };

    private List<string> SiloArguments() =>
    [
        "silo",
        "--store-connections", Number(_options.StoreConnections),
        "--port", Number(Share.Port),
        "--silo-port", Number(Share.SiloPort),
        "--advertise-address", Address,
        "--service-cidr", Share.ServiceCidr,
        "--cluster-cidr", Share.PodCidr,
        "--node-port-range", Share.NodePorts,
        "--admin-kubeconfig", Share.Kubeconfig,
        "--node-credentials", _directory.Pki,
        "--node-name", _options.NodeName,
        "--node-ip", Address,
        "--hollow-nodes", Number(_options.HollowNodes),
        .. PoolArguments(),
        "--local-storage",
        .. _options.Api.WithEncryptionOf(_directory.Encryption).Arguments,
    ];

    private IEnumerable<string> PoolArguments() =>
        (_options.Api.Has(KeptOptions.Cloud) ? Share.ChosenPools : Share.LoadBalancerPools)
            .SelectMany(static p => new[] { "--load-balancer-pool", p });

    private List<string> AgentArguments() =>
    [
        "--kubeconfig", NodeAccess,
        "--node-name", _options.NodeName,
        "--node-ip", Share.NodeAddresses,
        "--cluster-cidr", Share.PodCidr,
        "--cluster-dns", Share.DnsAddress,
        "--kubelet-port", Number(Share.KubeletPort),
        "--proxy-health-port", Number(Share.ProxyHealthPort),
        "--tls-cert-file", Path.Combine(_directory.Pki, "node-serving.crt"),
        "--tls-private-key-file", Path.Combine(_directory.Pki, "node-serving.key"),
        "--client-ca-file", Path.Combine(_directory.Pki, "ca.crt"),
        .. Share.AnnounceLink.Length > 0 ? new[] { "--announce-link", Share.AnnounceLink } : [],
        .. _options.Api.Has(KeptOptions.Cloud) ? new[] { "--cloud-provider", "external" } : [],
        .. _options.StaticPodPath.Length > 0 ? new[] { "--pod-manifest-path", _options.StaticPodPath } : [],
        .. _options.NodeArguments,
        .. _options.Api.IsOff(KeptOptions.Logs) ? new[] { "--logs=false" } : [],
        .. NodeAgentProgram.Place(_directory, Share),
    ];

    // Stopping an agent leaves containers alone, as an upgrade wants it; stopping the cluster does not.
    private Task CleanNodeAsync(CancellationToken cancellationToken) => TellNodeAsync("clean", cancellationToken);

    private async Task TellNodeAsync(string verb, CancellationToken cancellationToken)
    {
        if (File.Exists(NodeAccess)
            && Directory.EnumerateFileSystemEntries(_directory.Node).Any())
        {
            await NodeAgentProgram.RequireAsync(_directory, Share, [verb], cancellationToken);
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
