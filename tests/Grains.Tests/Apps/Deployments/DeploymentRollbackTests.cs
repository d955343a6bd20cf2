using k8s.Models;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.Deployments;

public sealed class DeploymentRollbackTests
{
    private const string To = "deprecated.deployment.rollback.to";

    private const string Unchanged = "The rollback revision contains the same template as current deployment \"web\"";

    private readonly World _world = new();

    [Theory]
    [InlineData("0", "demo:1", "3", "DeploymentRollback", "Rolled back deployment \"web\" to revision 1")]
    [InlineData("1", "demo:1", "3", "DeploymentRollback", "Rolled back deployment \"web\" to revision 1")]
    [InlineData("2", "demo:2", "2", "DeploymentRollbackTemplateUnchanged", Unchanged)]
    [InlineData(
        "7", "demo:2", "2", "DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.")]
    public async Task An_annotation_asks_for_a_rollback(
        string to, string image, string revision, string reason, string message)
    {
        _world.AddDeployment("web", 1);
        _world.Settle();
        _world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        _world.Settle();
        _world.Api.Change<V1Deployment>("default", "web", d => d.Metadata.Annotations[To] = to);
        _world.Settle();

        var deployment = _world.Api.Find<V1Deployment>("default", "web")!;
        Assert.DoesNotContain(To, deployment.Metadata.Annotations.Keys);
        Assert.Equal(revision, deployment.Metadata.Annotations[DeploymentAnnotations.Revision]);
        Assert.Equal(image, Assert.Single(_world.ActivePods()).Spec.Containers[0].Image);
        Assert.DoesNotContain("pod-template-hash", deployment.Spec.Template.Metadata.Labels.Keys);
        await _world.Events.FlushAsync(CancellationToken.None);
        var said = _world.Api.All<Corev1Event>().Single(
            e => e.Reason.StartsWith("DeploymentRollback", StringComparison.Ordinal));
        Assert.Equal((reason, message), (said.Reason, said.Message));
    }

    [Fact]
    public async Task Without_a_last_revision_there_is_no_rollback()
    {
        _world.AddDeployment("web", 1);
        _world.Settle();
        _world.Api.Change<V1Deployment>("default", "web", d => d.Metadata.Annotations[To] = "0");
        _world.Settle();
        await _world.Events.FlushAsync(CancellationToken.None);
        Assert.Contains(_world.Api.All<Corev1Event>(), e => e.Message == "Unable to find last revision.");
    }
}
