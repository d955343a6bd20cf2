using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.Deployments;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.Deployments;

public sealed class DeploymentReconcilerTests
{
    private static readonly string[] Surges = ["0", "1", "3", "25%", "50%", "100%"];
    private static readonly string[] Unavailables = ["0", "1", "2", "25%", "50%"];

    [Fact]
    public async Task A_new_deployment_completes()
    {
        var world = new World();
        world.AddDeployment("web", 3);
        world.Settle();
        var set = Assert.Single(world.Api.All<V1ReplicaSet>());
        Assert.Matches("^web-[bcdfghjklmnpqrstvwxz2456789]{1,10}$", set.Metadata.Name);
        Assert.Equal(set.Metadata.Name["web-".Length..], set.Spec.Selector.MatchLabels["pod-template-hash"]);
        Assert.Equal("1", set.Metadata.Annotations[DeploymentAnnotations.Revision]);
        Assert.Equal("3", set.Metadata.Annotations[DeploymentAnnotations.DesiredReplicas]);
        Assert.Equal("4", set.Metadata.Annotations[DeploymentAnnotations.MaxReplicas]);
        var deployment = world.Api.Find<V1Deployment>("default", "web")!;
        Assert.Equal("1", deployment.Metadata.Annotations[DeploymentAnnotations.Revision]);
        Assert.Equal((3, 3, 3, 3), (deployment.Status.Replicas, deployment.Status.UpdatedReplicas, deployment.Status.ReadyReplicas, deployment.Status.AvailableReplicas));
        Assert.Null(deployment.Status.UnavailableReplicas);
        var progressing = deployment.Status.Conditions.Single(c => c.Type == "Progressing");
        Assert.Equal("NewReplicaSetAvailable", progressing.Reason);
        Assert.Equal($"ReplicaSet \"{set.Metadata.Name}\" has successfully progressed.", progressing.Message);
        Assert.Equal(
            "MinimumReplicasAvailable", deployment.Status.Conditions.Single(c => c.Type == "Available").Reason);
        await world.Events.FlushAsync(CancellationToken.None);
        Assert.Contains(
            world.Api.All<Corev1Event>(),
            e => e.Reason == "ScalingReplicaSet" && e.Message == $"Scaled up replica set {set.Metadata.Name} from 0 to 3");
    }

    [Fact]
    public void A_new_template_rolls_out_and_undo_rolls_back()
    {
        var world = new World();
        world.AddDeployment("web", 4);
        world.Settle();
        var first = world.Api.All<V1ReplicaSet>().Single();
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        world.Settle();
        var sets = world.Api.All<V1ReplicaSet>();
        Assert.Equal(2, sets.Count);
        Assert.Equal(0, sets.Single(s => s.Metadata.Uid == first.Metadata.Uid).Spec.Replicas);
        Assert.All(world.ActivePods(), p => Assert.Equal("demo:2", p.Spec.Containers[0].Image));
        Assert.Equal(
            "2", world.Api.Find<V1Deployment>("default", "web")!.Metadata.Annotations[DeploymentAnnotations.Revision]);

        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:1");
        world.Settle();
        var back = world.Api.Find<V1ReplicaSet>("default", first.Metadata.Name)!;
        Assert.Equal(4, back.Spec.Replicas);
        Assert.Equal("3", back.Metadata.Annotations[DeploymentAnnotations.Revision]);
        Assert.Equal("1", back.Metadata.Annotations[DeploymentAnnotations.RevisionHistory]);
        Assert.Equal(2, world.Api.All<V1ReplicaSet>().Count);
    }

    [Fact]
    public void Recreate_waits_for_the_old_pods_to_be_gone()
    {
        var world = new World();
        world.AddDeployment("web", 2);
        world.Api.Change<V1Deployment>(
            "default", "web", d => d.Spec.Strategy = new V1DeploymentStrategy { Type = "Recreate" });
        world.Settle();
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        for (var i = 0; i < 5; i++)
        {
            world.Step<V1Deployment>("web");
            world.Api.All<V1ReplicaSet>().ToList().ForEach(s => world.Step<V1ReplicaSet>(s.Metadata.Name));
        }

        Assert.All(world.Api.All<V1Pod>(), p => Assert.NotNull(p.Metadata.DeletionTimestamp));
        Assert.Single(world.Api.All<V1ReplicaSet>());
        world.Settle();
        Assert.Equal(2, world.ActivePods().Count(p => p.Spec.Containers[0].Image == "demo:2"));
    }

