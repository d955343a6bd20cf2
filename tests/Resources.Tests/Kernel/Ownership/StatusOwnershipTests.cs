using System.Text;
using OrleansOrchestrator.Resources.AdmissionRegistration.Policies;
using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Ownership;

/// <summary>Whose status is written without its metadata owns none of them by it.</summary>
public sealed class StatusOwnershipTests
{
    public static TheoryData<IResourceStrategy> Strategies => new()
    {
        new ApiServiceStrategy(),
        new ValidatingAdmissionPolicyStrategy(),
    };

    [Theory]
    [MemberData(nameof(Strategies), DisableDiscoveryEnumeration = true)]
    public void Labels_that_come_with_a_status_are_nobodys(IResourceStrategy strategy)
    {
        var changed = FieldsV1.Parse(Encoding.UTF8.GetBytes(
            """{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:x":{}},"f:status":{"f:y":{}}}"""))!;

        var owned = strategy.OwnableFields("status")!.Keep(changed);

        Assert.Equal("""{"f:status":{"f:y":{}}}""", Encoding.UTF8.GetString(FieldsV1.Of(owned).Json));
    }
}
