using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Clients.Tests;

/// <summary>
/// What kubectl says and does step by step, where the scenarios of <see cref="ClientsTests"/> do not go: refusals, dry
/// runs, edits, prunes, migrations, conflicts, pages and parts of objects. The steps are those by which upstream tests
/// its kubectl.
/// </summary>
[Collection(Clients.Name)]
public sealed class KubectlStepsTests(ClientsSilo silo)
{
    [Theory]
    [InlineData("apply")]
    [InlineData("looks")]
    [InlineData("nodes")]
    [InlineData("rights")]
    [InlineData("workloads")]
    [InlineData("write")]
    public async Task Kubectl_walks_each_step_as_the_file_says(string name)
    {
        Assert.SkipUnless(File.Exists(Tools.Kubectl), $"{Tools.Kubectl} is not installed");
        using var steps = new KubectlSteps(
            Tools.Kubectl, Repository.PathOf("tests", "Clients.Tests", "steps", $"{name}.txtar"), $"steps-{name}",
            silo.Environment["KUBECONFIG"]);
        await steps.WalkAsync();
    }
}
