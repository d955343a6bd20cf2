using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

public sealed class PodSecuritySignificanceTests
{
    private const int Many = 60_000;

    [Theory]
    [InlineData("c", "i", false)]
    [InlineData("c", "other", true)]
    [InlineData("d", "i", true)]
    public void AnotherEphemeralContainerOrImageMatters(string name, string image, bool expected) =>
        Assert.Equal(expected, PodSecuritySignificance.IsSignificant(Pod((name, image)), Pod(("c", "i"))));

    [Fact]
    public void OneThatGoesDoesNot() => Assert.False(PodSecuritySignificance.IsSignificant(Pod(), Pod(("c", "i"))));

    /// <summary>Looking for each among all takes billions of looks.</summary>
    [Fact]
    public void ManyAreFoundByTheirNames()
    {
        var containers = Enumerable.Range(0, Many).Select(static i => ($"a-container-{i}", "i")).ToArray();
        var (pod, old) = (Pod(containers), Pod(containers));
        var started = TimeProvider.System.GetTimestamp();
        Assert.False(PodSecuritySignificance.IsSignificant(pod, old));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(3));
    }

    private static V1Pod Pod(params (string Name, string Image)[] containers) => new()
    {
        Metadata = new V1ObjectMeta(),
        Spec = new V1PodSpec
        {
            Containers = [],
            EphemeralContainers =
            [
                .. containers.Select(static c => new V1EphemeralContainer { Name = c.Name, Image = c.Image }),
            ],
        },
    };
}
