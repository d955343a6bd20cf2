using k8s.Models;
using OrleansOrchestrator.Grains.Cloud.LoadBalancers;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.LoadBalancers;

public sealed class ServiceNewsTests
{
    public static readonly TheoryData<string, string, Action<V1Service>> Changes = new()
    {
        { "", "", _ => { } },
        { "Type", "LoadBalancer -> ClusterIP", s => s.Spec.Type = "ClusterIP" },
        {
            "LoadBalancerSourceRanges", "[] -> [192.0.2.0/24 198.51.100.0/24]",
            s => s.Spec.LoadBalancerSourceRanges = ["192.0.2.0/24", "198.51.100.0/24"]
        },
        { "", "", s => s.Spec.Ports[0].Port = 81 },
        { "", "", s => s.Spec.SessionAffinity = "ClientIP" },
        { "LoadbalancerIP", " -> 192.0.2.1", s => s.Spec.LoadBalancerIP = "192.0.2.1" },
        { "ExternalIP", "Count: 1 -> 2", s => s.Spec.ExternalIPs = ["192.0.2.7", "192.0.2.8"] },
        { "ExternalIP", "Added: 192.0.2.9", s => s.Spec.ExternalIPs = ["192.0.2.9"] },
        { "", "", s => s.Metadata.Annotations = new Dictionary<string, string> { ["a"] = "b" } },
        { "ExternalTrafficPolicy", "Cluster -> Local", s => s.Spec.ExternalTrafficPolicy = "Local" },
        { "HealthCheckNodePort", "0 -> 30002", s => s.Spec.HealthCheckNodePort = 30002 },
        { "IPFamilies", "Count: 1 -> 2", s => s.Spec.IpFamilies = ["IPv4", "IPv6"] },
        {
            "", "",
            s =>
            {
                // What is not told of hides what comes after it.
                s.Spec.Ports[0].Port = 81;
                s.Spec.ExternalTrafficPolicy = "Local";
            }
        },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_change_is_told_in_upstreams_words(string reason, string message, Action<V1Service> change)
    {
        var now = Service();
        change(now);
        var told = ServiceNews.Of(Service(), now);
        Assert.Equal((reason, message), (told?.Reason ?? "", told?.Message ?? ""));
    }

    [Fact]
    public void Without_a_load_balancer_nothing_is_told()
    {
        var (before, now) = (Service(), Service());
        before.Spec.Type = now.Spec.Type = "ClusterIP";
        now.Spec.ExternalIPs = null;
        Assert.Null(ServiceNews.Of(before, now));
    }

    private static V1Service Service() => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "1" },
        Spec = new V1ServiceSpec
        {
            Type = "LoadBalancer", ExternalTrafficPolicy = "Cluster", SessionAffinity = "None",
            ExternalIPs = ["192.0.2.7"], IpFamilies = ["IPv4"],
            Ports = [new V1ServicePort { Port = 80, Protocol = "TCP", TargetPort = "http" }],
        },
    };
}
