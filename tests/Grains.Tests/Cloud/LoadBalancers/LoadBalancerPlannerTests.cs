using k8s.Models;
using OrleansOrchestrator.Grains.Cloud.LoadBalancers;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.LoadBalancers;

public sealed class LoadBalancerPlannerTests
{
    private static readonly Dictionary<string, string> Nodes = new() { ["n1"] = "fake://1" };

    [Theory]
    [InlineData("LoadBalancer", null, false, false, BalancerStep.Ensure)]
    [InlineData("LoadBalancer", "other", false, false, BalancerStep.None)]
    [InlineData("LoadBalancer", null, true, false, BalancerStep.Ensure)]
    [InlineData("LoadBalancer", null, true, true, BalancerStep.Delete)]
    [InlineData("LoadBalancer", "other", true, true, BalancerStep.Delete)]
    [InlineData("ClusterIP", null, false, false, BalancerStep.None)]
    [InlineData("ClusterIP", null, true, false, BalancerStep.Delete)]
    public void The_first_step(string type, string? className, bool hasFinalizer, bool isDeleted, BalancerStep expected)
    {
        var service = Service();
        (service.Spec.Type, service.Spec.LoadBalancerClass) = (type, className);
        service.Metadata.Finalizers = hasFinalizer ? [LoadBalancerPlanner.Finalizer] : null;
        service.Metadata.DeletionTimestamp = isDeleted ? DateTime.UnixEpoch : null;
        Assert.Equal(expected, LoadBalancerPlanner.Compute(service, null, Nodes));
    }

    public static readonly TheoryData<string, bool, Action<V1Service>> Changes = new()
    {
        { "nothing", false, _ => { } },
        { "status", false, s => s.Status = new V1ServiceStatus() },
        { "labels", false, s => s.Metadata.Labels = new Dictionary<string, string> { ["a"] = "b" } },
        { "selector", false, s => s.Spec.Selector = new Dictionary<string, string> { ["a"] = "b" } },
        { "empty ranges", false, s => s.Spec.LoadBalancerSourceRanges = [] },
        { "ranges", true, s => s.Spec.LoadBalancerSourceRanges = ["192.0.2.0/24"] },
        { "port", true, s => s.Spec.Ports[0].Port = 81 },
        { "port name", true, s => s.Spec.Ports[0].Name = "web" },
        { "node port", true, s => s.Spec.Ports[0].NodePort = 30001 },
        { "app protocol", true, s => s.Spec.Ports[0].AppProtocol = "http" },
        { "affinity", true, s => s.Spec.SessionAffinity = "ClientIP" },
        { "address", true, s => s.Spec.LoadBalancerIP = "192.0.2.1" },
        { "external address", true, s => s.Spec.ExternalIPs = ["192.0.2.1"] },
        { "annotation", true, s => s.Metadata.Annotations = new Dictionary<string, string> { ["a"] = "b" } },
        { "policy", true, s => s.Spec.ExternalTrafficPolicy = "Local" },
        { "health port", true, s => s.Spec.HealthCheckNodePort = 30002 },
        { "families", true, s => s.Spec.IpFamilies = ["IPv4", "IPv6"] },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_change_is_told_to_the_cloud_when_it_concerns_it(string what, bool concerns, Action<V1Service> change)
    {
        var service = Service();
        change(service);
        var known = new KnownBalancer(Service(), Nodes, Failed: false);
        Assert.True(
            LoadBalancerPlanner.Compute(service, known, Nodes) == (concerns ? BalancerStep.Ensure : BalancerStep.None),
            what);
    }

    [Fact]
    public void Other_nodes_are_told_alone_and_after_a_failure_all_is()
    {
        var known = new KnownBalancer(Service(), Nodes, Failed: false);
        var more = new Dictionary<string, string>(Nodes) { ["n2"] = "" };
        var renamed = new Dictionary<string, string> { ["n1"] = "fake://2" };
        Assert.Equal(BalancerStep.UpdateNodes, LoadBalancerPlanner.Compute(Service(), known, more));
        Assert.Equal(BalancerStep.UpdateNodes, LoadBalancerPlanner.Compute(Service(), known, renamed));
        Assert.Equal(
            BalancerStep.Ensure, LoadBalancerPlanner.Compute(Service(), known with { Failed = true }, Nodes));
    }

    [Theory]
    [InlineData(null, false, false, true)]
    [InlineData("", false, false, false)]
    [InlineData("true", false, false, false)]
    [InlineData("no", false, false, false)]
    [InlineData("false", false, false, true)]
    [InlineData("F", false, false, true)]
    [InlineData(null, true, false, false)]
    [InlineData(null, false, true, false)]
    public void Nodes_take_traffic_unless_they_are_kept_out(string? label, bool isTainted, bool isDeleted, bool takes)
    {
        var node = new V1Node { Metadata = new V1ObjectMeta { Name = "n1" }, Spec = new V1NodeSpec() };
        if (label is not null)
        {
            node.Metadata.Labels = new Dictionary<string, string> { [LoadBalancerPlanner.ExcludeLabel] = label };
        }

        node.Spec.Taints =
            isTainted ? [new V1Taint { Key = "ToBeDeletedByClusterAutoscaler", Effect = "NoSchedule" }] : null;
        node.Metadata.DeletionTimestamp = isDeleted ? DateTime.UnixEpoch : null;
        Assert.Equal(takes, LoadBalancerPlanner.TakesTraffic(node));
    }

    private static V1Service Service() => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "u1" },
        Spec = new V1ServiceSpec
        {
            Type = "LoadBalancer", IpFamilies = ["IPv4"],
            Ports = [new V1ServicePort { Port = 80, Protocol = "TCP", NodePort = 30000 }],
        },
    };
}
