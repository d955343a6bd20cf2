using CsCheck;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ResourceQuotas;

public sealed class ResourceQuotaPlannerTests
{
    private sealed record Drawn(int MilliCpu, int LimitMi, string Phase, long? Deadline);

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly Gen<Drawn> Pods =
        from cpu in Gen.Int[0, 3_000]
        from limit in Gen.Int[0, 3_000]
        from phase in Gen.OneOf("Running", "Pending", "Succeeded", "Failed")
        from hasDeadline in Gen.Bool
        select new Drawn(cpu, limit, phase, hasDeadline ? 60 : null);

    /// <summary>Held against whole numbers added up pod by pod; a status that is right is left alone.</summary>
    [Fact]
    public void What_is_used_is_the_sum_over_what_lives_in_the_scope() => Gen.Select(
        Pods.Array[0, 8], Gen.OneOf("", "Terminating", "NotTerminating", "BestEffort", "NotBestEffort")).Check(
        (drawn, scope) =>
        {
            var quota = Quota(scope);
            var content = new QuotaContent(WellKnown.Pods, drawn.Select(Pod));
            var status = ResourceQuotaPlanner.Compute(quota, [content], Now)!;
            var living = drawn.Where(d => d.Phase is "Running" or "Pending" && IsIn(d, scope)).ToList();
            Assert.Equal(living.Count, Whole(status, "pods", 1));
            if (scope != "BestEffort")
            {
                Assert.Equal(living.Sum(static d => d.MilliCpu), Whole(status, "requests.cpu", 1_000));
                Assert.Equal(living.Sum(static d => (long)d.LimitMi << 20), Whole(status, "limits.memory", 1));
            }

            if (scope.Length == 0)
            {
                Assert.Equal(drawn.Length, Whole(status, "count/pods", 1));
            }

            quota.Status = status;
            Assert.Null(ResourceQuotaPlanner.Compute(quota, [content], Now));
        });

    [Fact]
    public void Devices_that_a_pod_and_its_claim_ask_for_are_counted_once()
    {
        const string Gpus = "requests.example.com/gpu";
        var pod = (V1Pod)Pod(new Drawn(1, 0, "Pending", null), 0);
        pod.Metadata.Uid = "uid";
        pod.Spec.Containers[0].Resources.Requests[Gpus["requests.".Length..]] = new ResourceQuantity("2");
        var claims = new[] { GpuClaim("own", pod), GpuClaim("free", null) };
        var deviceClass = new V1DeviceClass
        {
            Metadata = new V1ObjectMeta { Name = "gpu" },
            Spec = new V1DeviceClassSpec { ExtendedResourceName = "example.com/gpu" },
        };
        var quota = Quota("");
        quota.Spec.Hard = new Dictionary<string, ResourceQuantity> { [Gpus] = new ResourceQuantity("9") };

        var status = ResourceQuotaPlanner.Compute(
            quota,
            [new QuotaContent(WellKnown.Pods, [pod]), new QuotaContent(WellKnown.ResourceClaims, claims)],
            Now,
            new DeviceSurroundings([deviceClass], name => name == pod.Metadata.Name ? pod : null, () => claims))!;

        Assert.Equal(2 + 2, Whole(status, Gpus, 1));
    }

    private static Resourcev1ResourceClaim GpuClaim(string name, V1Pod? pod) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            Annotations = new Dictionary<string, string>
            {
                ["resource.kubernetes.io/extended-resource-claim"] = "true",
            },
            OwnerReferences = pod is null ? null :
            [
                new V1OwnerReference
                {
                    ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid,
                    Controller = true,
                },
            ],
        },
        Spec = new V1ResourceClaimSpec
        {
            Devices = new V1DeviceClaim
            {
                Requests =
                [
                    new V1DeviceRequest
                    {
                        Name = "a",
                        Exactly = new V1ExactDeviceRequest
                        {
                            DeviceClassName = "gpu", AllocationMode = "ExactCount", Count = 2,
                        },
                    },
                ],
            },
        },
    };

    private static bool IsIn(Drawn drawn, string scope) => scope switch
    {
        "Terminating" => drawn.Deadline is not null,
        "NotTerminating" => drawn.Deadline is null,
        "BestEffort" => drawn is { MilliCpu: 0, LimitMi: 0 },
        "NotBestEffort" => drawn is not { MilliCpu: 0, LimitMi: 0 },
        _ => true,
    };

    private static long Whole(V1ResourceQuotaStatus status, string name, int parts) =>
        (long)(status.Used[name].ToDecimal() * parts);

    private static V1ResourceQuota Quota(string scope)
    {
        var names = scope switch
        {
            "" => new[] { "pods", "count/pods", "requests.cpu", "limits.memory" },
            "BestEffort" => ["pods"],
            _ => ["pods", "requests.cpu", "limits.memory"],
        };
        return new V1ResourceQuota
        {
            Metadata = new V1ObjectMeta { Name = "q", NamespaceProperty = "default" },
            Spec = new V1ResourceQuotaSpec
            {
                Hard = names.ToDictionary(static n => n, static _ => new ResourceQuantity("5")),
                Scopes = scope.Length == 0 ? null : [scope],
            },
        };
    }

    private static Dictionary<string, ResourceQuantity>? Amount(string name, int amount, string unit) =>
        amount == 0 ? null : new() { [name] = new ResourceQuantity($"{amount}{unit}") };

    private static IKubernetesObject<V1ObjectMeta> Pod(Drawn drawn, int number)
    {
        var resources = new V1ResourceRequirements
        {
            Requests = Amount("cpu", drawn.MilliCpu, "m"), Limits = Amount("memory", drawn.LimitMi, "Mi"),
        };
        return new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = $"p{number}", NamespaceProperty = "default" },
            Spec = new V1PodSpec
            {
                ActiveDeadlineSeconds = drawn.Deadline,
                Containers = [new V1Container { Name = "c", Image = "i", Resources = resources }],
            },
            Status = new V1PodStatus { Phase = drawn.Phase },
        };
    }
}
