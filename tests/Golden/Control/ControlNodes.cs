using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>
/// The nodes of scenarios: objects that say of themselves that they are ready, with leases that are renewed. There are
/// no kubelets.
/// </summary>
internal sealed class ControlNodes : IAsyncDisposable
{
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    private const string Precise = "yyyy-MM-ddTHH:mm:ss.ffffffZ";
    private const string Whole = "yyyy-MM-ddTHH:mm:ssZ";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan TaintPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    private static readonly (string Type, string Reason)[] Conditions =
    [
        ("MemoryPressure", "KubeletHasSufficientMemory"), ("DiskPressure", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "KubeletHasSufficientPID"), ("Ready", "KubeletReady"),
    ];

    private readonly ControlClient _client;
    private readonly ControlClient _pulse;
    private readonly ConcurrentDictionary<string, bool> _beating = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _one = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _beats;

    public ControlNodes(Uri server, string token)
    {
        _client = new ControlClient(server, token);
        _pulse = new ControlClient(server, token);
        _beats = BeatAsync();
    }

    /// <summary>Where every pod of the parallel phase lands that asks for nothing else.</summary>
    public static JsonObject Shared => new()
    {
        ["name"] = "shared-node",
        ["allocatable"] = new JsonObject { ["cpu"] = "4000", ["memory"] = "8000Gi", ["pods"] = "100000" },
        ["labels"] =
            new JsonObject { ["golden/shared"] = "yes", ["topology.kubernetes.io/zone"] = "shared-zone" },
    };

    /// <summary>A step that changes nodes.</summary>
    public async Task ApplyAsync(JsonObject fixture)
    {
        switch (fixture.First())
        {
            case ("addNode", JsonObject node):
                await AddAsync([node]);
                break;
            case ("addNodes", JsonArray nodes):
                await AddAsync([.. nodes.OfType<JsonObject>()]);
                break;
            case ("removeNode", JsonValue name):
                await RemoveAsync((string)name!);
                break;
            case ("stopHeartbeat", JsonValue name):
                _beating.TryRemove((string)name!, out _);
                break;
            case var (what, _):
                throw new FormatException($"no such fixture: {what}");
        }
    }

    /// <summary>Returns when nothing keeps pods away that is not asked for.</summary>
    public async Task AddAsync(IReadOnlyList<JsonObject> nodes)
    {
        await _one.WaitAsync();
        try
        {
            foreach (var node in nodes)
            {
                await AddAsync(node);
            }

            var started = TimeProvider.System.GetTimestamp();
            foreach (var node in nodes)
            {
                var left = TaintPatience - TimeProvider.System.GetElapsedTime(started);
                await Patiently.LastAsync(left, () => IsSettledAsync(node), static s => s, Pause);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task RemoveAsync(string name)
    {
        await _one.WaitAsync();
        try
        {
            _beating.TryRemove(name, out _);
            await _client.SendAsync("DELETE", $"/api/v1/nodes/{name}");
            await _client.SendAsync("DELETE", $"{Leases}/{name}");
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beats.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _pulse.Dispose();
        _stop.Dispose();
        _one.Dispose();
    }

    private async Task AddAsync(JsonObject node)
    {
        var name = (string)node["name"]!;
        await _client.SendAsync("POST", Leases, new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1",
            ["kind"] = "Lease",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = name, ["leaseDurationSeconds"] = 40,
                ["renewTime"] = ControlVariables.Clock(0, Precise),
            },
        }.ToJsonString());
        await RenewAsync(_client, name);
        var status = Status(name, node);
        var body = new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Node", ["metadata"] = Metadata(name, node), ["spec"] = Spec(node),
            ["status"] = status.DeepClone(),
        };
        var answer = await _client.SendAsync("POST", "/api/v1/nodes", body.ToJsonString(GoldenJson.Relaxed));
        if (answer.Status == 409)
        {
            await _client.MergeAsync($"/api/v1/nodes/{name}/status", new JsonObject { ["status"] = status });
        }

        if ((bool?)node["heartbeat"] != false)
        {
            _beating[name] = true;
        }
    }

    private static JsonObject Metadata(string name, JsonObject node)
    {
        var metadata = new JsonObject
        {
            ["name"] = name,
            ["labels"] = Merged(
                new JsonObject
                {
                    ["kubernetes.io/hostname"] = name, ["kubernetes.io/os"] = "linux", ["kubernetes.io/arch"] = "amd64",
                },
                node["labels"]),
        };
        if (node["annotations"] is { } annotations)
        {
            metadata["annotations"] = annotations.DeepClone();
        }

        return metadata;
    }

    private static JsonObject Spec(JsonObject node)
    {
        var spec = new JsonObject();
        if (node["taints"] is { } taints)
        {
            spec["taints"] = taints.DeepClone();
        }

        if ((bool?)node["unschedulable"] == true)
        {
            spec["unschedulable"] = true;
        }

        return spec;
    }

    private static JsonObject Status(string name, JsonObject node)
    {
        var allocatable = Merged(
            new JsonObject { ["cpu"] = "8", ["memory"] = "16Gi", ["pods"] = "110", ["ephemeral-storage"] = "100Gi" },
            node["allocatable"]);
        var now = ControlVariables.Clock(0, Whole);
        var status = new JsonObject
        {
            ["capacity"] = allocatable.DeepClone(),
            ["allocatable"] = allocatable,
            ["conditions"] = new JsonArray([.. Conditions.Select(c => new JsonObject
            {
                ["type"] = c.Type, ["status"] = c.Type == "Ready" ? "True" : "False", ["reason"] = c.Reason,
                ["message"] = c.Reason, ["lastHeartbeatTime"] = now, ["lastTransitionTime"] = now,
            })]),
            ["addresses"] = new JsonArray(
                new JsonObject { ["type"] = "InternalIP", ["address"] = (string?)node["ip"] ?? "192.0.2.10" },
                new JsonObject { ["type"] = "Hostname", ["address"] = name }),
            ["nodeInfo"] = new JsonObject
            {
                ["kubeletVersion"] = "v1.36.2", ["kubeProxyVersion"] = "", ["osImage"] = "Linux",
                ["operatingSystem"] = "linux", ["architecture"] = "amd64", ["kernelVersion"] = "6.1.0",
                ["machineID"] = name, ["systemUUID"] = name, ["bootID"] = name,
                ["containerRuntimeVersion"] = "containerd://2.1.0",
            },
        };
        return Merged(status, node["status"]);
    }

    private static JsonObject Merged(JsonObject target, JsonNode? over)
    {
        foreach (var (name, value) in over as JsonObject ?? [])
        {
            target[name] = value?.DeepClone();
        }

        return target;
    }

    private async Task<bool> IsSettledAsync(JsonObject node)
    {
        if ((bool?)node["wait"] == false)
        {
            return true;
        }

        var found = ControlShape.Parse((await _client.SendAsync("GET", $"/api/v1/nodes/{node["name"]}")).Body);
        var taints = (found?["spec"]?["taints"] as JsonArray ?? []).Select(static t => (string?)t!["key"]).ToList();
        return !taints.Contains("node.kubernetes.io/not-ready") &&
            ((bool?)node["unschedulable"] != true || taints.Contains("node.kubernetes.io/unschedulable"));
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Beat, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            foreach (var name in _beating.Keys)
            {
                await RenewAsync(_pulse, name);
            }
        }
    }

    private static Task<RawAnswer> RenewAsync(ControlClient client, string name) => client.MergeAsync(
        $"{Leases}/{name}",
        new JsonObject { ["spec"] = new JsonObject { ["renewTime"] = ControlVariables.Clock(0, Precise) } });
}
