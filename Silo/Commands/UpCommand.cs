using System.CommandLine;
using System.Globalization;
using System.Net;
using OrleansOrchestrator.Silo.Hosting;
using Spectre.Console;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc up</c>: a cluster on this machine, in the foreground until Ctrl-C.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var data = CommonOptions.DataDirectory();
        var kubeconfig = CommonOptions.Kubeconfig();
        var port = new Option<int>("--port") { Description = "Port of the API.", DefaultValueFactory = _ => 6443 };
        var yes = new Option<bool>("--yes", "-y") { Description = "Install missing packages without asking." };
        var hollow = new Option<int>("--hollow-nodes")
        {
            Description = "Run N simulated nodes instead of a real one. Default without root or containerd: 1.",
        };
        var connection = new Option<string?>("--connection")
        {
            Description = "Use this PostgreSQL (Npgsql's form) instead of a private one.",
        };
        var nodeName = new Option<string>("--node-name")
        {
            Description = "Name of the node.", DefaultValueFactory = _ => Dns.GetHostName().ToLowerInvariant(),
        };
        var nodeAddress = new Option<string?>("--node-ip")
        {
            Description =
                "Address of the node, for clusters of several machines. Default: 10.243.0.1 on a link of our own.",
        };

        var command =
            new Command("up", "Start a cluster on this machine, or resume the one that is there; Ctrl-C stops it.")
        {
            data, kubeconfig, port, yes, hollow, connection, nodeName, nodeAddress,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new LocalClusterOptions
            {
                DataDirectory = parsed.GetValue(data)!,
                Kubeconfig = Path.GetFullPath(parsed.GetValue(kubeconfig)!),
                Port = parsed.GetValue(port),
                NodeName = parsed.GetValue(nodeName)!,
                NodeAddress = parsed.GetValue(nodeAddress) is { } text ? IPAddress.Parse(text) : null,
                HollowNodes = parsed.GetValue(hollow),
                ConnectionString = parsed.GetValue(connection),
            },
            parsed.GetValue(yes),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(LocalClusterOptions options, bool yes, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Console;
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        options = WithNodesThatCanRun(options, console);
        var directory = DataDirectory.Open(options.DataDirectory);
        var cluster = new LocalCluster(options, directory, time);
        var needed = cluster.IsHollow ? Programs.ForControlPlane : [.. Programs.ForControlPlane, .. Programs.ForNode];
        await PackageInstaller.InstallAsync(PackageInstaller.Missing(needed), yes, console, cancellationToken);
        cluster.ClaimSupervision();
        cluster.CheckPort();

        await StepAsync(console, time, "PostgreSQL", cluster.StartStoreAsync, cancellationToken);
        await StepAsync(console, time, "API, controllers, scheduler", cluster.StartSiloAsync, cancellationToken);
        await StepAsync(
            console, time, cluster.IsHollow
                ? $"{options.HollowNodes} hollow node(s)"
                : $"node {options.NodeName}", cluster.StartNodeAsync,
            cancellationToken);
        Greet(console, options, time.GetElapsedTime(start));

        try
        {
            await cluster.SuperviseAsync(console.WriteLine, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            console.WriteLine("Stopping …");
        }

        await cluster.StopAsync(CancellationToken.None);
        cluster.EndSupervision();
        console.WriteLine("Stopped. 'orc up' resumes this cluster.");
        return 0;
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
        await run(cancellationToken);
        console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"ready ({time.GetElapsedTime(start).TotalSeconds:F1} s)"));
    }

    private static void Greet(IAnsiConsole console, LocalClusterOptions options, TimeSpan elapsed)
    {
        console.WriteLine();
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The cluster is ready after {elapsed.TotalSeconds:F1} s. In another terminal:"));
        console.WriteLine();
        console.WriteLine($"  export KUBECONFIG={options.Kubeconfig}");
        console.WriteLine("  kubectl get nodes");
        console.WriteLine();
        console.WriteLine("Ctrl-C stops the cluster; 'orc up' resumes it, 'orc reset' forgets it.");
    }
}
