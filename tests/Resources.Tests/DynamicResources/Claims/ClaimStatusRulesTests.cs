using k8s.Models;
using OrleansOrchestrator.Resources.DynamicResources.Claims;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.DynamicResources.Claims;

public sealed class ClaimStatusRulesTests
{
    private const string NotNormal =
        "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal " +
        "characters";

    [Theory]
    [InlineData("", "error validating uid: invalid UUID length: 0")]
    [InlineData("d0f1a2b3-0000-4000-8000-0123456789ag", "error validating uid: invalid UUID format")]
    [InlineData("d0f1a2b3-0000-4000-8000-0123456789AB", NotNormal)]
    [InlineData("d0f1a2b3000040008000000123456789", NotNormal)]
    [InlineData("{d0f1a2b3-0000-4000-8000-0123456789ab}", NotNormal)]
    [InlineData("urn:uuid:d0f1a2b3-0000-4000-8000-0123456789ab", NotNormal)]
    [InlineData(
        "urn:uid::d0f1a2b3-0000-4000-8000-0123456789ab",
        "error validating uid: invalid urn prefix: \"urn:uid::\"")]
    [InlineData("d0f1a2b3-0000-4000-8000-0123456789ab", "")]
    public void AShareIsNamedByAUuid(string share, string finding)
    {
        var result = new V1DeviceRequestAllocationResult
        {
            Request = "r", Driver = "d.example.com", Pool = "p", Device = "x", ShareID = share,
        };
        var item = new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta { Name = "c" },
            Spec = new V1ResourceClaimSpec
            {
                Devices = new V1DeviceClaim { Requests = [new V1DeviceRequest { Name = "r" }] },
            },
            Status = new V1ResourceClaimStatus
            {
                Allocation = new V1AllocationResult { Devices = new V1DeviceAllocationResult { Results = [result] } },
            },
        };
        var old = new Resourcev1ResourceClaim
        {
            Metadata = item.Metadata, Spec = item.Spec, Status = new V1ResourceClaimStatus(),
        };
        var errors = new FieldErrors();
        ClaimStatusRules.Validate(item, old, errors);
        var message = errors.All.SingleOrDefault(static e => e.Field.EndsWith(".shareID", StringComparison.Ordinal));
        Assert.Equal(
            finding.Length == 0 ? null : $"Invalid value: {GoText.Quote(share)}: {finding}", message?.Message);
    }
}
