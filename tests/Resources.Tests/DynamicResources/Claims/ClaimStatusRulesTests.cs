using k8s;
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

    [Theory]
    [InlineData("10.9.8.7", "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)")]
    [InlineData("010.9.8.7/24", "must be in canonical form (\"10.9.8.7/24\")")]
    [InlineData("::ffff:10.9.8.7/120", "must be in canonical form (\"10.9.8.7/24\")")]
    [InlineData("FD00::1/64", "must be in canonical form (\"fd00::1/64\")")]
    [InlineData("fd00::1/64", "")]
    public void AddressesOfDevicesAreInTheirUsualForm(string ip, string finding)
    {
        var errors = Check(
            Status("""[{"resource":"pods","name":"p","uid":"u"}]""", $$"""{"ips":["{{ip}}"]}"""), null, isDeleted: false);
        Assert.Equal(
            finding.Length == 0 ? [] : [$"status.devices[0].networkData.ips[0]: Invalid value: \"{ip}\": {finding}"],
            errors);
    }

    [Theory]
    [InlineData("p", true)]
    [InlineData("q", false)]
    public void NobodyComesToAClaimThatGoes(string name, bool isKnown)
    {
        var old = Status("""[{"resource":"pods","name":"p","uid":"u"}]""", "{}");
        var next = Status($$"""[{"resource":"pods","name":"{{name}}","uid":"u"}]""", "{}");
        Assert.Equal(
            isKnown
                ? []
                :
                [
                    "status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or " +
                    "`deletionTimestamp` are set",
                ],
            Check(next, old, isDeleted: true));
    }

    private static string Status(string reserved, string network) => $$$"""
        {"reservedFor":{{{reserved}}},
         "allocation":{"devices":{"results":[{"request":"r","driver":"d.example.com","pool":"p","device":"x"}]}},
         "devices":[{"driver":"d.example.com","pool":"p","device":"x","networkData":{{{network}}}}]}
        """;

    private static List<string> Check(string status, string? before, bool isDeleted)
    {
        V1ResourceClaimStatus Read(string? json) =>
            json is null ? new() : KubernetesJson.Deserialize<V1ResourceClaimStatus>(json);
        var item = new Resourcev1ResourceClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", DeletionTimestamp = isDeleted ? DateTime.UnixEpoch : null },
            Spec = new V1ResourceClaimSpec
            {
                Devices = new V1DeviceClaim { Requests = [new V1DeviceRequest { Name = "r" }] },
            },
            Status = Read(status),
        };
        var old = new Resourcev1ResourceClaim { Metadata = item.Metadata, Spec = item.Spec, Status = Read(before) };
        var errors = new FieldErrors();
        ClaimStatusRules.Validate(item, old, errors);
        return [.. errors.All.Select(static e => $"{e.Field}: {e.Message}")];
    }
}
