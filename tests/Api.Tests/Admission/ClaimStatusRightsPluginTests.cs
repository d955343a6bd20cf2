using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>What it takes to write the parts of a claim's status.</summary>
public sealed class ClaimStatusRightsPluginTests
{
    private const string Driver = "User \"system:serviceaccount:n:driver\" cannot ";

    [Theory]
    [InlineData("update binding@/", true)]
    [InlineData("patch binding@/", false)]
    [InlineData("update binding@n/", false)]
    public async Task What_is_given_needs_the_right_to_bind(string right, bool isAllowed)
    {
        var refusal = await RefusalAsync(right, new V1ResourceClaimStatus(), On("n1"));
        Assert.Equal(
            isAllowed
                ? null
                : "ResourceClaim.resource.k8s.io \"c\" is invalid: status: Forbidden: changing status.allocation or " +
                    "status.reservedFor requires resource=\"resourceclaims/binding\", verb=\"update\" permission: " +
                    $"resourceclaims.resource.k8s.io is forbidden: {Driver}update resource \"resourceclaims/binding\"" +
                    " in API group \"resource.k8s.io\" at the cluster scope",
            refusal);
    }

    [Theory]
    [InlineData("n1", "associated-node:update driver@n/d", true)]
    [InlineData("n1", "arbitrary-node:update driver@n/d", true)]
    [InlineData("n2", "associated-node:update driver@n/d", false)]
    [InlineData("n2", "arbitrary-node:update driver@n/d", true)]
    [InlineData("n2", "arbitrary-node:update driver@n/other", false)]
    public async Task The_state_of_devices_needs_a_right_for_their_driver(string node, string right, bool isAllowed)
    {
        var next = On(node);
        next.Devices = [new V1AllocatedDeviceStatus { Driver = "d", Pool = "p", Device = "x" }];
        var refusal = await RefusalAsync(right, On(node), next);
        Assert.Equal(
            isAllowed
                ? null
                : "ResourceClaim.resource.k8s.io \"c\" is invalid: status.devices: Forbidden: changing " +
                    "status.devices requires resource=\"resourceclaims/driver\", verb=\"[arbitrary-node:update]\" " +
                    $"permission: resourceclaims.resource.k8s.io \"d\" is forbidden: {Driver}arbitrary-node:update " +
                    "resource \"resourceclaims/driver\" in API group \"resource.k8s.io\" in the namespace \"n\"",
            refusal);
    }

    [Fact]
    public async Task What_stays_needs_no_right() => Assert.Null(await RefusalAsync("", On("n1"), On("n1")));

    [Theory]
    [InlineData("status", false, true)]
    [InlineData("status", true, false)]
    [InlineData("", false, false)]
    public void It_looks_at_what_others_write(string subresource, bool isInternal, bool looks) => Assert.Equal(
        looks,
        new ClaimStatusRightsPlugin(new AuthorizerChain([])).Handles(
            Write(On("n1"), On("n1"), subresource, isInternal)));

    private static async Task<string?> RefusalAsync(
        string right, V1ResourceClaimStatus old, V1ResourceClaimStatus next)
    {
        var plugin = new ClaimStatusRightsPlugin(new AuthorizerChain([new OneRight(right)]));
        return (await plugin.ValidateAsync(Write(old, next), CancellationToken.None))?.Message;
    }

    private static AdmissionAttributes Write(
        V1ResourceClaimStatus old, V1ResourceClaimStatus next, string subresource = "status",
        bool isInternal = false) => new()
    {
        Operation = AdmissionOperation.Update,
        Definition = BuiltInResources.Table.Find(WellKnown.ResourceClaims)!,
        Key = new ObjectKey("n", "c"),
        Subresource = subresource,
        Object = Claim(next),
        OldObject = Claim(old),
        User = new UserIdentity
        {
            Name = "system:serviceaccount:n:driver",
            Extra = new Dictionary<string, IReadOnlyList<string>>
            {
                ["authentication.kubernetes.io/node-name"] = ["n1"],
            },
        },
        Writing = isInternal ? WriteOptions.Internal : new WriteOptions(),
        Warnings = [],
    };

    private static Resourcev1ResourceClaim Claim(V1ResourceClaimStatus status) => new()
    {
        Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "n" }, Status = status,
    };

    private static V1ResourceClaimStatus On(string node) => new()
    {
        Allocation = new V1AllocationResult
        {
            NodeSelector = new V1NodeSelector
            {
                NodeSelectorTerms =
                [
                    new V1NodeSelectorTerm
                    {
                        MatchFields =
                        [
                            new V1NodeSelectorRequirement
                            {
                                Key = "metadata.name", OperatorProperty = "In", Values = [node],
                            },
                        ],
                    },
                ],
            },
        },
    };

    /// <summary>Allows <c>VERB SUBRESOURCE@NAMESPACE/NAME</c>.</summary>
    private sealed class OneRight(string right) : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) => new(
                $"{attributes.Verb} {attributes.Subresource}@{attributes.Namespace}/{attributes.Name}" == right
                    ? AuthorizationDecision.Allow
                    : AuthorizationDecision.NoOpinion());
    }
}
