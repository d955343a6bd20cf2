using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>What pods that claim devices are told on a node without drivers, in the kubelet's words.</summary>
public sealed class DynamicResourcesTests
{
    private const string Prefix = "Failed to prepare dynamic resources: prepare dynamic resources: ";

    private readonly FakeCluster _cluster = new();
    private readonly V1Pod _pod = TestPods.Pod("p", TestPods.Service("c"));

    public DynamicResourcesTests() => _pod.Metadata.Uid = "pod-uid";

    [Fact]
    public async Task A_pod_without_claims_has_no_problem() => Assert.Null(await ProblemAsync());

    [Fact]
    public async Task Devices_wait_for_their_driver()
    {
        Claim("gpu");
        await IsToldAsync("fetch ResourceClaim gpu: resourceclaims.resource.k8s.io \"gpu\" not found");

        var claim = Put("gpu");
        await IsToldAsync($"pod p ({_pod.Metadata.Uid}) is not allowed to use ResourceClaim gpu (u)");

        claim.Status.ReservedFor =
            [new V1ResourceClaimConsumerReference { Name = "p", Resource = "pods", Uid = _pod.Metadata.Uid }];
        await IsToldAsync("ResourceClaim gpu: not allocated");

        claim.Status.Allocation = new V1AllocationResult();
        Assert.Null(await ProblemAsync()); // nothing that a driver would have to prepare

        claim.Status.Allocation.Devices = new V1DeviceAllocationResult
        {
            Results =
            [
                new V1DeviceRequestAllocationResult
                {
                    Driver = "gpu.example.com", Device = "d", Pool = "n", Request = "r",
                },
            ],
        };
        await IsToldAsync("DRA driver gpu.example.com is not registered");
    }

    [Fact]
    public async Task A_claim_of_a_template_is_the_pods_own()
    {
        Claim(null);
        await IsToldAsync("pod \"default/p\", spec.resourceClaim \"c\": ResourceClaim not created yet");

        _pod.Status = new V1PodStatus
        {
            ResourceClaimStatuses = [new V1PodResourceClaimStatus { Name = "c", ResourceClaimName = "p-c-x" }],
        };
        var claim = Put("p-c-x");
        await IsToldAsync("ResourceClaim default/p-c-x was not created for Pod default/p (Pod is not owner)");

        claim.Metadata.OwnerReferences =
        [
            new V1OwnerReference
            {
                ApiVersion = "v1", Kind = "Pod", Name = "p", Uid = _pod.Metadata.Uid, Controller = true,
            },
        ];
        await IsToldAsync($"pod p ({_pod.Metadata.Uid}) is not allowed to use ResourceClaim p-c-x (u)");

        _pod.Status.ResourceClaimStatuses[0].ResourceClaimName = null;
        Assert.Null(await ProblemAsync());
    }

    private void Claim(string? name) => _pod.Spec.ResourceClaims =
    [
        new V1PodResourceClaim
        {
            Name = "c", ResourceClaimName = name, ResourceClaimTemplateName = name is null ? "t" : null,
        },
    ];

    private Resourcev1ResourceClaim Put(string name)
    {
        var claim = new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = "u" },
            Status = new V1ResourceClaimStatus(),
        };
        _cluster.Put(claim);
        return claim;
    }

    private Task<SandboxRefusal?> ProblemAsync() =>
        new DynamicResources(_cluster).ProblemAsync(_pod, CancellationToken.None);

    private async Task IsToldAsync(string problem) => Assert.Equal(
        new SandboxRefusal("FailedPrepareDynamicResources", Prefix + problem), await ProblemAsync());
}
