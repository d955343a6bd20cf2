using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Containerd;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>The verbs that work on a node's runtime without running the agent.</summary>
public static class NodeCleaner
{
    private static readonly IpFamily[] Families = [IpFamily.Four, IpFamily.Six];

    /// <summary>A runtime on a loaded machine takes its time, and what it runs would outlive it.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Removes all sandboxes with their containers, what is mounted for pods, and the own containerd.
    /// </summary>
    public static async Task<int> RunAsync(NodeAgentOptions options, CancellationToken cancellationToken)
    {
        using var cri = new CriClient(options.SocketPath);
        if (File.Exists(options.SocketPath) && await cri.AnswersAsync(AnswerTimeout, cancellationToken))
        {
            var list = await cri.Runtime.ListPodSandboxAsync(
                new ListPodSandboxRequest(), cancellationToken: cancellationToken);
            await Parallel.ForEachAsync(
                list.Items, cancellationToken, (sandbox, token) => RemoveAsync(cri, sandbox, token));
        }

        if (options.OwnsRuntime)
        {
            await ContainerdSupervisor.StopAsync(new ContainerdConfig(options), TimeProvider.System, cancellationToken);
        }

        await Kernel.Mounts.UnmountBelowAsync(options.PodsDirectory, TimeProvider.System, cancellationToken);

        // Their drivers were pods.
        await Kernel.Mounts.UnmountBelowAsync(options.CsiDirectory, TimeProvider.System, cancellationToken);
        await RemoveNetworkAsync(options, cancellationToken);
        return 0;
    }

    /// <summary>
    /// Removes what the logs of this node's pods left where other nodes may have theirs. Its pods are gone by then.
    /// </summary>
    public static void RemoveLogs(NodeAgentOptions options) => new PodLogDirectories(
        options, new ContainerLogLinks(options, NullLogger<ContainerLogLinks>.Instance)).RemoveAll();

    /// <summary>
    /// The links and tables of this node; where they do not exist there is nothing to do, and where they are those of
    /// another node of the same names, nothing may be done.
    /// </summary>
    private static async Task RemoveNetworkAsync(NodeAgentOptions options, CancellationToken cancellationToken)
    {
        if (!options.OwnsRuntime || !Commands.Exists("nft") || !Commands.Exists("ip"))
        {
            return;
        }

        (string Link, string[] Tables)[] parts =
        [
            (options.DnsLink, [options.ProxyTable, options.PolicyTable]), (options.BridgeName, [options.PodsTable]),
        ];
        foreach (var (link, tables) in parts)
        {
            if (await new OwnedLink(link, options.DataDirectory).OtherOwnerAsync(cancellationToken) is { } other)
            {
                await Console.Error.WriteLineAsync($"The link {link} belongs to {other}; it stays.");
                continue;
            }

            foreach (var (family, table) in tables.SelectMany(t => Families.Select(f => (f.Word, t))))
            {
                await Commands.RunAsync("nft", ["delete", "table", family, table], cancellationToken);
            }

            await Commands.RunAsync("ip", ["link", "delete", link], cancellationToken);
        }
    }

    public static async Task<int> LoadImageAsync(
        NodeAgentOptions options, string archive, CancellationToken cancellationToken)
    {
        using var cri = new CriClient(options.SocketPath);
        var store = new ImageStore(options, cri, TimeProvider.System);
        try
        {
            foreach (var reference in await store.ImportAsync(archive, cancellationToken))
            {
                Console.WriteLine(reference);
            }

            return 0;
        }
        catch (InvalidDataException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
        catch (RpcException)
        {
            await Console.Error.WriteLineAsync(
                $"No container runtime answers at {options.SocketPath}: start the cluster first; one of hollow nodes "
                    + "has none.");
            return 1;
        }
    }

    /// <summary>Makes and imports every version of the demo image.</summary>
    public static async Task<int> LoadDemoImagesAsync(NodeAgentOptions options, CancellationToken cancellationToken)
    {
        var archive = Path.GetTempFileName();
        try
        {
            foreach (var reference in DemoImage.References)
            {
                await using (var file = OwnFiles.Create(archive))
                {
                    DemoImage.Write(file, reference);
                }

                if (await LoadImageAsync(options, archive, cancellationToken) is var code and not 0)
                {
                    return code;
                }
            }

            return 0;
        }
        finally
        {
            File.Delete(archive);
        }
    }

    private static async ValueTask RemoveAsync(CriClient cri, PodSandbox sandbox, CancellationToken cancellationToken)
    {
        await cri.Runtime.StopPodSandboxAsync(
            new StopPodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
        await cri.Runtime.RemovePodSandboxAsync(
            new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: cancellationToken);
    }
}
