using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>
/// All NetworkPolicies of the cluster, and whom they may mean: that is followed only as long as there are any. While
/// the API is away, what is known stays.
/// </summary>
public sealed partial class PolicyDirectory(
    IKubernetes client, NodeAgentOptions options, TimeProvider time, ILogger<PolicyDirectory> logger)
    : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Namespace, string Name), V1NetworkPolicy> _policies = [];
    private readonly TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PolicyFollowing? _following;
    private bool _areKnown;

    /// <summary>Raised when what policies say or ask has changed. Handlers only take note.</summary>
    public event Action? Changed;

    /// <summary>Whom the policies may mean; null without any.</summary>
    public PolicyPeers? Peers => _following?.Peers;

    /// <summary>Completes when the policies are known, or the API has said that this node may not know them.</summary>
    public Task ListedAsync(CancellationToken cancellationToken) => _listed.Task.WaitAsync(cancellationToken);

    /// <summary>Whether a namespace has policies.</summary>
    public bool HasPolicies(string space)
    {
        lock (_lock)
        {
            return _policies.Keys.Any(k => k.Namespace == space);
        }
    }

    /// <summary>What is known of the cluster, without this node's pods; null as long as not all of it is.</summary>
    public PolicyWorld? Current()
    {
        lock (_lock)
        {
            return !_areKnown ? null
                : Peers is null ? new PolicyWorld([], new Dictionary<string, IReadOnlyDictionary<string, string>>(), [])
                : Peers.WorldOf([.. _policies.OrderBy(static p => p.Key).Select(static p => p.Value)]);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.OwnsRuntime)
        {
            return;
        }

        await new Reflector<V1NetworkPolicy>("networkpolicies", time, logger)
        {
            List = ListAsync,
            Watch = (revision, onError, token) => client.NetworkingV1.WatchListNetworkPolicyForAllNamespacesAsync(
                resourceVersion: revision, allowWatchBookmarks: true,
                timeoutSeconds: Reflector<V1NetworkPolicy>.WatchSeconds, onError: onError, cancellationToken: token),
            Replaced = Replace,
            Changed = Change,
        }.RunAsync(stoppingToken);

        // What is known stays: without it, the rules in force would seem to be wanted by nobody.
        if (_following is { } last)
        {
            await last.EndAsync();
        }
    }

    /// <summary>All policies there are.</summary>
    public void Replace(IReadOnlyList<V1NetworkPolicy> policies)
    {
        Change(() =>
        {
            _policies.Clear();
            foreach (var policy in policies)
            {
                _policies[KeyOf(policy)] = policy;
            }

            _areKnown = true;
        });
        _listed.TrySetResult();
    }

    /// <summary>One policy came, changed or went.</summary>
    public void Change(WatchEventType type, V1NetworkPolicy policy) => Change(() =>
    {
        if (type == WatchEventType.Deleted)
        {
            _policies.Remove(KeyOf(policy));
        }
        else
        {
            _policies[KeyOf(policy)] = policy;
        }
    });

    private void Change(Action change)
    {
        var (gone, come) = ((PolicyFollowing?)null, (PolicyFollowing?)null);
        lock (_lock)
        {
            change();
            if (_policies.Count > 0 && _following is null)
            {
                _following = come = new PolicyFollowing(new PolicyPeers(
                    client, options.NodeName, time, logger, () => Changed?.Invoke()));
            }
            else if (_policies.Count == 0)
            {
                (gone, _following) = (_following, null);
            }
        }

        // Not under the lock: both lead to others' code.
        _ = gone?.EndAsync();
        come?.Begin();
        Changed?.Invoke();
    }

    // A node with the rights of an older cluster runs its pods as it did there, and says so.
    private async Task<ObjectList<V1NetworkPolicy>> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            var list = await client.NetworkingV1.ListNetworkPolicyForAllNamespacesAsync(
                cancellationToken: cancellationToken);
            return new ObjectList<V1NetworkPolicy>([.. list.Items], list.Metadata.ResourceVersion);
        }
        catch (HttpOperationException refused) when (refused.Response?.StatusCode == HttpStatusCode.Forbidden)
        {
            LogRefused(options.NodeName);
            _listed.TrySetResult();
            throw;
        }
    }

    private static (string Namespace, string Name) KeyOf(V1NetworkPolicy policy) =>
        (policy.Metadata.NamespaceProperty, policy.Metadata.Name);

    [LoggerMessage(1, LogLevel.Error, "Node {Node} may not read NetworkPolicies: they have no effect on its pods")]
    private partial void LogRefused(string node);
}