    [Fact]
    public void A_paused_deployment_scales_but_does_not_roll_out()
    {
        var world = new World();
        world.AddDeployment("web", 2);
        world.Settle();
        world.Api.Change<V1Deployment>("default", "web", d =>
        {
            d.Spec.Paused = true;
            d.Spec.Replicas = 5;
            d.Spec.Template.Spec.Containers[0].Image = "demo:2";
        });
        world.Settle();
        Assert.Equal(5, world.ActivePods().Count(p => p.Spec.Containers[0].Image == "demo:1"));
        var progressing =
            world.Api.Find<V1Deployment>("default", "web")!.Status.Conditions.Single(c => c.Type == "Progressing");
        Assert.Equal(
            ("Unknown", "DeploymentPaused", "Deployment is paused"),
            (progressing.Status, progressing.Reason, progressing.Message));
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Paused = false);
        world.Settle();
        Assert.Equal(5, world.ActivePods().Count(p => p.Spec.Containers[0].Image == "demo:2"));
    }

    [Fact]
    public void A_rollout_without_progress_misses_its_deadline()
    {
        var world = new World();
        world.AddDeployment("web", 3);
        world.Settle();
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "broken");
        world.Settle(withKubelet: false);
        Assert.InRange(
            world.Step<V1Deployment>("web").After!.Value, TimeSpan.FromSeconds(599), TimeSpan.FromSeconds(602));
        world.Time.Advance(TimeSpan.FromSeconds(602));
        world.Settle(withKubelet: false);
        var progressing =
            world.Api.Find<V1Deployment>("default", "web")!.Status.Conditions.Single(c => c.Type == "Progressing");
        Assert.Equal(("False", "ProgressDeadlineExceeded"), (progressing.Status, progressing.Reason));
        Assert.EndsWith("has timed out progressing.", progressing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Old_sets_beyond_the_history_limit_go()
    {
        var world = new World();
        world.AddDeployment("web", 1);
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.RevisionHistoryLimit = 2);
        for (var i = 0; i < 6; i++)
        {
            world.Api.Change<V1Deployment>(
                "default", "web", d => d.Spec.Template.Spec.Containers[0].Image = $"demo:{i}");
            world.Settle();
        }

        Assert.Equal(3, world.Api.All<V1ReplicaSet>().Count);
        Assert.Equal(
            ["4", "5", "6"], world.Api.All<V1ReplicaSet>().Select(s => s.Metadata.Annotations[DeploymentAnnotations.Revision]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("1", 2)]
    public void A_paused_deployment_keeps_the_sets_that_a_rollback_may_want(string? rollback, int sets)
    {
        var world = new World();
        world.AddDeployment("web", 1);
        world.Settle();
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        world.Settle();
        world.Api.Change<V1Deployment>("default", "web", d =>
        {
            d.Spec.Paused = true;
            d.Spec.RevisionHistoryLimit = 0;
            if (rollback is not null)
            {
                d.Metadata.Annotations[DeploymentAnnotations.RollbackTo] = rollback;
            }
        });
        world.Settle();
        Assert.Equal(sets, world.Api.All<V1ReplicaSet>().Count);
    }

    [Fact]
    public void A_taken_name_leads_to_another()
    {
        var world = new World();
        var deployment = world.AddDeployment("web", 1);
        var hash = PodTemplates.Hash(PodTemplates.Canonical(deployment.Spec.Template), null);
        world.AddReplicaSet($"web-{hash}", 0);
        world.Settle();
        Assert.Equal(1, world.Api.Find<V1Deployment>("default", "web")!.Status.CollisionCount);
        Assert.Single(world.ActivePods());
    }

    [Fact]
    public void Scaling_during_a_rollout_keeps_the_shares()
    {
        var world = new World();
        world.AddDeployment("web", 10, surge: "3", unavailable: "2");
        world.Settle();
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Template.Spec.Containers[0].Image = "demo:2");
        world.Settle(withKubelet: false);
        Assert.Equal([5, 8], world.Api.All<V1ReplicaSet>().Select(s => s.Spec.Replicas!.Value).Order());
        world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Replicas = 20);
        world.Step<V1Deployment>("web");
        // 23 in all: 8 × 23/13 = 14.15 → 14, 5 × 23/13 = 8.8 → 9.
        Assert.Equal([9, 14], world.Api.All<V1ReplicaSet>().Select(s => s.Spec.Replicas!.Value).Order());
    }

    [Fact]
    public void A_size_that_a_rollout_has_reached_already_does_not_keep_the_next_one_from_beginning()
    {
        var world = new World();
        world.AddDeployment("web", 5);
        world.Settle();
        var first = world.Api.All<V1ReplicaSet>().Single();
        world.Api.Change<V1ReplicaSet>("default", first.Metadata.Name, s => s.Spec.Replicas = 4);
        world.Api.Change<V1Deployment>("default", "web", d =>
        {
            d.Spec.Replicas = 4;
            d.Spec.Template.Spec.Containers[0].Image = "demo:2";
        });
        world.Settle();
        Assert.Equal(4, world.ActivePods().Count);
        Assert.All(world.ActivePods(), p => Assert.Equal("demo:2", p.Spec.Containers[0].Image));
    }

    [Fact]
    public void The_order_of_keys_does_not_make_another_template()
    {
        var one = World.Template("web");
        var two = World.Template("web");
        one.Metadata.Labels = new Dictionary<string, string> { ["app"] = "web", ["tier"] = "a" };
        two.Metadata.Labels =
            new Dictionary<string, string> { ["tier"] = "a", ["pod-template-hash"] = "x", ["app"] = "web" };
        Assert.Equal(PodTemplates.Canonical(one), PodTemplates.Canonical(two));
    }

    /// <summary>
    /// Users, Deployment, ReplicaSets and pods act in random order, so everybody sees stale counts. Held against a
    /// model that only counts: the sizes never add up to more than replicas + surge by a step of a rollout, pods that
    /// serve never fall below the minimum by one, and when everybody is let run, the world is as asked and at rest.
    /// </summary>
    [Fact]
    public void A_rollout_keeps_its_bounds_and_converges() => Gen.Select(
        Gen.Int[1, 12],
        Gen.Int[0, 5].Select(i => Surges[i]),
        Gen.Int[0, 4].Select(i => Unavailables[i]),
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 99]).Array[5, 60]).Check(Explore, cases: 150);

    private static void Explore(int replicas, string surge, string unavailable, (int Kind, int Pick)[] actions)
    {
        var world = new World();
        world.AddDeployment("web", replicas, surge, unavailable);
        world.Settle();
        foreach (var (kind, pick) in actions)
        {
            Act(world, kind, pick);
        }

        foreach (var pod in world.ActivePods())
        {
            world.SetReady(pod.Metadata.Name, true);
        }

        world.Settle();
        var deployment = world.Api.Find<V1Deployment>("default", "web")!;
        Assert.Equal(deployment.Spec.Replicas, world.ActivePods().Count);
        Assert.All(
            world.ActivePods(),
            p => Assert.Equal(deployment.Spec.Template.Spec.Containers[0].Image, p.Spec.Containers[0].Image));
        var before = world.Api.Writes;
        world.LoseActivations();
        world.Step<V1Deployment>("web");
        Assert.Equal(before, world.Api.Writes);
    }

    private static void Act(World world, int kind, int pick)
    {
        var sets = world.Api.All<V1ReplicaSet>();
        var pods = world.ActivePods();
        switch (kind)
        {
            case 0 when pick < 40:
                world.Api.Change<V1Deployment>(
                    "default", "web", d => d.Spec.Template.Spec.Containers[0].Image = $"demo:{pick % 4}");
                break;
            case 1 when pick < 20:
                world.Api.Change<V1Deployment>("default", "web", d => d.Spec.Replicas = pick % 13);
                break;
            case 2 or 3 or 4:
                StepDeployment(world);
                break;
            case 5 or 6 when sets.Count > 0:
                world.Step<V1ReplicaSet>(sets[pick % sets.Count].Metadata.Name);
                break;
            case 7 when pods.Count > 0:
                world.SetReady(pods[pick % pods.Count].Metadata.Name, pick % 5 != 0);
                break;
            case 8:
                world.RunKubelets();
                break;
            case 9 when pods.Count > 0 && pick < 30:
                world.Api.Delete<V1Pod>("default", pods[pick % pods.Count].Metadata.Name);
                break;
        }
    }

    private static void StepDeployment(World world)
    {
        var deployment = world.Api.Find<V1Deployment>("default", "web")!;
        var bounds = RolloutBounds.Of(deployment);
        var before = Sizes(world);
        var isScaling = before.Values.Any(s => s.Size > 0 && s.Desired != bounds.Replicas);
        world.Step<V1Deployment>("web");
        var after = Sizes(world);
        Assert.True(
            after.Values.Sum(s => s.Size) <= Math.Max(before.Values.Sum(s => s.Size), bounds.MaxTotal), "above the surge");
        if (!isScaling)
        {
            // What serves once the ReplicaSets have followed: unready pods go first.
            int Serving(Dictionary<string, (int Size, int Ready, int Desired)> sizes) =>
                sizes.Values.Sum(s => Math.Min(s.Size, s.Ready));
            Assert.True(Serving(after) >= Math.Min(Serving(before), bounds.MinAvailable), "below the minimum");
        }
    }

    /// <summary>
    /// By ReplicaSet: its size, how many of its pods it reports available, and the size of the Deployment when it was
    /// sized.
    /// </summary>
    private static Dictionary<string, (int Size, int Ready, int Desired)> Sizes(World world) =>
        world.Api.All<V1ReplicaSet>().ToDictionary(s => s.Metadata.Name, s => (
            s.Spec.Replicas ?? 0,
            s.Status?.AvailableReplicas ?? 0,
            int.Parse(s.Metadata.Annotations[DeploymentAnnotations.DesiredReplicas], System.Globalization.CultureInfo.InvariantCulture)));
}
