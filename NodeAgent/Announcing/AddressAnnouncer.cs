using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Network;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Announcing;

/// <summary>
/// Tells the network of one link, and of no other, that addresses of load balancers are at this node: it answers who
/// asks for them (ARP, NDP), and tells everybody when one has come here. The addresses are on no link of the node; what
/// arrives for them is the service proxy's.
/// </summary>
public sealed partial class AddressAnnouncer(
    NodeAgentOptions options, IKubernetes client, ServiceDirectory services, NodeDirectory nodes, NodeObject node,
    TimeProvider time, ILogger<AddressAnnouncer> logger) : BackgroundService
{
    /// <summary>How often an address that came is told: one frame may be lost.</summary>
    private const int Repetitions = 3;

    private static readonly TimeSpan BetweenRepetitions = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly WakeSignal _wake = new();

    private volatile IReadOnlySet<IPAddress> _ours = new HashSet<IPAddress>();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        node.Changed += _ => _wake.Set();
        nodes.Changed += () => _wake.Set();
        services.Changed += _ => _wake.Set();
        if (options.AnnounceLink.Length == 0)
        {
            await KeepAsync("the annotation", SayWhetherAsync, stoppingToken);
            return;
        }

        await services.ListedAsync(stoppingToken);
        _wake.Set();
        await Task.WhenAll(
            KeepAsync("addresses", UpdateAsync, stoppingToken),
            KeepAsync("IPv4", token => AnswerAsync(isIPv6: false, token), stoppingToken),
            KeepAsync("IPv6", token => AnswerAsync(isIPv6: true, token), stoppingToken));
    }

    /// <summary>Does something for ever, whatever goes wrong.</summary>
    private async Task KeepAsync(string what, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await work(cancellationToken);
            }
            catch (Exception failure) when (
                failure is SocketException or HttpOperationException or HttpRequestException)
            {
                LogFailed(what, options.AnnounceLink, failure.Message);
                await Task.Delay(RetryAfter, time, cancellationToken);
                _wake.Set();
            }
        }
    }

    private async Task AnswerAsync(bool isIPv6, CancellationToken cancellationToken)
    {
        using var socket = LinkSocket.Open(options.AnnounceLink, isIPv6);
        while (true)
        {
            await socket.AnswerAsync(a => _ours.Contains(a), cancellationToken);
        }
    }

    private async Task UpdateAsync(CancellationToken cancellationToken)
    {
        await SayWhetherAsync(cancellationToken);
        var views = services.Keys.Select(services.Find).OfType<ServiceView>();
        var next = AnnouncedAddresses.Of(options.NodeName, views, nodes.All);
        var (came, went) = (next.Except(_ours).ToList(), _ours.Except(next).ToList());
        _ours = next;
        came.ForEach(a => LogCame(a, options.AnnounceLink));
        went.ForEach(a => LogWent(a, options.AnnounceLink));
        for (var i = 0; i < Repetitions && came.Count > 0; i++)
        {
            await AnnounceAsync(came, cancellationToken);
            await Task.Delay(BetweenRepetitions, time, cancellationToken);
        }
    }

    private async Task AnnounceAsync(List<IPAddress> addresses, CancellationToken cancellationToken)
    {
        foreach (var family in addresses.Where(_ours.Contains).GroupBy(a => a.AddressFamily))
        {
            using var socket = LinkSocket.Open(options.AnnounceLink, family.Key == AddressFamily.InterNetworkV6);
            foreach (var address in family)
            {
                await socket.AnnounceAsync(address, cancellationToken);
            }
        }
    }

    /// <summary>Waits for a change, and says on our Node whether we announce, and where.</summary>
    private async Task SayWhetherAsync(CancellationToken cancellationToken)
    {
        await _wake.WaitAsync(cancellationToken);
        if (node.Current is not { } current
            || (current.GetAnnotation(AnnouncedAddresses.Annotation) ?? "") == options.AnnounceLink)
        {
            return;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["annotations"] = new JsonObject
                {
                    [AnnouncedAddresses.Annotation] = options.AnnounceLink is { Length: > 0 } link ? link : null,
                },
            },
        };
        await client.CoreV1.PatchNodeAsync(
            new V1Patch(patch.ToJsonString(), V1Patch.PatchType.MergePatch), options.NodeName,
            cancellationToken: cancellationToken);
    }

    [LoggerMessage(1, LogLevel.Information, "{Address} is announced on {Link} from here")]
    private partial void LogCame(IPAddress address, string link);

    [LoggerMessage(2, LogLevel.Information, "{Address} is no longer announced on {Link} from here")]
    private partial void LogWent(IPAddress address, string link);

    [LoggerMessage(3, LogLevel.Warning, "Announcing ({What}) on {Link} failed; trying again: {Problem}")]
    private partial void LogFailed(string what, string link, string problem);
}
