using k8s.Models;
using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiRegistration.ApiServices;

public sealed class ApiServiceStrategyTests
{
    [Theory]
    [InlineData("True", "Passed", "True")]
    [InlineData("False", "Missing", "False (Missing)")]
    [InlineData("False", null, "False")]
    public void Why_it_is_not_available_is_shown_where_it_is_known(string status, string? reason, string cell)
    {
        var item = new V1APIService
        {
            Metadata = new V1ObjectMeta { Name = "v1.a" },
            Spec = new V1APIServiceSpec(),
            Status = new V1APIServiceStatus
            {
                Conditions = [new() { Type = "Available", Status = status, Reason = reason }],
            },
        };

        Assert.Equal(cell, new ApiServiceStrategy().Cells(item, DateTimeOffset.UnixEpoch)[2]);
    }

    [Fact]
    public void A_name_to_be_generated_is_never_the_right_one() => Assert.Contains(
        "metadata.generateName: Invalid value: \"g-\": must be `spec.version+\".\"+spec.group`: \"v1.a.b\"",
        StrategyProbe.Create(
            "APIService", """{"metadata":{"generateName":"g-"},"spec":{"group":"a.b","version":"v1"}}"""));
}
