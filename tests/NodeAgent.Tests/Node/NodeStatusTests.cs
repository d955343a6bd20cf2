using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

public sealed class NodeStatusTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-status-").FullName;
    private readonly NodeStatusComputer _computer;

    public NodeStatusTests()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n1",
            NodeIp = "192.0.2.7",
            DataDirectory = _directory,
            SystemReservedMilliCpu = 100,
            RegisterWithTaints = ["dedicated=db:NoSchedule"],
        };
        _computer = new NodeStatusComputer(options, new NodeFacts(options));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(null, Pressure.None, "True", "KubeletReady", "kubelet is posting ready status")]
    [InlineData("container runtime is down", Pressure.None, "False", "KubeletNotReady", "container runtime is down")]
    public void The_ready_condition_says_what_is(
        string? problem, Pressure pressure, string status, string reason, string message)
    {
        var ready = Compute(problem, pressure).Conditions.Single(c => c.Type == "Ready");

        Assert.Equal((status, reason, message), (ready.Status, ready.Reason, ready.Message));
    }

    /// <summary>What pods are evicted for at once is promised to none, and no other threshold counts.</summary>
    [Theory]
    [InlineData("1Gi", "50%", 1L << 30, 0.5)]
    [InlineData("2Mi", "0%", 2L << 20, 0)]
    [InlineData("1Ei", "1Ei", long.MaxValue, 1)]
    [InlineData("100%", "100%", 0, 0)]
    public void What_eviction_keeps_free_is_not_allocatable(
        string hardMemory, string hardDisk, long memory, double disk)
    {
        var facts = new NodeFacts(new NodeAgentOptions
        {
            NodeName = "n1",
            NodeIp = "192.0.2.7",
            DataDirectory = _directory,
            Housekeeping = new HousekeepingOptions
            {
                Eviction = new EvictionSettings
                {
                    Hard = new Dictionary<string, string>
                    {
                        ["memory.available"] = hardMemory, ["nodefs.available"] = hardDisk, ["imagefs.available"] = "50%",
                    },
                    Soft = new Dictionary<string, string> { ["memory.available"] = "1Ti" },
                    SoftGracePeriods = new Dictionary<string, string> { ["memory.available"] = "1m" },
                },
            },
        }, []);

        var all = facts.Capacity["memory"].ToDecimal();
        Assert.Equal(Math.Max(0, all - memory), facts.Allocatable["memory"].ToDecimal());
        var (whole, left) = (facts.Capacity["ephemeral-storage"], facts.Allocatable["ephemeral-storage"]);
        Assert.Equal(1 - disk, (double)(left.ToDecimal() / whole.ToDecimal()), 3);
    }

    [Fact]
    public void Pressure_is_told_by_kind()
    {
        var conditions = Compute(null, Pressure.Disk).Conditions;

        Assert.Equal(["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"], conditions.Select(c => c.Type));
        Assert.Equal("KubeletHasDiskPressure", conditions[1].Reason);
        Assert.Equal("KubeletHasSufficientMemory", conditions[0].Reason);
    }

    [Fact]
    public void Devices_of_plugins_count_and_what_others_say_that_the_node_has_stays()
    {
        var status = _computer.Compute(new NodeStatusInput
        {
            Now = DateTimeOffset.UnixEpoch,
            Devices = new Dictionary<string, ResourceQuantity> { ["example.com/gpu"] = new("3") },
            WorkingDevices = new Dictionary<string, ResourceQuantity> { ["example.com/gpu"] = new("2") },
            Before = new V1NodeStatus
            {
                Capacity = new Dictionary<string, ResourceQuantity>
                {
                    ["example.com/gpu"] = new("1"), ["example.com/others"] = new("5"), ["pods"] = new("1"),
                },
                Allocatable = new Dictionary<string, ResourceQuantity> { ["example.com/gone"] = new("7") },
            },
        });

        Assert.Equal("3", status.Capacity["example.com/gpu"].ToString());
        Assert.Equal("2", status.Allocatable["example.com/gpu"].ToString());
        Assert.Equal("5", status.Capacity["example.com/others"].ToString());
        Assert.Equal("5", status.Allocatable["example.com/others"].ToString());
        Assert.DoesNotContain("example.com/gone", status.Allocatable.Keys);
        Assert.Equal("110", status.Capacity["pods"].ToString());
    }

    [Fact]
    public void A_new_node_carries_its_labels_addresses_and_what_pods_may_use()
    {
        var node = _computer.NewNode();
        var status = Compute(null, Pressure.None);

        Assert.Equal("n1", node.Metadata.Labels["kubernetes.io/hostname"]);
        Assert.Equal(
            ("dedicated", "db", "NoSchedule"),
            (node.Spec.Taints[0].Key, node.Spec.Taints[0].Value, node.Spec.Taints[0].Effect));
        Assert.Equal(["192.0.2.7", "n1"], status.Addresses.Select(a => a.Address));
        Assert.Equal(status.Capacity["cpu"].ToDecimal() - 0.1m, status.Allocatable["cpu"].ToDecimal());
        Assert.True(status.Allocatable["memory"].ToDecimal() < status.Capacity["memory"].ToDecimal());
        Assert.Equal(10250, status.DaemonEndpoints.KubeletEndpoint.Port);
        Assert.Equal(
            ["InPlacePodLevelResourcesVerticalScaling", "RestartAllContainersOnContainerExits"],
            status.DeclaredFeatures);
    }

    /// <summary>Without the annotation no volume would be attached to the node.</summary>
    [Fact]
    public void A_node_that_is_there_gets_what_says_what_it_is_and_keeps_what_others_made_of_it()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.7", DataDirectory = _directory,
            NodeLabels = new Dictionary<string, string>
            {
                ["disk"] = "ssd", ["topology.kubernetes.io/zone"] = "a",
            },
        };
        var computer = new NodeStatusComputer(options, new NodeFacts(options));
        var node = computer.NewNode();
        Assert.Equal("true", node.Metadata.Annotations["volumes.kubernetes.io/controller-managed-attach-detach"]);
        Assert.Null(computer.Missing(node));

        node.Metadata.Labels["disk"] = "tape";
        node.Metadata.Labels["topology.kubernetes.io/zone"] = "b";
        node.Metadata.Labels.Remove("kubernetes.io/os");
        node.Metadata.Annotations = null;
        var missing = computer.Missing(node)!;
        Assert.Equal(
            ["kubernetes.io/os=linux", "topology.kubernetes.io/zone=a"],
            missing.Labels.Select(static l => $"{l.Key}={l.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(
            "true",
            Assert.Single(
                missing.Annotations, static a => a.Key.EndsWith("attach-detach", StringComparison.Ordinal)).Value);
    }

    [Fact]
    public void A_node_of_two_families_says_an_address_and_a_range_of_each()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.7,2001:db8::7", DataDirectory = _directory,
            PodCidr = "10.244.0.0/24,fd00:10:244::/64",
        };
        var computer = new NodeStatusComputer(options, new NodeFacts(options));
        var spec = computer.NewNode().Spec;
        Assert.Equal("10.244.0.0/24", spec.PodCIDR);
        Assert.Equal(["10.244.0.0/24", "fd00:10:244::/64"], spec.PodCIDRs);
        Assert.Equal(
            ["InternalIP 192.0.2.7", "InternalIP 2001:db8::7", "Hostname n1"],
            computer.Compute(new NodeStatusInput { Now = new ManualTime().Now }).Addresses
                .Select(static a => $"{a.Type} {a.Address}"));
    }

    [Theory]
    [InlineData("", "192.0.2.7 n1")]
    [InlineData("external", "203.0.113.7 machine.example.com")]
    public void A_node_of_a_cloud_waits_for_it_and_then_has_the_addresses_that_it_told(string cloud, string addresses)
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n1", NodeIp = "192.0.2.7", DataDirectory = _directory, CloudProvider = cloud,
        };
        var computer = new NodeStatusComputer(options, new NodeFacts(options));
        var node = computer.NewNode();
        Assert.Equal(
            cloud.Length == 0 ? [] : [("node.cloudprovider.kubernetes.io/uninitialized", "true", "NoSchedule")],
            (node.Spec.Taints ?? []).Select(static t => (t.Key, t.Value, t.Effect)));
        Assert.Equal(
            cloud.Length == 0 ? null : "192.0.2.7",
            node.Metadata.Annotations.TryGetValue("alpha.kubernetes.io/provided-node-ip", out var told) ? told : null);
        var before = computer.Compute(new NodeStatusInput { Now = new ManualTime().Now });
        Assert.Equal(["192.0.2.7", "n1"], before.Addresses.Select(static a => a.Address));

        before.Addresses =
        [
            new V1NodeAddress { Type = "ExternalIP", Address = "203.0.113.7" },
            new V1NodeAddress { Type = "Hostname", Address = "machine.example.com" },
        ];
        var after = computer.Compute(new NodeStatusInput { Now = new ManualTime().Now, Before = before });
        Assert.Equal(addresses.Split(' '), after.Addresses.Select(static a => a.Address));
    }

    [Fact]
    public void What_is_said_of_a_node_carries_its_heartbeat()
    {
        var before = Compute(null, Pressure.None);
        var later = Compute(null, Pressure.None, before, new ManualTime().Now.AddMinutes(4));
        later.Images = [new k8s.Models.V1ContainerImage { Names = ["new"], SizeBytes = 1 }];

        var patch = JsonNode.Parse(NodeStatusPatch.Compute(before, later, force: false)!)!["status"]!.AsObject();
        Assert.Equal(["conditions", "images"], patch.Select(p => p.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_unchanged_status_is_written_only_when_it_must_be()
    {
        var before = Compute(null, Pressure.None);
        var later = Compute(null, Pressure.None, before, new ManualTime().Now.AddMinutes(4));

        Assert.Null(NodeStatusPatch.Compute(before, later, force: false));
        var forced = JsonNode.Parse(NodeStatusPatch.Compute(before, later, force: true)!)!["status"]!.AsObject();
        Assert.Equal(["conditions"], forced.Select(p => p.Key));
        var changed = Compute("container runtime is down", Pressure.None, before, new ManualTime().Now.AddMinutes(4));
        Assert.NotNull(NodeStatusPatch.Compute(before, changed, force: false));
        Assert.Equal(before.Conditions[0].LastTransitionTime, changed.Conditions[0].LastTransitionTime);
        Assert.NotEqual(before.Conditions[3].LastTransitionTime, changed.Conditions[3].LastTransitionTime);
    }

    [Fact]
    public void The_handlers_of_the_runtime_are_told_in_order()
    {
        var answer = new StatusResponse();
        answer.RuntimeHandlers.Add(new RuntimeHandler
        {
            Name = "runc",
            Features = new RuntimeHandlerFeatures { RecursiveReadOnlyMounts = true, UserNamespaces = true },
        });
        answer.RuntimeHandlers.Add(new RuntimeHandler());

        var status = _computer.Compute(new NodeStatusInput
        {
            Now = new ManualTime().Now, Abilities = RuntimeAbilities.From(answer),
        });

        Assert.Equal(
            [("", false, false), ("runc", true, true)],
            status.RuntimeHandlers.Select(
                h => (h.Name, h.Features.RecursiveReadOnlyMounts, h.Features.UserNamespaces))
                .Select(h => (h.Name, h.RecursiveReadOnlyMounts == true, h.UserNamespaces == true)));
        Assert.Contains(
            "runtimeHandlers", NodeStatusPatch.Compute(Compute(null, Pressure.None), status, force: false),
            StringComparison.Ordinal);
        Assert.Null(Compute(null, Pressure.None).RuntimeHandlers);
    }

    /// <summary>Upstream's tests read there whether a pod of the policy Strict may run.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_the_runtime_can_do_is_told_once_it_is_known(bool hasPolicy)
    {
        var answer = new StatusResponse { Features = new RuntimeFeatures { SupplementalGroupsPolicy = hasPolicy } };
        var status = _computer.Compute(new NodeStatusInput
        {
            Now = new ManualTime().Now, Abilities = RuntimeAbilities.From(answer),
        });

        Assert.Equal(hasPolicy, status.Features.SupplementalGroupsPolicy);
        var before = Compute(null, Pressure.None);
        Assert.Null(before.Features);
        var patch = JsonNode.Parse(NodeStatusPatch.Compute(before, status, force: false)!)!;
        Assert.Equal(hasPolicy, (bool)patch["status"]!["features"]!["supplementalGroupsPolicy"]!);
    }

    private V1NodeStatus Compute(
        string? problem, Pressure pressure, V1NodeStatus? before = null, DateTimeOffset? now = null) =>
        _computer.Compute(new NodeStatusInput
        {
            Now = now ?? new ManualTime().Now,
            Problem = problem,
            Pressure = pressure,
            Before = before,
        });
}
