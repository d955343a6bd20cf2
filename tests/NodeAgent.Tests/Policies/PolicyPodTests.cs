using k8s.Models;
using OrleansOrchestrator.NodeAgent.Policies;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

public sealed class PolicyPodTests
{
    [Fact]
    public void Labels_addresses_of_both_families_and_named_ports_of_containers_and_sidecars_count()
    {
        var pod = Pod();
        pod.Spec.InitContainers =
        [
            new V1Container { Name = "once", Ports = [Port("once", 1)] },
            new V1Container { Name = "beside", RestartPolicy = "Always", Ports = [Port("beside", 2)] },
        ];
        pod.Spec.Containers[0].Ports = [Port("dns", 53, "UDP"), Port("http", 80), Port(null, 81)];
        var counted = PolicyPod.Of(pod, ["10.0.0.1", "2001:DB8:0::1", ""], isLocal: true);
        Assert.Equal(["10.0.0.1", "2001:db8::1"], counted!.Addresses);
        Assert.Equal(
            [new NamedPort("TCP", "beside", 2), new NamedPort("UDP", "dns", 53), new NamedPort("TCP", "http", 80)],
            counted.Ports);
        Assert.Equal("web", counted.Labels["app"]);
    }

    [Fact]
    public void Pods_that_have_ended_and_those_of_the_nodes_network_do_not_count()
    {
        Assert.Null(PolicyPod.Of(Pod("Succeeded"), ["10.0.0.1"], isLocal: true));
        Assert.Null(PolicyPod.Of(Pod("Failed"), ["10.0.0.1"], isLocal: true));
        var onHost = Pod();
        onHost.Spec.HostNetwork = true;
        Assert.Null(PolicyPod.Of(onHost, ["192.0.2.1"], isLocal: true));
    }

    [Fact]
    public void Only_what_policies_ask_makes_it_another()
    {
        var counted = PolicyPod.Of(Pod(), ["10.0.0.1"], isLocal: false)!;
        var pod = Pod("Running");
        pod.Metadata.ResourceVersion = "7";
        Assert.True(counted.IsSameAs(PolicyPod.Of(pod, ["10.0.0.1"], isLocal: false)));
        Assert.False(counted.IsSameAs(PolicyPod.Of(pod, ["10.0.0.2"], isLocal: false)));
        Assert.False(counted.IsSameAs(null));
        pod.Metadata.Labels["app"] = "db";
        Assert.False(counted.IsSameAs(PolicyPod.Of(pod, ["10.0.0.1"], isLocal: false)));
    }

    private static V1Pod Pod(string phase = "Pending") => new()
    {
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = "a", Name = "p", Labels = new Dictionary<string, string> { ["app"] = "web" },
        },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "main" }] },
        Status = new V1PodStatus { Phase = phase },
    };

    private static V1ContainerPort Port(string? name, int number, string? protocol = null) =>
        new() { Name = name, ContainerPort = number, Protocol = protocol };
}
