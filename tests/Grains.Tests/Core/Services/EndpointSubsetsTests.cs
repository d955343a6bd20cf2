using CsCheck;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Services;

public sealed class EndpointSubsetsTests
{
    private static readonly Gen<V1Pod> Pods =
        from phase in Gen.OneOf("Running", "Running", "Succeeded")
        from isReady in Gen.Bool
        from isDeleted in Gen.Bool
        from hasAddress in Gen.Bool
        from named in Gen.OneOf(0, 8080, 9090)
        select new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                NamespaceProperty = "default", DeletionTimestamp = isDeleted ? DateTime.UnixEpoch : null,
            },
            Spec = new V1PodSpec
            {
                NodeName = "n",
                Containers =
                [
                    new V1Container
                    {
                        Name = "c",
                        Ports = named == 0
                            ? null
                            : [new V1ContainerPort { Name = "http", ContainerPort = named, Protocol = "TCP" }],
                    },
                ],
            },
            Status = new V1PodStatus
            {
                Phase = phase,
                PodIPs = hasAddress ? [new V1PodIP { Ip = "10.0.0.0" }] : null,
                Conditions = [new V1PodCondition { Type = "Ready", Status = isReady ? "True" : "False" }],
            },
        };

    /// <summary>Held against asking each pod for each port of the Service.</summary>
    [Fact]
    public void A_subset_says_of_each_pod_which_ports_it_serves() => Gen.Select(
        Pods.Array[0, 8], Gen.Bool, Gen.Bool).Check((pods, publishesAll, hasSecond) =>
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1ServiceSpec
            {
                ClusterIP = "10.96.0.9",
                PublishNotReadyAddresses = publishesAll,
                Selector = new Dictionary<string, string> { ["app"] = "web" },
                Ports = [new V1ServicePort { Name = "web", Port = 80, Protocol = "TCP", TargetPort = "http" }],
            },
        };
        if (hasSecond)
        {
            service.Spec.Ports.Add(new V1ServicePort { Name = "more", Port = 81, Protocol = "TCP", TargetPort = "70" });
        }

        var expected =
            from pod in pods.Select(Numbered)
            where pod.Status.Phase == "Running" && pod.Status.PodIPs is not null
                && (publishesAll || pod.Metadata.DeletionTimestamp is null)
            from port in Serves(pod, hasSecond)
            select $"{pod.Status.PodIPs[0].Ip}:{port} {publishesAll || pod.Status.Conditions[0].Status == "True"}";
        var (subsets, isTruncated) = EndpointRules.Subsets(service, [.. pods.Select(Facts)]);
        Assert.False(isTruncated);
        var found =
            from subset in subsets ?? []
            from address in (subset.Addresses ?? []).Select(a => (a.Ip, IsReady: true))
                .Concat((subset.NotReadyAddresses ?? []).Select(a => (a.Ip, IsReady: false)))
            from port in subset.Ports
            select $"{address.Ip}:{port.Port} {address.IsReady}";
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        Assert.Distinct((subsets ?? []).Select(s => string.Join(',', s.Ports.Select(p => p.Port))));
    }, cases: 500);

    /// <summary>Upstream's <c>RepackSubsets</c>: each port with the pods that offer it.</summary>
    [Fact]
    public void Ports_that_all_pods_offer_are_apart_from_those_that_some_do()
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
            Spec = new V1ServiceSpec
            {
                ClusterIP = "10.96.0.9",
                Selector = new Dictionary<string, string> { ["app"] = "web" },
                Ports =
                [
                    new V1ServicePort { Name = "web", Port = 80, Protocol = "TCP", TargetPort = "http" },
                    new V1ServicePort { Name = "more", Port = 81, Protocol = "TCP", TargetPort = "70" },
                    new V1ServicePort { Name = "most", Port = 82, Protocol = "TCP", TargetPort = "71" },
                ],
            },
        };
        var pods = new[] { 8080, 9090, 0 }.Select(Serving).Select(Facts).ToList();
        var shown = EndpointRules.Subsets(service, pods).Subsets!.Select(s =>
            $"{string.Join(',', s.Ports.Select(p => p.Port))} of {string.Join(',', s.Addresses.Select(a => a.Ip))}");
        Assert.Equal(
            ["70,71 of 10.0.0.0,10.0.0.1,10.0.0.2", "8080 of 10.0.0.0", "9090 of 10.0.0.1"],
            shown.Order(StringComparer.Ordinal));
    }

    /// <summary>Counts of ready and other addresses by subset, before and after; upstream's cases.</summary>
    [Theory]
    [InlineData("400+600", "400+600", false)]
    [InlineData("1001+0", "1000+0", true)]
    [InlineData("600+0 500+0", "546+0 454+0", true)]
    [InlineData("900+100 50+50", "900+34 50+16", true)]
    [InlineData("1000+1", "1000+0", true)]
    [InlineData("500+500 501+10", "500+0 500+0", true)]
    public void Too_many_addresses_are_cut_by_each_subsets_part(string before, string after, bool isCut)
    {
        var subsets = before.Split(' ').Select(s => s.Split('+').Select(int.Parse).ToArray()).Select(
            static c => new V1EndpointSubset { Addresses = Many(c[0]), NotReadyAddresses = Many(c[1]) }).ToList();
        Assert.Equal(isCut, EndpointCapacity.Truncate(subsets));
        Assert.Equal(after, string.Join(
            ' ', subsets.Select(s => $"{s.Addresses?.Count ?? 0}+{s.NotReadyAddresses?.Count ?? 0}")));
    }

    private static List<V1EndpointAddress>? Many(int count) => count == 0 ? null : [.. Enumerable.Range(0, count)
        .Select(static i => new V1EndpointAddress { Ip = $"10.1.{i / 250}.{i % 250}" })];

    private static V1Pod Serving(int port) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "default" },
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Ports = port == 0
                        ? null : [new V1ContainerPort { Name = "http", ContainerPort = port, Protocol = "TCP" }],
                },
            ],
        },
        Status = new V1PodStatus
        {
            Phase = "Running",
            PodIPs = [new V1PodIP { Ip = "10.0.0.0" }],
            Conditions = [new V1PodCondition { Type = "Ready", Status = "True" }],
        },
    };

    private static IEnumerable<int> Serves(V1Pod pod, bool hasSecond) =>
        (pod.Spec.Containers[0].Ports ?? []).Select(p => p.ContainerPort).Concat(hasSecond ? [70] : []);

    private static V1Pod Numbered(V1Pod pod, int number)
    {
        pod.Metadata.Name = $"p{number}";
        if (pod.Status.PodIPs is { } ips)
        {
            ips[0].Ip = $"10.0.0.{number}";
        }

        return pod;
    }

    private static PodFacts Facts(V1Pod pod, int number) => PodFacts.Of(new ResourceObject(
        Numbered(pod, number).Key(), pod.Metadata.Name, 1, ResourceCodec.Encode(pod)));
}
