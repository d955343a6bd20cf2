using OrleansOrchestrator.Resources.Apps.Deployments;
using OrleansOrchestrator.Resources.Apps.ReplicaSets;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Core.PodTemplates;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Recorded;

/// <summary>Strategies answer recorded requests as the reference server did.</summary>
public sealed class RecordedStrategyTests
{
    [Theory]
    [InlineData("validation/pod-spec")]
    [InlineData("validation/pod-container")]
    [InlineData("validation/pod-scheduling-misc")]
    [InlineData("validation/pod-update")]
    [InlineData("validation/pod-gated-update")]
    [InlineData("crud/core-pod")]
    [InlineData("lists/core-pod")]
    [InlineData("pods/binding")]
    [InlineData("pods/delete-grace")]
    [InlineData("pods/owner-references-and-generation")]
    [InlineData("admission/podsecurity-baseline")]
    [InlineData("admission/podsecurity-restricted")]
    public void Pods(string scenario) =>
        Check(
            new StrategyReplay<k8s.Models.V1Pod>(new PodStrategy(), "", "Pod", "pods"),
            scenario,
            r => r.Run(scenario),
            r => r.Differences,
            r => r.Checked);

    [Theory]
    [InlineData("validation/deployment")]
    [InlineData("lists/apps-deployment")]
    public void Deployments(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1Deployment>(new DeploymentStrategy(), "apps", "Deployment", "deployments"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/replicaset")]
    [InlineData("crud/apps-replicaset")]
    [InlineData("lists/apps-replicaset")]
    public void ReplicaSets(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1ReplicaSet>(new ReplicaSetStrategy(), "apps", "ReplicaSet", "replicasets"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/podtemplate")]
    [InlineData("crud/core-podtemplate")]
    [InlineData("lists/core-podtemplate")]
    public void PodTemplates(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1PodTemplate>(new PodTemplateStrategy(), "", "PodTemplate", "podtemplates"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    private static void Check<TReplay>(
        TReplay replay, string scenario, Action<TReplay> run, Func<TReplay, List<string>> differences, Func<TReplay, int> count)
    {
        Assert.SkipUnless(RecordedExchanges.Exist, $"No recorded exchanges beside the repository for {scenario}.");
        run(replay);
        Assert.True(count(replay) > 0, "Nothing was compared.");
        Assert.True(differences(replay).Count == 0, string.Join('\n', differences(replay)));
    }
}
