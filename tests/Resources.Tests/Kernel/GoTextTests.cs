using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class GoTextTests
{
    /// <summary>Messages quote the metadata of reviews, which say who owns what.</summary>
    [Fact]
    public void OwnersOfFieldsAreShownAsTheyAre()
    {
        var fields = """{"f:spec":{"f:user":{}}}""";
        var metadata = new V1ObjectMeta
        {
            Name = "a",
            ManagedFields =
            [
                new V1ManagedFieldsEntry { Manager = "m", FieldsV1 = FieldsV1.Of(Encoding.UTF8.GetBytes(fields)) },
            ],
        };

        Assert.Contains($"\"fieldsV1\":{fields}", GoText.Value(metadata), StringComparison.Ordinal);
    }
}
