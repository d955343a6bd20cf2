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
