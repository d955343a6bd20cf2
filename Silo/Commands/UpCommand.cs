using System.CommandLine;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.Silo.Hosting;
using Spectre.Console;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc up</c>: a cluster on this machine, in the foreground until Ctrl-C.</summary>
internal static class UpCommand
{
    /// <summary>So that nobody takes a slow step for one that hangs.</summary>
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var data = CommonOptions.DataDirectory();
        var kubeconfig = CommonOptions.Kubeconfig();
        var yes = new Option<bool>("--yes", "-y") { Description = "Install missing packages without asking." };
        var hollow = CommonOptions.HollowNodes(
            "Run N simulated nodes instead of a real one; without root or containerd there is one unless told.");
        var connection = CommonOptions.Connection("Use this PostgreSQL (Npgsql's form) instead of a private one.");
        var connections = CommonOptions.StoreConnections();
        var nodeName = CommonOptions.NodeName();
        var manifests = CommonOptions.MaybeFile(
            "--pod-manifest-path", "A directory, or a file, of pods that the node runs by itself.");
        var credentials = CommonOptions.MaybeFile(
            "--image-credential-provider-config",
            "A file, or a directory of files, with the programs that know credentials of registries.");
        var programs = CommonOptions.MaybeFile(
            "--image-credential-provider-bin-dir", "The directory of these programs.");
        var shutdown = new NodeShutdownOptions();
        var others = NodeOptions();
        var share = new ShareOptions();
        var api = new ApiOptions();
        var without = Without(api);
        var command = new GroupedCommand(
            "up", "Start a cluster on this machine, or resume the one that is there; Ctrl-C stops it.",
            [
                new(
                    "The cluster",
                    [
                        data, kubeconfig, yes, hollow, nodeName, manifests, credentials, programs, .. shutdown.All,
                        others, without,
                    ]),
                new("PostgreSQL", connection, connections),
                new("Ports, addresses and names on the machine", [.. share.All]),
                .. api.Groups,
            ]);
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new Asked(
                parsed.GetRequiredValue(data),
                parsed.GetValue(kubeconfig),
                share.Read(parsed),
                api.Given(parsed),
                [.. parsed.GetRequiredValue(without).Select(NameOf)],
                new LocalClusterOptions
                {
                    NodeName = parsed.GetRequiredValue(nodeName),
                    HollowNodes = parsed.GetValue(hollow),
                    StaticPodPath = parsed.GetValue(manifests) is { } path ? FileOption.Full(path) : "",
                    NodeArguments =
                    [
                        .. Argument(parsed, credentials), .. Argument(parsed, programs), .. shutdown.Read(parsed),
                        .. parsed.GetRequiredValue(others).Select(static o => $"--{o}"),
                    ],
                    ConnectionString = connection.ValueOf(parsed),
                    StoreConnections = parsed.GetValue(connections),
                },
                parsed.GetValue(yes)),
            cancellationToken));
        return command;
    }

    private static string[] Argument(ParseResult parsed, FileOption option) =>
        parsed.GetValue(option) is { } path ? [$"{option.Name}={FileOption.Full(path)}"] : [];

    private static async Task<int> RunAsync(Asked asked, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Console;
        StoreConnectionString.Check(asked.Options.ConnectionString);
        var options = WithNodesThatCanRun(asked.Options, console);
        var isHollow = options.HollowNodes > 0;
        if (isHollow && options.StaticPodPath.Length > 0)
        {
            throw new UserErrorException(
                "--pod-manifest-path needs a real node: hollow nodes run no pods of their own.");
        }

        if (isHollow && options.NodeArguments is [var first, ..])
        {
            throw new UserErrorException(
                $"{first.Split('=')[0]} needs a real node: hollow nodes have no agent and run no containers.");
        }

        var needed = isHollow ? Programs.ForControlPlane : [.. Programs.ForControlPlane, .. Programs.ForNode];
        await PackageInstaller.InstallAsync(PackageInstaller.Missing(needed), asked.Yes, console, cancellationToken);
        var (directory, share, api) = await OpenAsync(asked, isHollow, cancellationToken);
        options = options with { Api = api };
        if (!isHollow && share.HasSix && !Ipv6.IsAvailable)
        {
            console.WriteLine("This kernel has no IPv6, or has it switched off: pods of this node get IPv4 alone.");
        }

        var cluster = new LocalCluster(options, share, directory, TimeProvider.System);
        var wasRunning = LocalCluster.IsRunning(directory);
        cluster.ClaimSupervision();
        try
        {
            await StartAsync(cluster, options, console, cancellationToken);
        }
        catch (Exception) when (!wasRunning)
        {
            // What was started is of no use alone. Data and logs stay: the next attempt goes on from there.
            await StopAsync(cluster, console);
            throw;
        }

        try
        {
            await new ClusterSupervisor(cluster, directory.Root, TimeProvider.System, console.WriteLine)
                .RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C.
        }

        await StopAsync(cluster, console);
        return 0;
    }

    /// <summary>Nothing is made before it is known that the cluster can have what it needs of the machine.</summary>
    private static async Task<(DataDirectory Directory, MachineShare Share, KeptOptions Api)> OpenAsync(
        Asked asked, bool isHollow, CancellationToken cancellationToken)
    {
        var root = Path.GetFullPath(asked.DataDirectory);
        var known = DataDirectory.HoldsCluster(root) ? DataDirectory.Open(root) : null;
        if (known is not null)
        {
            LocalCluster.RequireNoSupervisor(known);
        }

        var api = ChangeApi(asked, known);
        var state = await MachineState.ReadAsync(cancellationToken);
        var before = known is null ? null : MachineShare.Load(known);
        var stored = await NetworksAsync(asked.Options.ConnectionString, cancellationToken);
        var share = before is null ? state.Choose(asked.Share.Or(stored), root, isHollow) : asked.Share.Over(before);
        var isRunning = known is not null && LocalCluster.IsRunning(known);
        if (before is not null && state.ProblemOf(share, root, isHollow, isRunning) is { } problem)
        {
            throw new UserErrorException(problem);
        }

        if (!isHollow && share.IsSixFirst && !Ipv6.IsAvailable)
        {
            throw new UserErrorException(
                "This kernel has no IPv6, or has it switched off, and it is the first family of this cluster: its node "
                    + "cannot run here.");
        }

        var kubeconfig = Path.GetFullPath(
            asked.Kubeconfig ?? (before?.Kubeconfig is { Length: > 0 } file ? file : DataDirectory.KubeconfigOf(root)));
        if (Directory.Exists(kubeconfig))
        {
            throw new UserErrorException($"{kubeconfig} is a directory: --kubeconfig names a file.");
        }

        var directory = known ?? DataDirectory.Open(root);
        share = share with { Kubeconfig = kubeconfig };
        share.Save(directory);
        api.Save(directory);
        return (directory, share, api);
    }

    /// <summary>Those of a cluster that is in somebody else's PostgreSQL, which must answer.</summary>
    private static async Task<WantedShare> NetworksAsync(string? connection, CancellationToken cancellationToken)
    {
        try
        {
            return WantedShare.Of(
                connection is null ? null : await StoreNetworks.ReadAsync(connection, cancellationToken));
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException)
        {
            throw new UserErrorException(
                $"{StoreConnectionString.Describe(connection!)} cannot be used: {error.Message}");
        }
    }

    /// <summary>How the API is to be set up, which a silo can do.</summary>
    private static KeptOptions ChangeApi(Asked asked, DataDirectory? known)
    {
        var before = known is null ? KeptOptions.None : KeptOptions.Load(known);
        var api = before.Change(asked.Without, asked.Api);
        ApiOptions.Check((known is { } directory && File.Exists(directory.Encryption)
            ? api.WithEncryptionOf(directory.Encryption)
            : api).Arguments);
        return known is null || !LocalCluster.HasSilo(known) || api.Arguments.SequenceEqual(before.Arguments)
            ? api
            : throw new UserErrorException(
                "The silo of this cluster still runs, with other options: "
                    + $"'{DataDirectory.CommandFor("down", known.Root)}' stops it, and the next 'up' starts it with "
                    + "these.");
    }

    private static Option<string[]> NodeOptions()
    {
        var option = new Option<string[]>("--node-option")
        {
            Description = "An option of the node agent, such as cpu-manager-policy=static (docs/nodes.md); may be given "
                + "several times.",
            DefaultValueFactory = static _ => [],
        };
        option.Validators.Add(static result =>
        {
            foreach (var token in result.Tokens.Where(static t => t.Value.IndexOf('=', StringComparison.Ordinal) < 1))
            {
                result.AddError(
                    $"--node-option: '{token.Value}' is not NAME=VALUE, such as cpu-manager-policy=static.");
            }
        });
        return option;
    }

    private static Option<string[]> Without(ApiOptions api)
    {
        var option = new Option<string[]>("--without")
        {
            Description = "Forget an option of the API (sign-in, authorization, audit, admission, encryption) that an "
                + "earlier 'up' was given: its name without dashes; may be given several times.",
            DefaultValueFactory = static _ => [],
        };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !api.Has(NameOf(t.Value))))
            {
                result.AddError(
                    $"--without: '{token.Value}' is the name of no option that is kept, such as audit-log-path.");
            }
        });
        return option;
    }

    private static string NameOf(string bare) => $"--{bare}";

    private static async Task StartAsync(
        LocalCluster cluster, LocalClusterOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        await StepAsync(console, time, "PostgreSQL", cluster.StartStoreAsync, cancellationToken);
        await StepAsync(console, time, "API, controllers, scheduler", cluster.StartSiloAsync, cancellationToken);
        await StepAsync(
            console, time, cluster.IsHollow
                ? $"{options.HollowNodes} hollow node(s)"
                : $"node {options.NodeName}", cluster.StartNodeAsync,
            cancellationToken);
        if (!cluster.IsHollow)
        {
            await StepAsync(console, time, "cluster DNS", cluster.WaitForDnsAsync, cancellationToken);
        }

        var starting = await cluster.CountStartingPodsAsync(cancellationToken);
        Greet(console, cluster, time.GetElapsedTime(start), starting);
    }

    private static async Task StopAsync(LocalCluster cluster, IAnsiConsole console)
    {
        console.WriteLine("Stopping …");
        await cluster.StopAsync(CancellationToken.None);
        cluster.EndSupervision();
        console.WriteLine($"Stopped. '{cluster.CommandFor("up")}' resumes this cluster.");
    }

    // Real containers need root and containerd; where they cannot be had the control plane is still worth running.
    private static LocalClusterOptions WithNodesThatCanRun(LocalClusterOptions options, IAnsiConsole console)
    {
        if (options.HollowNodes > 0)
        {
            return options;
        }

        var missing = PackageInstaller.Missing(Programs.ForNode);
        var why = !Environment.IsPrivilegedProcess ? "This is not root"
            : missing.Count > 0 && !PackageInstaller.CanInstall ? $"{string.Join(", ", missing.Select(p => p.Name))} cannot be installed here"
            : null;
        if (why is null)
        {
            return options;
        }

        console.WriteLine($"{why}: containers cannot run, so this cluster gets one simulated (hollow) node; --hollow-nodes N makes more.");
        return options with { HollowNodes = 1 };
    }

    private static async Task StepAsync(
        IAnsiConsole console, TimeProvider time, string name, Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        console.Write($"  {name} … ");
        await using (time.CreateTimer(
            _ => console.Write(string.Create(
                CultureInfo.InvariantCulture, $"{time.GetElapsedTime(start).TotalSeconds:F0} s … ")),
            null, ProgressPeriod, ProgressPeriod))
        {
            await run(cancellationToken);
        }

        console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"ready ({time.GetElapsedTime(start).TotalSeconds:F1} s)"));
    }

    private static void Greet(IAnsiConsole console, LocalCluster cluster, TimeSpan elapsed, int? starting)
    {
        if (starting is not 0)
        {
            console.WriteLine(starting is { } count
                ? $"  pods … {count} not Ready yet: 'kubectl get pods --all-namespaces' shows which"
                : "  pods … the node does not say yet which of them run");
        }

        console.WriteLine();
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The cluster is ready after {elapsed.TotalSeconds:F1} s. In another terminal:"));
        console.WriteLine();
        console.WriteLine($"  export KUBECONFIG={cluster.Share.Kubeconfig}");
        console.WriteLine("  kubectl get nodes");
        console.WriteLine();
        console.WriteLine(
            $"Ctrl-C stops the cluster; '{cluster.CommandFor("up")}' resumes it, "
                + $"'{cluster.CommandFor("reset")}' forgets it.");
    }

    private sealed record Asked(
        string DataDirectory, string? Kubeconfig, WantedShare Share, IReadOnlyDictionary<string, string[]> Api,
        IReadOnlyList<string> Without, LocalClusterOptions Options, bool Yes);
}
